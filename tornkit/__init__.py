"""tornkit: a command-line dev server and routing toolkit for Tornado.

`tornkit.HTTPServer` takes the place of `tornado.httpserver.HTTPServer`, with or without the
command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tornkit.engine.server import HTTPServer

__all__ = ["HTTPServer", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import ``HTTPServer`` when it is first asked for: importing tornkit imports no Tornado."""
    if name != "HTTPServer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tornkit.engine.server import HTTPServer

    return HTTPServer
