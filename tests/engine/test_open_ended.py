"""A drain among responses that won't end, and among those that only look so."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler

from tests.clients.asynchronous import Client
from tests.engine.test_draining import (
    CERTIFICATES,
    EITHER,
    HANDSHAKE,
    Scene,
    answer,
    restored,  # noqa: F401 - a fixture
    scene,
    until,
)
from tornkit.engine.fidelity import variants
from tornkit.engine.open_ended import StreamPolicy

LOOK = 0.005  # seconds between looks for streams
BIG = b"x" * 8_000_000  # more than two sockets hold


class Told(RequestHandler):
    """Notes whether it was told that its client has left, and how it ended."""

    def note(self, what: str) -> None:
        self.settings["notes"].append(what)

    def on_connection_close(self) -> None:
        self.note("told")


class Events(Told):
    """Fails on its next event, and is told of it before if it has the time."""

    media_type = "text/event-stream; charset=UTF-8"

    async def get(self) -> None:
        self.set_header("Content-Type", self.media_type)
        try:
            while True:
                self.write("data: old\n\n")
                await self.flush()
                await asyncio.sleep(0.002)
        except StreamClosedError:
            self.note("closed")
            raise
        except asyncio.CancelledError:
            self.note("cancelled")
            raise


class Pictures(Events):
    media_type = "multipart/x-mixed-replace;boundary=x"


class LateEvents(Events):
    async def prepare(self) -> None:
        await self.settings["gate"].wait()


class QuietEvents(Told):
    """Has nothing to write, and so nothing to fail on."""

    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        await self.flush()
        self.settings["kept"].append(asyncio.current_task())
        await asyncio.sleep(3600)


class Page(Told):
    """Is sent in two parts."""

    async def get(self) -> None:
        self.write("first,")
        await self.flush()
        await self.settings["gate"].wait()
        self.write("last")

    def on_finish(self) -> None:
        self.note("finished")

    async def post(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        await self.get()


class Export(Told):
    """Is sent as fast as its client reads it."""

    async def get(self) -> None:
        for _ in range(8):
            self.write(BIG[:1_000_000])
            await self.flush()


class Download(Told):
    """Has said everything when the drain begins, and its client reads slowly."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")  # though it ends
        if self.get_argument("chunked", None):
            self.flush()
        self.write(BIG)


class Poll(Told):
    async def get(self) -> None:
        await self.settings["gate"].wait()
        self.write("news")

    def on_connection_close(self) -> None:
        self.note("told")


class Inherited(Told):
    """A handler of an application whose base class looks at every end."""

    async def get(self) -> None:
        await self.settings["gate"].wait()
        self.write("done")


@stream_request_body
class Upload(Told):
    def data_received(self, chunk: bytes) -> None:
        self.note("piece")

    def on_connection_close(self) -> None:
        self.note("told")

    async def post(self) -> None:
        await self.settings["gate"].wait()
        self.write("stored")


class Tunnel(RequestHandler):
    def get(self) -> None:
        stream = self.detach()
        self.settings["kept"].append(stream)
        stream.write(b"hello")


class Late(WebSocketHandler):
    async def prepare(self) -> None:
        await self.settings["gate"].wait()


HANDLERS = [
    ("/events", Events),
    ("/pictures", Pictures),
    ("/late-events", LateEvents),
    ("/quiet-events", QuietEvents),
    ("/page", Page),
    ("/export", Export),
    ("/download", Download),
    ("/poll", Poll),
    ("/inherited", Inherited),
    ("/stored", Upload),
    ("/tunnel", Tunnel),
    ("/late", Late),
]


@asynccontextmanager
async def streams(server_class: type[HTTPServer], **options: Any) -> AsyncIterator[Scene]:
    async with scene(server_class, **options) as here:
        for server in (here.old, here.new):
            application = application_of(server)
            application.add_handlers(".*", HANDLERS)
            application.settings.update(notes=[], kept=[])
        yield here


def application_of(server: HTTPServer) -> Application:
    assert isinstance(server.request_callback, Application)
    return server.request_callback


def notes(here: Scene) -> list[str]:
    found: list[str] = application_of(here.old).settings["notes"]
    return found


