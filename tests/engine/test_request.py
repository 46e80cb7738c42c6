"""A request whose parts are made when they are read has the same parts, and the same errors."""

from __future__ import annotations

import copy
import logging
import random
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tornado import httputil
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPServerRequest,
    RequestStartLine,
)
from tornado.web import Application, RequestHandler

from tests.engine.serving import EITHER, ServerClass, serving
from tests.engine.tornados import LIMITED_QUERIES
from tornkit.engine import request as engine_request
from tornkit.engine.headers import LazyHeaders, Lines
from tornkit.engine.request import LazyRequest

CONNECTION: Any = SimpleNamespace(
    context=SimpleNamespace(remote_ip="10.0.0.1", protocol="https"),
    stream=SimpleNamespace(socket=SimpleNamespace(getpeercert=lambda binary_form: binary_form)),
)
OTHER = object()


def tornado_s(target: str, lines: str = "Host: x\r\n") -> HTTPServerRequest:
    return HTTPServerRequest(
        connection=CONNECTION,
        server_connection=OTHER,
        start_line=RequestStartLine("GET", target, "HTTP/1.1"),
        headers=HTTPHeaders.parse(lines),
    )


def lazy(target: str, lines: str = "Host: x\r\n") -> HTTPServerRequest:
    start_line = RequestStartLine("GET", target, "HTTP/1.1")
    return LazyRequest(CONNECTION, OTHER, start_line, LazyHeaders(Lines(lines.encode("latin1"))))


TARGETS = [
    "/", "/a", "*", "http://h/p?q=1", "/?", "/??", "/a?b=c", "/?b", "/?b=", "/?=c",
    "/?b=1&b=2&b=", "/?b=1;c=2", "/?b=%20%e2%9c%93&c=+", "/?\xe9=\xe8", "/?b=%", "/?b=%zz",
    "/?&&&", "/?a=1&&b=2", "//x/y", "/a#b?c=d", "/%2e?x[]=1&x[]=2",
]  # fmt: skip
HEADERS = [
    "", "Cookie: a=b; c=d", "Cookie: a=b\r\nCookie: c=d", 'Cookie: a="b\\073c"; =x; y; a b=c',
    "Cookie: ", "Cookie: bad[]=1; good=2", "X-Y: z",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Type: multipart/form-data; boundary=b",
]  # fmt: skip
HOSTS = [
    "x", "X", "x:80", "X:", "", "[::1]:80", "1.2.3.4", "a%41", "x_y", "x.", "user",
    "a!$'()*+;=~",
]  # fmt: skip
BODIES = [
    b"", b"a=1&b=2&a=3", b"\xff=\xfe",
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\ndata\r\n--b--\r\n',
]  # fmt: skip


def attributes(request: HTTPServerRequest) -> dict[str, Callable[[], Any]]:
    """Everything that one reads of a request."""

    def parsed(body: bytes) -> Any:
        request.body = body
        request._parse_body()
        return request.arguments, request.query_arguments, request.body_arguments, request.files

    return {
        "method": lambda: request.method,
        "uri": lambda: request.uri,
        "version": lambda: request.version,
        "path": lambda: request.path,
        "query": lambda: request.query,
        "headers": lambda: list(request.headers.get_all()),
        "body": lambda: request.body,
        "host": lambda: request.host,
        "host_name": lambda: request.host_name,
        "remote_ip": lambda: request.remote_ip,
        "protocol": lambda: request.protocol,
        "files": lambda: request.files,
        "connection": lambda: request.connection,
        "server_connection": lambda: request.server_connection,
        "arguments": lambda: request.arguments,
        "query_arguments": lambda: request.query_arguments,
        "body_arguments": lambda: request.body_arguments,
        "cookies": lambda: {
            name: morsel.OutputString() for name, morsel in request.cookies.items()
        },
        "full_url": request.full_url,
        "request_time": lambda: 0 <= request.request_time() < 10,
        "repr": lambda: repr(request),
        "str": lambda: str(request),
        "get_ssl_certificate": request.get_ssl_certificate,
        "get_ssl_certificate in bytes": lambda: request.get_ssl_certificate(binary_form=True),
        "no such": lambda: request.no_such,  # type: ignore[attr-defined]
        "hasattr": lambda: (hasattr(request, "arguments"), hasattr(request, "no_such")),
        "copy": lambda: copy.copy(request).arguments,
        "parsed form": lambda: parsed(BODIES[1]),
        "parsed bytes": lambda: parsed(BODIES[2]),
        "parsed upload": lambda: parsed(BODIES[3]),
        "are apart": lambda: request.arguments is not request.query_arguments,
    }


