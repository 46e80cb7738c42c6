"""Into which answers the script goes, where it stands in them, and what else they say then."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.web import Application, RequestHandler, StaticFileHandler

from tests.clients.messages import Response
from tests.devtools.pages import BROWSER, got
from tests.engine.serving import EITHER, ServerClass, serving
from tornkit.devtools import install, page_script
from tornkit.engine import speedups
from tornkit.engine.server import HTTPServer

ELEMENT = b'<script src="/__tornkit__/client.js" async></script>'
PAGE = "<!doctype html><html><head><title>a</title></head><body>b</body></html>"
own_finish = RequestHandler.finish


@pytest.fixture(params=["plain", "speedups"], autouse=True)
def edited(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pages are edited, with Tornado's own ``finish`` and with the one in its place."""
    if request.param == "speedups":
        speedups.install(tells=False)
    install.edit_pages("run.7")
    yield
    install.leave_pages()
    if request.param == "speedups":
        speedups.uninstall()
    assert RequestHandler.finish is own_finish


def answer(
    body: Any = PAGE, headers: dict[str, str] | None = None, status: int = 200
) -> type[RequestHandler]:
    """A handler that gives this answer."""

    class Answer(RequestHandler):
        def get(self) -> None:
            self.set_status(status)
            for name, value in (headers or {}).items():
                self.set_header(name, value)
            self.finish(body)

        head = post = get

    return Answer


def response_of(
    handler: type[RequestHandler],
    *lines: str,
    method: str = "GET",
    host: str = "localhost:8888",
    server_class: ServerClass = HTTPServer,
    **settings: Any,
) -> Response:
    app = Application([("/", handler)], log_function=lambda handler: None, **settings)
    return got(server_class, "/", *(lines or BROWSER), app=app, method=method, host=host)


@EITHER
def test_a_page_has_it_first_in_its_head(server_class: ServerClass) -> None:
    response = response_of(answer(), server_class=server_class)
    head = b"<!doctype html><html><head>"
    assert response.body == head + ELEMENT + PAGE.encode().removeprefix(head)
    assert response.headers["Content-Length"] == str(len(response.body))
    assert response.headers["Server-Timing"] == 'tornkit;desc="run.7"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "Hello"),
        ("<!-- > --><!DOCTYPE html>\n<!-- a -->\n<html lang='>'>\n<head data-a=\">\">", "<meta>"),
        ("\ufeff<!doctype html>", "<title>a</title>"),
        ("<html>", "<header>no head</header>"),
        ("", "<heading>"),
        ('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">', "<p>"),
        ("<!ELEMENT a><html>", "<p>"),
        ("  ", "<p>a fragment"),
        ("", ""),
    ],
)
def test_where_it_stands(before: str, after: str) -> None:
    response = response_of(answer(before + after))
    assert response.body == before.encode() + ELEMENT + after.encode()


def test_it_takes_no_time_in_a_page_that_never_ends_its_beginning() -> None:
    body = "<!--" + "- <!-- " * 20000
    assert ELEMENT in response_of(answer(body)).body


class Streamed(RequestHandler):
    async def get(self) -> None:
        self.write(PAGE)
        await self.flush()
        self.finish("<p>end</p>")


