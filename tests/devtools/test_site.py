"""The server's own paths: who gets what, and what nobody gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.iostream import IOStream
from tornado.web import Application, RequestHandler

from tests.clients.asynchronous import Client
from tests.clients.messages import Response
from tests.engine.serving import serving
from tornkit.devtools.page_script import FOLDER
from tornkit.devtools.site import Site
from tornkit.engine import request
from tornkit.engine.server import HTTPServer

TOKEN = "the-token"
SESSION = "X-Tornkit: session"
MINE = b"the application's"


class Mine(RequestHandler):
    """What the application has there."""

    def get(self) -> None:
        self.finish(MINE)

    post = get


class Actions:
    """What pages have asked for."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int]] = []
        self.streams: list[IOStream] = []
        self.of_server = False

    applications: tuple[Application, ...] = ()

    def follow(self, stream: IOStream, *, of_server: bool) -> None:
        assert of_server == self.of_server
        self.streams.append(stream)

    def open_in_editor(self, failure: str, frame: int) -> None:
        self.opened.append((failure, frame))


@pytest.fixture
def actions() -> Iterator[Actions]:
    actions = Actions()
    request.own_paths = FOLDER, Site(TOKEN, {"dev.example"}, actions, editor=True, label="app:app")
    yield actions
    request.own_paths = None


async def send(
    client: Client, path: str, lines: tuple[str, ...], host: str, method: str, body: bytes
) -> None:
    length = (f"Content-Length: {len(body)}",) if body else ()
    head = (f"{method} {FOLDER}{path} HTTP/1.1", f"Host: {host}", *length, *lines, "", "")
    await client.send("\r\n".join(head).encode() + body)


def got(
    path: str,
    *lines: str,
    host: str = "localhost:8888",
    method: str = "GET",
    body: bytes = b"",
) -> Response:
    """The answer to one request, over a connection that serves another one after it."""

    async def ask() -> Response:
        app = Application([(".*", Mine)], log_function=lambda handler: None)
        async with serving(HTTPServer, app) as here:
            client = await here.connect()
            await send(client, path, lines, host, method, body)
            response = await client.read_response(method)
            await client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await client.read_response()).body == MINE
            return response

    return asyncio.run(ask())


def test_the_script(actions: Actions) -> None:
    response = got("client.js")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/javascript; charset=UTF-8"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert TOKEN.encode() not in response.body


def test_the_token_is_for_a_page_that_can_send_a_header(actions: Actions) -> None:
    session = got("session", SESSION).json()
    assert session == {"token": TOKEN, "editor": True}
    assert got("session").status == 403
    assert got("session", "X-Tornkit: other").status == 403


@pytest.mark.parametrize(
    "path", ["", "client.js", "session", f"events?token={TOKEN}", f"routes?token={TOKEN}"]
)
@pytest.mark.parametrize(
    "line",
    [
        "Host: evil.example",
        "Host: 192.0.2.1:8888",
        "Host: localhost.evil.example",
        "Origin: http://evil.example",
        "Origin: http://localhost:9999",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "X-Forwarded-For: 127.0.0.1",
        "Forwarded: for=10.0.0.1",
        "Via: 1.1 proxy",
    ],
)
def test_nobody_else_gets_anything(actions: Actions, path: str, line: str) -> None:
    name, _, value = line.partition(": ")
    host = value if name == "Host" else "localhost:8888"
    response = got(path, SESSION, *([line] if name != "Host" else []), host=host)
    assert response.body == MINE
    assert not actions.streams


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8888", "[::1]:8888", "a.localhost",
                                  "dev.example"])  # fmt: skip
def test_names_of_this_machine(actions: Actions, host: str) -> None:
    assert got("session", SESSION, f"Origin: http://{host}", host=host).json()["token"] == TOKEN


NONE = ["", "?token=", "?token=wrong", f"?token={TOKEN}%20", f"?toke={TOKEN}"]


@pytest.mark.parametrize("query", NONE)
def test_events_need_the_token(actions: Actions, query: str) -> None:
    assert got(f"events{query}").status == 403
    assert not actions.streams


