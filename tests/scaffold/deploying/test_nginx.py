"""nginx's file: judged by nginx, and real: two workers of a generated project behind it.

A client sees a page, static files, its own address, an upload of 20 MB and a chat through it, and
sees nothing of a reload.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from tests.integration.waiting import PATIENCE
from tests.scaffold.deploying.front import Front
from tests.scaffold.deploying.projects import PACKAGE, each_template, text, write

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

CONFIGURATION = f"deploy/nginx/{PACKAGE}.conf"
SIZE = 20_000_000
# The generated application, and what only a test wants to know.
PROBE = f"""\
import hashlib

from tornado.web import RequestHandler

from {PACKAGE} import rooms
from {PACKAGE}.app import make_app as project


class Probe(RequestHandler):
    def check_xsrf_cookie(self):
        pass

    def post(self):
        self.write({{
            "sha256": hashlib.sha256(self.request.body).hexdigest(),
            "client": self.request.remote_ip,
            "scheme": self.request.protocol,
            "host": self.request.host,
        }})


class Say(Probe):
    async def post(self):
        self.write(await rooms.say("lobby", rooms.Message("ada", self.get_body_argument("text"))))


def make_app():
    app = project()
    app.add_handlers(".*", [("/probe", Probe), ("/say", Say)])
    return app