class Sized(RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Length", len(PAGE))
        self.finish(PAGE)


NAVIGATION = ("Accept: text/html", "Sec-Fetch-Mode: navigate")
LEFT = {
    "streamed": (Streamed, BROWSER, "GET"),
    "sized by itself": (Sized, BROWSER, "GET"),
    "json": (answer({"a": "<html>"}), BROWSER, "GET"),
    "text": (answer(headers={"Content-Type": "text/plain"}), BROWSER, "GET"),
    "xhtml": (answer(headers={"Content-Type": "application/xhtml+xml"}), BROWSER, "GET"),
    "compressed by itself": (
        answer(gzip.compress(PAGE.encode(), mtime=0), {"Content-Encoding": "gzip"}),
        BROWSER,
        "GET",
    ),
    "attachment": (answer(headers={"Content-Disposition": 'Attachment; filename="a"'}), BROWSER,
                   "GET"),
    "utf-16": (answer(PAGE.encode("utf-16"), {"Content-Type": "text/html; charset=UTF-16"}),
               BROWSER, "GET"),
    "utf-16 that nobody has told of": (answer(PAGE.encode("utf-16")), BROWSER, "GET"),
    "utf-16 without a mark": (answer(PAGE.encode("utf-16-le")), BROWSER, "GET"),
    "doctype behind text": (answer(f"text {PAGE}"), BROWSER, "GET"),
    "unfinished doctype": (answer("<!doctype html"), BROWSER, "GET"),
    "partial": (answer(status=206), BROWSER, "GET"),
    "head": (answer(), BROWSER, "HEAD"),
    "post": (answer(), BROWSER, "POST"),
    "frame": (answer(), ("Sec-Fetch-Dest: iframe", *NAVIGATION), "GET"),
    "fetched": (answer(), ("Sec-Fetch-Dest: empty", "Accept: */*"), "GET"),
    "htmx": (answer(), (*NAVIGATION, "HX-Request: true"), "GET"),
    "curl": (answer(), ("Accept: */*",), "GET"),
    "own policy": (
        answer("<head><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"),
        BROWSER,
        "GET",
    ),
    "no room": (answer(headers={"Content-Security-Policy": "sandbox"}), BROWSER, "GET"),
    "proxied": (answer(), (*BROWSER, "X-Forwarded-For: 10.0.0.1"), "GET"),
    "another site's": (answer(), (*NAVIGATION, "Origin: http://evil.example"), "GET"),
}  # fmt: skip


@EITHER
@pytest.mark.parametrize("kind", LEFT)
def test_everything_else_is_left_byte_for_byte(server_class: ServerClass, kind: str) -> None:
    handler, lines, method = LEFT[kind]
    edited = response_of(handler, *lines, method=method, server_class=server_class)
    install.leave_pages()
    untouched = response_of(handler, *lines, method=method, server_class=server_class)
    changing = {"Date"}
    assert edited.status == untouched.status
    assert edited.body == untouched.body
    assert {(n, v) for n, v in edited.headers.get_all() if n not in changing} == {
        (n, v) for n, v in untouched.headers.get_all() if n not in changing
    }


def test_another_host_gets_none() -> None:
    assert ELEMENT not in response_of(answer(), host="evil.example").body
    page_script.use("run.7", hosts={"dev.example"})
    assert ELEMENT in response_of(answer(), host="dev.example").body


@EITHER
def test_a_static_file_is_left_alone(server_class: ServerClass, tmp_path: Any) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    app = Application([("/(.*)", StaticFileHandler, {"path": str(tmp_path)})])
    assert got(server_class, "/a.html", *BROWSER, app=app).body == PAGE.encode()


@EITHER
def test_its_etag_is_that_of_what_is_sent(server_class: ServerClass) -> None:
    app = Application([("/", answer())], log_function=lambda handler: None)

    async def ask() -> tuple[Response, Response]:
        async with serving(server_class, app) as here:
            client = await here.connect()
            answers = []
            etag = ""
            for _ in range(2):
                lines = (*BROWSER, f"If-None-Match: {etag}") if etag else BROWSER
                head = ("GET / HTTP/1.1", "Host: localhost", *lines, "", "")
                await client.send("\r\n".join(head).encode())
                answers.append(await client.read_response())
                etag = answers[-1].headers["Etag"]
            return answers[0], answers[1]

    whole, unchanged = asyncio.run(ask())
    assert ELEMENT in whole.body
    assert (whole.status, unchanged.status) == (200, 304)
    assert unchanged.body == b""
    assert unchanged.headers["Server-Timing"] == 'tornkit;desc="run.7"', "the page in the cache"


@EITHER
def test_a_page_that_tornado_compresses_has_it(server_class: ServerClass) -> None:
    long = answer(PAGE + "x" * 2000)
    response = response_of(
        long, *BROWSER, "Accept-Encoding: gzip", server_class=server_class, compress_response=True
    )
    assert response.headers["Content-Encoding"] == "gzip"
    assert ELEMENT in gzip.decompress(response.body)


@pytest.mark.parametrize(
    ("policy", "element", "said"),
    [
        ("script-src 'self'", ELEMENT, "script-src 'self'"),
        (
            "default-src 'none'",
            ELEMENT,
            "default-src 'none'; script-src http://localhost:8888/__tornkit__/client.js; "
            "connect-src http://localhost:8888/__tornkit__/",
        ),
        (
            "script-src 'nonce-a+/='; worker-src *",
            ELEMENT.replace(b" async", b' nonce="a+/=" async'),
            "script-src 'nonce-a+/='; worker-src *",
        ),
    ],
)
def test_a_policy_gets_room_for_it(policy: str, element: bytes, said: str) -> None:
    response = response_of(answer(headers={"Content-Security-Policy": policy}))
    assert element in response.body
    assert response.headers["Content-Security-Policy"] == said


@pytest.mark.parametrize(
    "policy", ["script-src 'nonce-\">x'", "script-src 'strict-dynamic'", "sandbox"]
)
def test_where_there_is_no_room_one_line_says_so(
    policy: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_script, "_has_advised", False)
    caplog.set_level(logging.INFO)
    handler = answer(headers={"Content-Security-Policy": policy})
    for _ in range(2):
        response = response_of(handler)
        assert response.body == PAGE.encode()
        assert response.headers["Content-Security-Policy"] == policy
    assert len([each for each in caplog.records if "Content-Security-Policy" in each.message]) == 1


def test_what_was_written_before_belongs_to_the_page() -> None:
    class Pieces(RequestHandler):
        def get(self) -> None:
            self.write("<html>")
            self.write("<head></head>")

    assert response_of(Pieces).body == b"<html><head>" + ELEMENT + b"</head>"


def test_an_override_of_finish_keeps_its_place() -> None:
    class Signed(RequestHandler):
        def finish(self, chunk: Any = None) -> Any:
            return super().finish(f"{chunk}<!-- signed -->")

        def get(self) -> None:
            self.finish(PAGE)

    body = response_of(Signed).body
    assert ELEMENT in body
    assert body.endswith(b"<!-- signed -->")


def test_a_second_finish_is_refused_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    class Twice(RequestHandler):
        def get(self) -> None:
            self.finish(PAGE)
            self.finish(PAGE)

    assert response_of(Twice).status == 200
    assert "finish() called twice" in caplog.text


@EITHER
def test_a_page_of_ten_megabytes(server_class: ServerClass) -> None:
    large = PAGE + "x" * 10_000_000
    response = response_of(answer(large), server_class=server_class)
    assert len(response.body) == len(large) + len(ELEMENT)
    assert response.headers["Content-Length"] == str(len(response.body))


class Enveloped(RequestHandler):
    """A base class of an API: what a handler has written becomes JSON at its end."""

    def finish(self, chunk: Any = None) -> Any:
        written = b"".join(self._write_buffer).decode()
        self._write_buffer = []
        self.set_header("Content-Type", "application/json")
        return super().finish({"data": written})

    def get(self) -> None:
        self.write("<html>")


class Cookie(RequestHandler):
    def get(self) -> None:
        self.set_cookie("a", "b")
        self.write(PAGE)


class Flushing(RequestHandler):
    def flush(self, include_footers: bool = False) -> Any:
        return super().flush(include_footers)

    def get(self) -> None:
        self.write(PAGE)


@EITHER
def test_what_finish_makes_of_it_is_seen_first(server_class: ServerClass) -> None:
    response = response_of(Enveloped, server_class=server_class)
    assert response.json() == {"data": "<html>"}
    assert "Server-Timing" not in response.headers


@EITHER
@pytest.mark.parametrize("handler", [Cookie, Flushing])
def test_a_page_that_is_finished_in_another_way_has_it_once(
    server_class: ServerClass, handler: type[RequestHandler]
) -> None:
    response = response_of(handler, server_class=server_class)
    assert response.body.count(ELEMENT) == 1
    assert response.headers.get_list("Server-Timing") == ['tornkit;desc="run.7"']


@EITHER
def test_one_that_the_browser_has_is_told_to_be_of_this_generation(
    server_class: ServerClass,
) -> None:
    response = response_of(answer(None, status=304), server_class=server_class)
    assert response.status == 304
    assert response.headers["Server-Timing"] == 'tornkit;desc="run.7"'


def test_a_policy_that_only_reports_gets_room_as_well() -> None:
    name = "Content-Security-Policy-Report-Only"
    policy = "default-src 'self'; script-src 'none'; report-uri /csp"
    response = response_of(answer(headers={name: policy}))
    assert ELEMENT in response.body
    script = "http://localhost:8888/__tornkit__/client.js"
    assert response.headers[name] == f"default-src 'self'; script-src {script}; report-uri /csp"
    sandboxed = response_of(answer(headers={name: "sandbox"}))
    assert sandboxed.headers[name] == "sandbox"
    assert ELEMENT in sandboxed.body


HOSTILE = [b"<meta" * 200_000, b"<!--" * 200_000, b"<?" * 500_000, b"<html " + b"'" * 999_999]


@pytest.mark.parametrize("body", HOSTILE, ids=["meta", "comment", "instruction", "attribute"])
def test_a_hostile_beginning_takes_no_time(body: bytes) -> None:
    started = time.process_time()
    response_of(answer(body))
    assert time.process_time() - started < 0.5


@EITHER
def test_a_page_goes_out_whatever_happens_to_the_script(
    server_class: ServerClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(page_script, "_room", fails)
    response = response_of(answer(), server_class=server_class)
    assert (response.status, response.text) == (200, PAGE)