@pytest.mark.parametrize("of", ["", "&of=server", "&of=other"])
def test_events_leave_with_their_connection(actions: Actions, of: str) -> None:
    """The head is sent here; from then on the socket is somebody else's."""
    actions.of_server = of == "&of=server"

    async def follow() -> bytes:
        app = Application([(".*", Mine)])
        async with serving(HTTPServer, app) as here:
            client = await here.connect()
            await send(client, f"events?token={TOKEN}{of}", (), "localhost", "GET", b"")
            head: bytes = await client.read_through(b"\r\n\r\n")
            (stream,) = actions.streams
            assert not here.connections
            await stream.write(b"data: 1\n\n")
            assert await client.read(9) == b"data: 1\n\n"
            stream.close()
            return head

    head = asyncio.run(follow())
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
    assert b"Content-Length" not in head
    assert b"Transfer-Encoding" not in head


def opening(body: Any, *lines: str, query: str = f"?token={TOKEN}") -> int:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return got(f"open{query}", *lines, method="POST", body=content).status


def test_a_frame_is_opened_by_its_number(actions: Actions) -> None:
    assert opening({"failure": "start-1", "frame": 2}) == 204
    assert actions.opened == [("start-1", 2)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[]",
        b"[" * 3000,
        b"x" * 5000,
        {"failure": "start-1"},
        {"failure": 1, "frame": 2},
        {"failure": "start-1", "frame": True},
        {"failure": "start-1", "frame": "2"},
        {"failure": "start-1", "frame": 1.5},
        {"failure": "start-1", "path": "/etc/passwd"},
    ],
    ids=lambda body: str(body)[:20],
)
def test_anything_else_is_refused(actions: Actions, body: Any) -> None:
    assert opening(body) == 400
    assert not actions.opened


def test_nothing_is_opened_without_the_token_or_by_a_link(actions: Actions) -> None:
    asked = {"failure": "start-1", "frame": 2}
    assert opening(asked, query="") == 403
    assert opening(asked, "Origin: http://evil.example") == 200, "the application's"
    assert got(f"open?token={TOKEN}").status == 405
    assert got("session", SESSION, method="POST").status == 405
    assert not actions.opened


OTHERS = ["other", "index.html", "client.js/", "../client.js", "CLIENT.JS", "%63lient.js"]


@pytest.mark.parametrize("path", OTHERS)
def test_other_paths_are_the_applications(actions: Actions, path: str) -> None:
    assert got(path).body == MINE


@pytest.mark.parametrize("path", ["", "client.js", "session", f"match?token={TOKEN}&url=/"])
def test_head_is_get_without_a_body(actions: Actions, path: str) -> None:
    whole, head = got(path, SESSION), got(path, SESSION, method="HEAD")
    assert head.status == whole.status == 200
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert got("open", method="HEAD").status == 405


def test_without_the_tools_all_paths_are(actions: Actions) -> None:
    request.own_paths = None
    assert got("client.js").body == MINE


def test_the_page_of_the_server_holds_no_secret_and_loads_nothing(actions: Actions) -> None:
    response = got("")
    assert response.status == 200
    assert TOKEN.encode() not in response.body
    policy = response.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) >= 16
    assert response.text.count(f'nonce="{nonce}"') == 2
    assert "NONCE" not in response.text
    assert "default-src 'none'" in policy
    assert "src=" not in response.text
    assert "http://" not in response.text.replace("http://www.w3.org/2000/svg", "").replace(
        "http://host/path", ""
    )
    assert got("").headers["Content-Security-Policy"] != policy


def test_the_routes_and_where_a_url_goes(actions: Actions) -> None:
    actions.applications = (Application([("/items", Mine), ("/items", Mine)]),)
    told = got(f"routes?token={TOKEN}").json()
    assert told["app"] == "app:app"
    assert [route["path"] for route in told["routes"]] == ["/items", "/items"]
    assert [finding["code"] for finding in told["findings"]] == ["TK201"]
    assert told["checked"] is True
    found = got(f"match?token={TOKEN}&url=/itemz&method=get").json()
    text = "\n".join("".join(span for span, _ in line) for line in found["lines"])
    assert text.startswith("GET /itemz -> 404")
    assert got(f"match?token={TOKEN}&url=itemz").json()["error"].startswith("'itemz' is neither")
    for path in ("routes", "match?url=/"):
        assert got(path).status == 403


def test_what_can_not_be_read_is_an_error_with_its_traceback(
    actions: Actions, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:

    def fails(*arguments: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("tornkit.devtools.dashboard.routes", fails)
    assert got(f"routes?token={TOKEN}").status == 500
    assert "can't be answered" in caplog.text