"""


@pytest.mark.thorough
@each_template
def test_nginx_is_content(template: str, serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    site = text(CONFIGURATION, template, "nginx")
    port = serve.free_port()
    Front(folder, site, upstream=1, port=port, project=tmp_path).close()
    assert "warn" not in (folder / "error.log").read_text()


@each_template
def test_it_is_as_the_page_on_several_machines_says(template: str) -> None:
    site = text(CONFIGURATION, template, "nginx")
    assert "server 127.0.0.1:8888 max_fails=0;" in site
    assert ("location /static/" in site) is (template != "minimal")
    assert ("proxy_buffering off" in site) is (template == "realtime")
    assert "$proxy_add_x_forwarded_for" not in site, "a client would say who it is"


class Site:
    """A project of the template `realtime` in production, two workers, nginx."""

    def __init__(self, serve: Serve, folder: Path, certificate: tuple[Path, Path] | None) -> None:
        write(serve.folder, "realtime", "nginx", "systemd")
        upstream = serve.free_port()
        self.server: Server = serve(
            {"probe.py": PROBE},
            *("probe.py:make_app", "--no-reload", "--workers", "2", "--xheaders"),
            *("--log-level", "warning"),
            env={"APP_ENV": "production", "COOKIE_SECRET": "s" * 32},
            port=upstream,
        )
        self.tls_port = serve.free_port()
        folder.mkdir()
        self.front = Front(
            folder,
            text(CONFIGURATION, "realtime", "nginx"),
            upstream=upstream,
            port=serve.free_port(),
            project=serve.folder,
            tls=(self.tls_port, certificate) if certificate else None,
        )
        self.url = self.front.url

    def request(self, method: str, path: str, **options: Any) -> tuple[HTTPResponse, str]:
        """One request, from an address that only this client has."""
        address = ("127.0.0.2", 0)
        client = HTTPConnection("127.0.0.1", self.front.port, PATIENCE, address)
        try:
            client.request(method, path, **options)
            response = client.getresponse()
            return response, response.read().decode(errors="replace")
        finally:
            client.close()


@pytest.fixture
def site(serve: Serve, tmp_path: Path) -> Iterator[Site]:
    made = Site(serve, tmp_path / "nginx", None)
    try:
        yield made
    finally:
        made.front.close()


@pytest.mark.thorough
def test_what_a_client_sees(site: Site) -> None:
    page, content = site.request("GET", "/rooms/lobby")
    assert (page.status, "<html" in content) == (200, True)
    assert page.headers["X-Request-Id"], "the application's answer"
    sees_static_files(site)
    sees_its_own_address(site)
    is_told_what_is_too_large(site)


def sees_static_files(site: Site) -> None:
    script = (site.server.folder / PACKAGE / "static" / "room.js").read_text()
    for path, cache in (
        ("/static/room.js?v=0123abc", "public, max-age=31536000, immutable"),
        ("/static/room.js", "no-cache"),
    ):
        response, content = site.request("GET", path)
        assert (response.status, content) == (200, script)
        assert response.headers["Cache-Control"] == cache
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Request-Id"] is None, "no worker was asked"
    response, _ = site.request("GET", "/static/room.js", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    for path, status in (("/static/none.js", 404), ("/static/../settings.py", 403)):
        response, _ = site.request("GET", path)
        assert (response.status, response.headers["X-Request-Id"] is None) == (status, False)


def sees_its_own_address(site: Site) -> None:
    lies = {"X-Real-Ip": "6.6.6.6", "X-Forwarded-For": "6.6.6.6", "X-Scheme": "https"}
    _, content = site.request("POST", "/probe", body=b"", headers={**lies, "Host": "a.example:81"})
    seen = json.loads(content)
    assert (seen["client"], seen["scheme"], seen["host"]) == ("127.0.0.2", "http", "a.example:81")


def is_told_what_is_too_large(site: Site) -> None:
    data = os.urandom(SIZE)
    _, content = site.request("POST", "/probe", body=data)
    assert json.loads(content)["sha256"] == hashlib.sha256(data).hexdigest()
    # Nothing of it is sent: the length alone is too much.
    headers = {"Content-Length": str(105 * 2**20)}
    assert site.request("POST", "/probe", headers=headers)[0].status == 413


@pytest.mark.thorough
def test_tls_by_the_lines_that_are_ready(
    serve: Serve, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    site = Site(serve, tmp_path / "nginx", certificate)
    try:
        response, _ = site.request("GET", "/rooms/lobby?a=b", headers={"Host": "a.example"})
        moved = (301, "https://a.example/rooms/lobby?a=b")
        assert (response.status, response.headers["Location"]) == moved
        context = ssl.create_default_context(cafile=str(certificate[0]))
        context.check_hostname = False
        client = HTTPSConnection("127.0.0.1", site.tls_port, context=context)
        client.request("POST", "/probe", body=b"")
        assert json.loads(client.getresponse().read())["scheme"] == "https"
        client.request("GET", "/")
        response = client.getresponse()
        assert response.headers["Strict-Transport-Security"], "it knows that it is behind TLS"
        response.read()
        client.close()
    finally:
        site.front.close()


class Listener:
    """Hears the chat by a WebSocket, and comes back with its position where that ends."""

    def __init__(self, url: str, position: str) -> None:
        self._url = f"{url.replace('http', 'ws')}/rooms/lobby/socket?since="
        self._position = position
        self.heard: list[str] = []
        self.connections = 0
        self.gaps = 0

    async def run(self) -> None:
        while True:
            client = await websocket_connect(self._url + self._position)
            self.connections += 1
            try:
                with suppress(WebSocketClosedError):
                    while (received := await client.read_message()) is not None:
                        self._hear(json.loads(received))
            finally:
                client.close()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["event"] == "message":
            self.heard.append(message["data"]["text"])
        else:
            self.gaps += message["event"] == "gap"
        self._position = message["position"]


class Visitors:
    """Clients that ask, upload and say something without pause; ``answers`` counts by what."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = AsyncHTTPClient(force_instance=True, max_clients=50)
        self.answers = {"page": 0, "static": 0, "upload": 0, "say": 0}
        self.faults: list[str] = []
        self.said = 0

    async def ask(self, path: str, **options: Any) -> bytes:
        request = HTTPRequest(
            self._url + path, request_timeout=PATIENCE, connect_timeout=PATIENCE, **options
        )
        response = await self._http.fetch(request)
        return response.body

    async def page(self) -> None:
        assert b"<html" in await self.ask("/rooms/lobby")

    async def static(self) -> None:
        assert b"WebSocket" in await self.ask("/static/room.js?v=1")

    async def upload(self) -> None:
        data = os.urandom(1024) * (SIZE // 1024)
        headers = {"Content-Type": "application/octet-stream"}
        answer = json.loads(await self.ask("/probe", method="POST", body=data, headers=headers))
        assert answer["sha256"] == hashlib.sha256(data).hexdigest()

    async def say(self) -> None:
        number, self.said = self.said, self.said + 1
        await self.ask("/say", method="POST", body=f"text={number}")

    def have_gone_on(self, before: dict[str, int]) -> bool:
        """Whether each has been answered since, or something went wrong."""
        newer = (count > before[name] for name, count in self.answers.items())
        return bool(self.faults) or all(newer)

    async def run(self, action: Callable[[], Awaitable[None]], done: asyncio.Event) -> None:
        while not done.is_set():
            try:
                await action()
            except (AssertionError, OSError, HTTPClientError) as error:
                told = getattr(error, "response", None)
                self.faults.append(f"{action.__name__}: {error!r} {told and told.body}")
                return
            self.answers[action.__name__] += 1

    def close(self) -> None:
        self._http.close()


def have_come_back(listeners: list[Listener], times: int) -> bool:
    return all(each.connections > times for each in listeners)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2 * PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


async def visit(site: Site, reloads: int) -> tuple[Visitors, list[Listener]]:
    """Let visitors come and go while the server reloads; back with what they have seen."""
    visitors, done = Visitors(site.url), asyncio.Event()
    start = json.loads(await visitors.ask("/rooms/lobby/messages"))["position"]
    listeners = [Listener(site.url, start) for _ in range(5)]
    hearing = [asyncio.create_task(each.run()) for each in listeners]
    actions = (visitors.page, visitors.page, visitors.static, visitors.say, visitors.upload)
    acting = [asyncio.create_task(visitors.run(action, done)) for action in actions]
    try:
        for number in range(1, reloads + 1):
            before = dict(visitors.answers)
            site.server.signal(signal.SIGHUP)
            await asyncio.to_thread(site.server.wait_for_reload, number)
            await until(partial(have_come_back, listeners, number))
            await until(partial(visitors.have_gone_on, before))
        done.set()
        await asyncio.gather(*acting)
        await until(lambda: all(len(each.heard) >= visitors.said for each in listeners))
        assert not [task for task in hearing if task.done()], "a listener came back at once"
    finally:
        for task in (*hearing, *acting):
            task.cancel()
        await asyncio.gather(*hearing, *acting, return_exceptions=True)
        visitors.close()
    return visitors, listeners


@pytest.mark.thorough
def test_a_reload_goes_unnoticed(site: Site) -> None:
    """`systemctl reload` is a SIGHUP: the unit says so."""
    visitors, listeners = asyncio.run(visit(site, reloads=2))
    assert visitors.faults == []
    assert all(visitors.answers.values()), visitors.answers
    for each in listeners:
        assert each.heard == [str(number) for number in range(visitors.said)]
        assert each.gaps == 0
        assert each.connections > 1, "its worker was replaced"
    assert "error" not in site.front.errors, "nor does nginx's log"
