"""Tools for tests of Tornado applications; fixtures of `tornkit.pytest_plugin` give them out.

- `tornkit.testing.loop_thread`: the event loop, in a thread of its own, that an application has
- `tornkit.testing.application`: finds and makes the application of a project
- `tornkit.testing.server`: serves it on a real socket with tornkit's engine; `settings` says how
- `tornkit.testing.client`, `async_client`: requests as a browser makes them; `visitor` has their
  cookies and XSRF tokens, `transport` their way to the server
- `tornkit.testing.websocket`: WebSockets of a client
- `tornkit.testing.live`: a real `tornkit serve` with its workers
- `tornkit.testing.route_check`, `reached`: findings in routes, and routes that no test reached
- `tornkit.testing.fixtures`: the fixtures

Importing this package imports none of them: pytest loads the plugin in each of its runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tornkit.testing.async_client import AsyncClient
    from tornkit.testing.client import Client
    from tornkit.testing.live import LiveServer, LiveServers
    from tornkit.testing.loop_thread import LoopThread
    from tornkit.testing.websocket import (
        AsyncWebSocket,
        WebSocket,
        WebSocketEnded,
        WebSocketRefused,
    )

__all__ = [
    "AsyncClient",
    "AsyncWebSocket",
    "Client",
    "LiveServer",
    "LiveServers",
    "LoopThread",
    "WebSocket",
    "WebSocketEnded",
    "WebSocketRefused",
]

_MODULES = {
    "AsyncClient": "async_client",
    "Client": "client",
    "LiveServer": "live",
    "LiveServers": "live",
    "LoopThread": "loop_thread",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'websocket')}"), name)
