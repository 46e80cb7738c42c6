"""Puts the engine's protocol where Tornado's is made: `WebSocketHandler.get_websocket_protocol`.

Only where Tornado is as it was when this was written (`tornkit.engine.fidelity.texts`). A Tornado
that reads a frame by other rules reads it by its own. Handlers that override
``get_websocket_protocol``, and clients, have Tornado's protocol as ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tornado.websocket import WebSocketHandler, WebSocketProtocol, WebSocketProtocol13

from tornkit.engine.fidelity import replaced, texts
from tornkit.engine.websocket.protocol import EngineProtocol

_log = logging.getLogger("tornkit")

_theirs: Callable[[WebSocketHandler], WebSocketProtocol | None] = (
    WebSocketHandler.get_websocket_protocol
)


def get_websocket_protocol(self: WebSocketHandler) -> WebSocketProtocol | None:
    """Return the engine's protocol where Tornado gives its own, with the parameters of that."""
    protocol = _theirs(self)
    replaced.is_aside(asyncio.get_running_loop())
    if type(protocol) is WebSocketProtocol13 and not replaced.websockets_aside:
        return EngineProtocol(protocol.handler, protocol.mask_outgoing, protocol.params)
    return protocol


def is_installed() -> bool:
    """Whether new WebSockets of this process are the engine's."""
    return WebSocketHandler.get_websocket_protocol is get_websocket_protocol


def unknown() -> list[str]:
    """Names of the methods of Tornado's that are not as they were, as "Class.method"."""
    return [name.partition(":")[2] for name in texts.unknown(texts.WEBSOCKETS)]


def install() -> bool:
    """Serve this process's WebSockets by the engine, from the next handshake on.

    Return whether that is so afterwards: where Tornado, or the program, has another
    ``get_websocket_protocol``, or reads and writes frames otherwise, nothing is changed.
    """
    if is_installed():
        return True
    strange = unknown()
    if WebSocketHandler.get_websocket_protocol is not _theirs:
        strange.append("WebSocketHandler.get_websocket_protocol")
    if strange:
        _log.info("WebSockets are served by Tornado's own code: unknown %s", ", ".join(strange))
        return False
    WebSocketHandler.get_websocket_protocol = get_websocket_protocol  # type: ignore[method-assign]
    return True


def uninstall() -> None:
    """Serve WebSockets that open from now on by Tornado's code. Open ones stay as they are."""
    if is_installed():
        WebSocketHandler.get_websocket_protocol = _theirs  # type: ignore[method-assign, assignment]