def outcome(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - which one is compared
        return type(error), str(error)


@pytest.mark.parametrize("seed", range(10))
def test_every_part_is_the_same_in_any_order(seed: int) -> None:
    random_ = random.Random(seed)
    for target in TARGETS:
        for extra in HEADERS:
            lines = f"Host: {random_.choice(HOSTS)}\r\n{extra}\r\n"
            theirs, ours = attributes(tornado_s(target, lines)), attributes(lazy(target, lines))
            for name in random_.sample(list(theirs), len(theirs)):
                assert outcome(ours[name]) == outcome(theirs[name]), (target, lines, name)


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("/", ""),
        ("/", "Host: a b\r\n"),
        ("/", "Host: a,b\r\n"),
        ("/", "Host: a\r\nHost: b\r\n"),
        ("/", "Host: \r\nHost: \r\n"),
        ("/", "Host: a/b\r\n"),
        ("/", "Host: a:1:2@\r\n"),
        ("/", "Host: \xe9\r\n"),
        ("/", f"Host: {'a' * 60_000}/\r\n"),
        pytest.param("/?" + "&" * 1000, "Host: x\r\n", marks=LIMITED_QUERIES),
        pytest.param("/?" + "&".join(["a=1"] * 1001), "Host: x\r\n", marks=LIMITED_QUERIES),
    ],
)
def test_what_is_refused_is_refused_at_once(target: str, lines: str) -> None:
    with pytest.raises(HTTPInputError) as theirs:
        tornado_s(target, lines)
    for _ in range(2):
        with pytest.raises(HTTPInputError) as ours:
            lazy(target, lines)
        assert str(ours.value) == str(theirs.value)


def test_as_many_fields_as_there_may_be() -> None:
    target = "/?" + "&".join(f"a={number}" for number in range(1000))
    assert lazy(target).arguments == tornado_s(target).arguments


@pytest.fixture
def fields() -> Iterator[Callable[[int], None]]:
    """Says how many fields there may be."""
    before = httputil._DEFAULT_PARSE_BODY_CONFIG

    def limit(most: int) -> None:
        config: Any = httputil.ParseBodyConfig()
        config.urlencoded.max_arguments = most
        httputil.set_parse_body_config(config)

    yield limit
    httputil.set_parse_body_config(before)


@LIMITED_QUERIES
def test_the_limit_of_fields_is_the_one_of_the_moment(fields: Callable[[int], None]) -> None:
    fields(2)
    assert lazy("/?a=1&b=2").arguments == {"a": [b"1"], "b": [b"2"]}
    for make in (tornado_s, lazy):
        with pytest.raises(HTTPInputError, match="Max number of fields exceeded"):
            make("/?a=1&b=2&c=3")
    fields(5000)
    target = "/?" + "&" * 4000
    assert lazy(target).arguments == tornado_s(target).arguments == {}
    fields(0)
    for target in ("/", "/?", "/?a", "/?&"):
        assert outcome(lambda: lazy(target).arguments) == outcome(  # noqa: B023
            lambda: tornado_s(target).arguments  # noqa: B023
        )


