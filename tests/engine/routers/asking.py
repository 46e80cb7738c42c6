"""Asks a router, and tells all of what it found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.routing import Router

from tornkit.engine.routers import Compiled


def made(
    path: str, host: str = "a.com", proxied: bool = False, server_connection: object = None
) -> HTTPServerRequest:
    headers = HTTPHeaders({"Host": host} | ({"X-Real-Ip": "10.0.0.1"} if proxied else {}))
    connection: Any = object()
    request = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/", "HTTP/1.1"),
        headers=headers,
        connection=connection,
        server_connection=server_connection,
    )
    request.path = path  # whatever it is: no client could send some of them
    return request


def told(delegate: Any) -> Any:
    """What was found, and everything that it was given."""
    if delegate is None:
        return None
    if hasattr(delegate, "handler_class"):
        return (
            delegate.handler_class.__name__,
            *(delegate.path_args, delegate.path_kwargs, delegate.handler_kwargs),
            delegate.stream_request_body,
        )
    if hasattr(delegate, "started_by"):
        return delegate.started_by
    callback = delegate.request_callback
    return callback.func.__qualname__, callback.args, callback.keywords


def outcome(find: Callable[[HTTPServerRequest], object], request: HTTPServerRequest) -> Any:
    """What was found, or raised; and what became of the request's path."""
    try:
        return told(find(request)), request.path
    except Exception as error:  # noqa: BLE001 - which one is compared
        return type(error), str(error), request.path


def both(stand_in: Compiled, router: Router, path: str, host: str = "a.com") -> Any:
    """What Tornado finds, after it was seen that the compiled router finds the same."""
    expected = outcome(router.find_handler, made(path, host))
    found = outcome(lambda request: stand_in.find_handler(router, request), made(path, host))
    assert found == expected
    return expected[0]


def calls_of(code: CodeType, action: Callable[[], object]) -> int:
    """How often the action calls the function with this code."""
    calls = 0

    def watch(frame: Any, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code is code

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        action()
    finally:
        sys.setprofile(before)
    return calls