def at_once(count: int) -> list[float]:
    return [0.0] * count


def drain(
    here: Scene,
    *,
    move: bool = False,
    patience: float | None = None,
    moments: Callable[[int], Sequence[float]] = at_once,
) -> asyncio.Future[None]:
    """Begin, as a worker does; the end of it."""
    policy = StreamPolicy(moments, patience)
    here.connections.begin_drain(here.release if move else None, policy)
    return asyncio.ensure_future(here.connections.drained(3600))


async def looks() -> None:
    """Let the drain look for streams a few times."""
    await asyncio.sleep(5 * LOOK)


async def streaming(here: Scene, path: str, version: str = "1.1", tls: bool = False) -> Client:
    """A client that has seen a part of its response."""
    client = await here.connect(tls=tls)
    await client.send(f"GET {path} HTTP/{version}\r\nHost: x\r\n\r\n".encode())
    await client.read_through(b"\r\n\r\n")
    return client


async def cut(client: Client) -> bytes:
    """What came until the connection closed; by TLS it closes without a goodbye."""
    try:
        return await client.rest()
    except ssl.SSLError:
        return b""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornkit.engine.draining._CHECK_STREAMS", LOOK)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Any:
    """Nothing here is worth a line in the log, let alone a traceback."""
    caplog.set_level(logging.WARNING)
    yield
    said = [record.getMessage() for record in caplog.get_records("call")]
    if not variants.CANCELLED_QUIET:  # of those whose loop ends before they do
        said = [text for text in said if "_HandlerDelegate.execute" not in text]
    assert said == []


# ---- streams ----


@pytest.mark.parametrize(
    ("path", "version", "move"),
    [
        ("/events", "1.1", True),
        ("/events", "1.1", False),
        ("/events", "1.0", False),
        ("/pictures", "1.1", False),
    ],
)
@EITHER
async def test_event_stream_is_closed_and_its_handler_told(
    server_class: type[HTTPServer], path: str, version: str, move: bool
) -> None:
    async with streams(server_class) as here:
        client = await streaming(here, path, version)
        drained = drain(here, move=move)
        rest = await client.rest()
        assert not rest.endswith(b"0\r\n\r\n"), "cut short, which its client can see"
        await drained
        await until(lambda: "closed" in notes(here))
        assert here.released == []


@pytest.mark.parametrize("options", ["tls", "decompress_request"])
@EITHER
async def test_event_stream_is_closed_where_tornado_serves_it(
    server_class: type[HTTPServer], options: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "test.crt", CERTIFICATES / "test.key")
    given = {"ssl_options": context} if options == "tls" else {options: True}
    async with streams(server_class, **given) as here:
        client = await streaming(here, "/events", tls=options == "tls")
        drained = drain(here, move=True)
        await cut(client)
        await drained
        await until(lambda: "closed" in notes(here))


@EITHER
async def test_events_in_answer_to_a_post_are_work(server_class: type[HTTPServer]) -> None:
    """A script reads them, and would not ask again."""
    async with streams(server_class) as here:
        client = await here.connect()
        await client.send(b"POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        await client.read_through(b"\r\n\r\n")
        drained = drain(here, patience=0.0)
        await looks()
        here.gate.set()
        assert (await client.rest()).endswith(b"last\r\n0\r\n\r\n")
        await drained


@EITHER
async def test_event_stream_that_waits_is_cancelled_in_silence(
    server_class: type[HTTPServer],
) -> None:
    async with streams(server_class) as here:
        client = await streaming(here, "/quiet-events")
        drained = drain(here)
        await client.rest()
        await drained
        await until(lambda: notes(here) == ["told"])
        (task,) = application_of(here.old).settings["kept"]
        task.cancel()  # as `asyncio.run` does at the end
        await asyncio.wait([task])
        assert task.cancelled()


@EITHER
async def test_many_are_closed_one_after_another(server_class: type[HTTPServer]) -> None:
    async with streams(server_class) as here:
        first, second = [await streaming(here, "/events") for _ in range(2)]
        drained = drain(here, moments=lambda count: [0.0, 0.1][:count])
        ends = [asyncio.ensure_future(each.rest()) for each in (first, second)]
        done, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(waiting)) == (1, 1)
        await drained
        await asyncio.wait(waiting)


