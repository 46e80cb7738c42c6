"""The board's own static files.

Shown here: a ``static_handler_class`` that overrides ``get_content_type``. Tornado guesses types
from tables that differ between machines; a script that is served as text/plain on one of them is
not run there, because the browser has been told not to guess (nosniff).
"""

from __future__ import annotations

from pathlib import Path

from tornado.web import StaticFileHandler

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".ico": "image/x-icon",
}


class Static(StaticFileHandler):
    def get_content_type(self) -> str:
        return TYPES.get(Path(self.path).suffix) or super().get_content_type()

    def set_extra_headers(self, path: str) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
