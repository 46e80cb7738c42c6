"""Requests as a server would make them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine


def request(
    *,
    host: str = "localhost:8888",
    address: Any = ("127.0.0.1", 50000),
    headers: dict[str, str] | None = None,
) -> HTTPServerRequest:
    """A GET with these headers, from a client at this address."""
    context = SimpleNamespace(address=address, remote_ip="127.0.0.1", protocol="http")
    connection: Any = SimpleNamespace(context=context)
    made = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/", "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "localhost", **(headers or {})}),
        connection=connection,
    )
    made.host = host
    return made
