"""Closes a process's WebSockets when it drains, also those that open meanwhile.

Told of each by `tornkit.seams.observe_websockets`. Until one is closed it is served as ever: its
messages are answered by the old code, which is all that it could be connected to.

One whose handshake is not done, because it waits in ``prepare()``, has nothing to be closed with
yet: it opens, and is closed right behind, so that its client sees the code as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from weakref import WeakSet

from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketHandler

_log = logging.getLogger("tornkit")


class WebSockets:
    """Every open WebSocket that this process serves."""

    def __init__(self) -> None:
        self._handlers: WeakSet[WebSocketHandler] = WeakSet()
        self._code: int | None = None  # with which they are closed, once they are

    def opening(self, handler: WebSocketHandler) -> None:
        """Note a WebSocket whose handshake is done; its `open` is called next, in this turn."""
        self._handlers.add(handler)
        if self._code is not None:
            IOLoop.current().add_callback(self._close, handler, self._code)

    def close_all(self, code: int, moments: Callable[[int], Sequence[float]]) -> None:
        """Close all with ``code`` (RFC 6455, section 7.4.1), and from now on any that opens.

        ``moments``: for a number of WebSockets, in how many seconds each is closed; 0 is now.
        """
        self._code = code
        still_open = [each for each in self._handlers if each.ws_connection is not None]
        for handler, moment in zip(still_open, moments(len(still_open)), strict=True):
            if moment > 0:
                IOLoop.current().call_later(moment, self._close, handler, code)
            else:
                self._close(handler, code)

    def _close(self, handler: WebSocketHandler, code: int) -> None:
        """Close a WebSocket; does nothing where it has been closed meanwhile."""
        try:
            handler.close(code)
        except Exception:  # noqa: BLE001 - the user's own close(); the other sockets still close
            _log.exception("closing a WebSocket failed")