@pytest.mark.parametrize("make", [tornado_s, lazy])
def test_who_rewrites_the_target_changes_no_arguments(
    make: Callable[[str], HTTPServerRequest],
) -> None:
    request = make("/?a=1")
    request.uri, request.path, request.query = "/other?b=2", "/other", "b=2"
    assert request.arguments == request.query_arguments == {"a": [b"1"]}


@pytest.mark.parametrize("make", [tornado_s, lazy])
def test_what_a_handler_sets_stays(make: Callable[[str], HTTPServerRequest]) -> None:
    request = make("/?a=1")
    request.arguments = {"b": [b"2"]}
    assert request.query_arguments == {"a": [b"1"]}
    assert request.arguments == {"b": [b"2"]}
    other = make("/?a=1")
    other.query_arguments = {"b": [b"2"]}
    assert other.arguments == {"a": [b"1"]}
    assert other.query_arguments == {"b": [b"2"]}


def test_nothing_is_parsed_that_nobody_reads() -> None:
    request = lazy("/?a=1")
    assert not {"arguments", "query_arguments", "_cookies"} & set(vars(request))
    assert request.arguments
    assert "query_arguments" not in vars(request)
    assert request.query_arguments
    assert {"arguments", "query_arguments"} <= set(vars(request))


@pytest.mark.parametrize("make", [tornado_s, lazy])
def test_what_is_added_to_the_one_is_not_in_the_other(
    make: Callable[[str], HTTPServerRequest],
) -> None:
    """As a form's fields are to ``arguments``."""
    for path in ("/?a=1&a=2&b=", "/?a=%31&a=2&b="):
        request = make(path)
        request.arguments["a"].append(b"3")
        request.arguments["c"] = [b"4"]
        assert request.query_arguments == {"a": [b"1", b"2"], "b": [b""]}


def test_no_host_is_remembered_that_is_longer_than_a_name() -> None:
    """A client could otherwise have us keep megabytes of them."""
    engine_request._remembered_host.cache_clear()
    for number in range(10):
        assert lazy("/", f"Host: {number}{'a' * 1000}\r\n").host_name == f"{number}{'a' * 1000}"
        assert lazy("/", "Host: Short\r\n").host_name == "short"
    assert engine_request._remembered_host.cache_info().currsize == 1


# ---- through a server ----


class Told(RequestHandler):
    def get(self) -> None:
        self.write({"repr": repr(self.request), "a": self.get_arguments("a")})

    post = get


@EITHER
async def test_a_request_is_known_in_the_logs_by_its_usual_name(
    server_class: ServerClass, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(RequestHandler):
        def get(self) -> None:
            raise ValueError("no")

    async with serving(server_class, Application([("/.*", Failing)])) as here:
        client = await here.connect()
        assert (await client.request("/path?b=c")).status == 500
        [error] = [record for record in caplog.records if record.name == "tornado.application"]
        assert error.getMessage() == (
            "Uncaught exception GET /path?b=c (127.0.0.1)\n"
            "HTTPServerRequest(protocol='http', host='localhost', method='GET', "
            "uri='/path?b=c', version='HTTP/1.1', remote_ip='127.0.0.1')"
        )


@EITHER
async def test_arguments_of_a_form_come_behind_those_of_the_target(
    server_class: ServerClass,
) -> None:
    async with serving(server_class, Application([("/.*", Told)])) as here:
        client = await here.connect()
        await client.send(
            b"POST /?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=2&a=3"
        )
        assert b'"a": ["1", "2", "3"]' in (await client.read_response()).body


@EITHER
async def test_a_path_that_no_route_takes_is_not_found(
    server_class: ServerClass, caplog: pytest.LogCaptureFixture
) -> None:
    from tornado.routing import RuleRouter

    caplog.set_level(logging.DEBUG, "tornado.application")
    async with serving(server_class, RuleRouter([])) as here:
        client = await here.connect()
        response = await client.request("/nowhere")
        assert (response.status, response.reason, response.body) == (404, "Not Found", b"")
        assert "Delegate for GET /nowhere request not found" in caplog.text
