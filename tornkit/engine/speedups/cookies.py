"""``RequestHandler.get_cookie``: the cookies of lines that come again are parsed once.

Tornado makes a `Morsel` of each cookie of each request: 15 microseconds for three of them, which
``get_signed_cookie`` and the check of an XSRF token wait for. Here the first request with some
header lines (`tornkit.engine.headers.Lines`) has its cookies made as ever, and their values are
kept with the lines. A handler that has looked at ``request.cookies`` may have changed them, and is
given what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornkit.engine.fidelity import replaced
from tornkit.engine.headers import LazyHeaders
from tornkit.engine.request import LazyRequest

if TYPE_CHECKING:
    from tornado.web import RequestHandler


own: Any = None
"""Tornado's own; set by `install`."""


def get_cookie(self: RequestHandler, name: str, default: str | None = None) -> str | None:
    """Returns the value of the request cookie with the given name."""
    request = self.request
    if (
        type(request) is LazyRequest
        and "_cookies" not in request.__dict__
        and type(request.headers) is LazyHeaders
        and (lines := request.headers.lines) is not None
        and not replaced.aside
    ):
        values = lines.cookies
        if values is None:
            values = {key: morsel.value for key, morsel in request.cookies.items()}
            lines.cookies = values
        else:
            request.cookie_lines = lines
        return values.get(name, default)
    value: str | None = own(self, name, default)
    return value
