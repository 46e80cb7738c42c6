"""Handlers that do most of what there is to do, and note what is called of them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders
from tornado.web import (
    Application,
    HTTPError,
    OutputTransform,
    RequestHandler,
)

from tests.clients.asynchronous import Client
from tests.engine.speedups.watching import Note

Handler = type[RequestHandler]


def one(handler: Handler, **settings: Any) -> Application:
    return Application([("/([^/]*)", handler)], **settings)


METHODS = [
    "__init__",
    "_break_cycles",
    "_clear_representation_headers",
    "_convert_header_value",
    "_execute",
    "_log",
    "_should_not_send_content",
    "add_header",
    "check_etag_header",
    "check_xsrf_cookie",
    "clear",
    "clear_header",
    "compute_etag",
    "decode_argument",
    "detach",
    "finish",
    "flush",
    "get",
    "get_status",
    "initialize",
    "log_exception",
    "on_connection_close",
    "on_finish",
    "prepare",
    "send_error",
    "set_cookie",
    "set_default_headers",
    "set_etag_header",
    "set_header",
    "set_status",
    "write",
    "write_error",
    "_handle_request_exception",
    "_cross_origin_protection",
    "_request_summary",
    "_ui_method",
    "get_argument",
]
METHODS = [name for name in METHODS if name == "get" or hasattr(RequestHandler, name)]


# Those whose work the speedups do themselves, and one that they call.
FEW = ("__init__", "_execute", "_log", "clear", "compute_etag", "finish", "flush", "set_header")


def each(names: Iterable[str], few: Collection[str] = FEW) -> list[Any]:
    """Parameters for a test: ``few`` of them, and the others where there is time."""
    return [
        name if name in few else pytest.param(name, marks=pytest.mark.thorough) for name in names
    ]


class Busy(RequestHandler):
    """Goes through most of what there is."""

    def get(self, what: str) -> None:
        if what == "cookie":
            self.set_cookie("a", "b")
        if what == "json":
            self.write({"a": "</b>"})
            return
        if what == "fail":
            raise HTTPError(418, reason="Pot")
        if what == "nothing":
            self.set_status(204)
            return
        if what == "finish":
            self.finish({"a": 1})
            return
        if what == "chunks":
            self.write("a")
            self.flush()
            self.finish(b"b")
            return
        self.add_header("X-A", "1")
        self.add_header("X-A", "2")
        self.set_header("X-B", 3)
        self.clear_header("X-C")
        self.write("hello " + what + str(self.get_argument("q", "")))

    def post(self, what: str) -> None:
        self.write(self.request.body)


async def visit(client: Client, note: Note) -> None:
    for what in ("", "cookie", "json", "fail", "nothing", "finish", "chunks", "b%20c?q=1"):
        note(await client.request(f"/{what}"))
    etag = (await client.request("/")).headers["Etag"]
    note(await client.request("/", f"If-None-Match: {etag}"))
    note(await client.request("/", 'If-None-Match: W/"other"'))
    await client.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    note(await client.read_response("HEAD"))
    await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    note(await client.read_response())
    await client.send(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n")
    note(await client.read_response())
    await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    note(await client.read_response())


def noting(base: Handler, name: str, note: Note) -> Any:
    """``base``'s method, that notes when it is called and with what."""
    own = getattr(base, name)

    @functools.wraps(own)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        shown = "" if name in ("__init__", "_execute", "log_exception") else repr(args)[:100]
        note(name, shown, sorted(kwargs))
        return own(self, *args, **kwargs)

    return method


class Doubling(OutputTransform):
    def __init__(self, request: Any) -> None:
        pass

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        if "Content-Length" in headers:
            headers["Content-Length"] = str(2 * len(chunk))
        headers["X-Doubled"] = str(finishing)
        return status_code, headers, chunk * 2

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        return chunk * 2
