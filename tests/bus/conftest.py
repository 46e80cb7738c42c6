from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from tornado.httpserver import HTTPServer

from tests.bus.backends import BACKENDS, MISSING, Backend, backend
from tests.bus.rooms import OPEN
from tornkit.bus.home import home
from tornkit.bus_limits import BusLimits
from tornkit.engine import websocket
from tornkit.engine.server import HTTPServer as EngineServer

Play = Callable[..., Any]


@pytest.fixture(params=list(BACKENDS))
def play(request: pytest.FixtureRequest) -> Play:
    """Run ``test(backend)``, a coroutine function, with a backend of these limits."""
    if why := MISSING.get(request.param):
        pytest.skip(why)

    def run(test: Callable[[Backend], Awaitable[Any]], **limits: Any) -> Any:
        async def main() -> Any:
            async with backend(request.param, BusLimits(**limits)) as made:
                return await asyncio.wait_for(test(made), 20)

        return asyncio.run(main())

    return run


@pytest.fixture
def own_broker(server_class: type[HTTPServer]) -> Iterator[None]:
    """A broker for one test; tornkit's server has its own WebSockets."""
    home.forget()
    if server_class is EngineServer:
        websocket.install()
    yield
    websocket.uninstall()
    home.forget()
    OPEN.clear()