@EITHER
async def test_event_stream_that_begins_meanwhile(server_class: type[HTTPServer]) -> None:
    async with streams(server_class) as here:
        client = await here.busy("/late-events")
        drained = drain(here)
        here.gate.set()
        await client.rest()
        await drained
        await until(lambda: "closed" in notes(here))


# ---- responses without a length ----


@EITHER
async def test_page_in_parts_is_finished(server_class: type[HTTPServer]) -> None:
    async with streams(server_class) as here:
        client = await streaming(here, "/page")
        drained = drain(here)
        await looks()
        assert not drained.done()
        here.gate.set()
        assert (await client.rest()).endswith(b"last\r\n0\r\n\r\n")
        await drained
        assert notes(here) == ["finished"]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@EITHER
async def test_page_in_parts_is_cut_short_when_patience_is_over(
    server_class: type[HTTPServer], version: str
) -> None:
    async with streams(server_class) as here:
        client = await streaming(here, "/page", version)
        drained = drain(here, patience=0.01)
        await client.rest()
        await drained
        assert notes(here) == ["told"]


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/download", "1.1"),
        ("/download?chunked=1", "1.1"),
        ("/download?chunked=1", "1.0"),
        ("/export", "1.1"),
    ],
)
@EITHER
async def test_slow_client_gets_all_of_a_download(
    server_class: type[HTTPServer], path: str, version: str
) -> None:
    async with streams(server_class) as here:
        client = await streaming(here, path, version)
        drained = drain(here, patience=0.05)
        await asyncio.sleep(0.1)
        assert not drained.done()
        assert (await client.rest()).count(b"x") == len(BIG)
        await drained
        assert notes(here) == []


# ---- requests without a response ----


@EITHER
async def test_long_poll_is_told_when_patience_is_over(server_class: type[HTTPServer]) -> None:
    async with streams(server_class) as here:
        client = await here.busy("/poll")
        drained = drain(here, patience=0.01)
        assert await client.rest() == b""
        await drained
        assert notes(here) == ["told"]


@pytest.mark.parametrize(
    ("path", "patience", "expected"),
    [
        ("/poll", None, "news"),
        ("/inherited", 0.0, "done"),
        ("/slow", 0.0, "old"),
        ("/begun", 0.0, "old"),
    ],
)
@EITHER
async def test_work_is_finished(
    server_class: type[HTTPServer], path: str, patience: float | None, expected: str
) -> None:
    async with streams(server_class) as here:
        client = await here.busy(path)
        drained = drain(here, patience=patience)
        await looks()
        here.gate.set()
        assert (await answer(client))[0] == expected
        await drained
        assert notes(here) == []


@pytest.mark.parametrize("whole", [True, False])
@EITHER
async def test_upload_is_finished(server_class: type[HTTPServer], whole: bool) -> None:
    async with streams(server_class) as here:
        client = await here.connect()
        await client.send(b"POST /stored HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
        if whole:
            await client.send(b"def")
        await until(lambda: "piece" in notes(here))
        drained = drain(here, patience=0.0)
        await looks()
        if not whole:
            await client.send(b"def")
        here.gate.set()
        assert (await answer(client))[0] == "stored"
        await drained
        assert "told" not in notes(here)


@EITHER
async def test_handshake_is_no_long_poll(server_class: type[HTTPServer]) -> None:
    async with streams(server_class) as here:
        client = await here.connect()
        await client.send(HANDSHAKE % b"/late")
        await until(lambda: here.connections.in_flight == 1)
        drain(here, patience=0.0)
        await looks()
        here.gate.set()
        assert (await client.read_through(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")


# ---- streams that a handler took ----


@EITHER
async def test_detached_stream_has_its_patience(server_class: type[HTTPServer]) -> None:
    async with streams(server_class) as here:
        client = await here.connect()
        await client.send_request("/tunnel")
        assert await client.read(5) == b"hello"
        await until(lambda: len(here.connections) == 0)
        drained = drain(here, patience=0.01, moments=lambda count: [0.1] * count)
        await looks()  # before the moment at which it would be told to close
        assert not drained.done()
        assert await client.rest() == b""
        await drained
