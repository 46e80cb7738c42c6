"""``Application.find_handler``, and what tornkit's server calls in its place."""

from __future__ import annotations

from typing import Any

from timing import arguments, measure, places, tell
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application, RequestHandler

from tornkit.engine import speedups
from tornkit.engine.routers import Compiled

PATTERNS = {
    "thing": (r"/api/v1/thing%d/(\d+)", "/api/v1/thing%d/12"),
    "page": (r"/page%d", "/page%d"),
    "variable": (r"/(\w+)/thing%d", "/word/thing%d"),
}


def request(path: str) -> HTTPServerRequest:
    connection: Any = object()
    return HTTPServerRequest(
        start_line=RequestStartLine("GET", path, "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "localhost:8888"}),
        connection=connection,
    )


def main() -> None:
    speedups.install()  # as `tornkit serve` does
    case, sizes = arguments()
    pattern, path = PATTERNS[case]
    for size in sizes:
        classes = [type(f"Handler{number}", (RequestHandler,), {}) for number in range(size)]
        application = Application([(pattern % n, classes[n]) for n in range(size)])
        compiled = Compiled()
        for place, number in places(size).items():
            asked = request(path % number)
            delegate: Any = compiled.find_handler(application, asked)
            if delegate.handler_class is not classes[number]:
                raise RuntimeError(f"{delegate.handler_class} for {asked.path}")
            figures = measure(
                tornado=lambda: application.find_handler(asked),  # noqa: B023
                tornkit=lambda: compiled.find_handler(application, asked),  # noqa: B023
            )
            tell(size, place, figures)


main()
