"""What goes wrong is answered, logged and seen the same."""

from __future__ import annotations

import asyncio
import http
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from tornado.web import (
    Application,
    Finish,
    HTTPError,
    RequestHandler,
)

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, turns
from tests.engine.speedups.applications import one
from tests.engine.speedups.watching import Note, compare
from tornkit.engine.fidelity import variants
from tornkit.own_frames import FOLDER

pytestmark = EITHER_LOOP


@EITHER
@pytest.mark.parametrize("where", ["prepare", "get", "awaited", "on_finish", "write_error", "log"])
@pytest.mark.parametrize("what", ["HTTPError", "ValueError", "Finish", "CancelledError"])
async def test_an_exception_is_answered_logged_and_seen_the_same(
    server_class: ServerClass, where: str, what: str
) -> None:
    kinds: dict[str, Callable[[], BaseException]] = {
        "HTTPError": lambda: HTTPError(409, "why"),
        "ValueError": lambda: ValueError("broken"),
        "Finish": lambda: Finish("done"),
        "CancelledError": asyncio.CancelledError,
    }

    def fail(at: str) -> None:
        if at == where:
            raise kinds[what]()

    def make(note: Note) -> Application:
        class Failing(RequestHandler):
            def prepare(self) -> None:
                fail("prepare")

            def get(self, path: str) -> Any:
                fail("get")
                if where in ("write_error", "log"):
                    raise KeyError("first")
                return self.rest() if where == "awaited" else None

            async def rest(self) -> None:
                await asyncio.sleep(0)
                fail("awaited")

            def on_finish(self) -> None:
                note("finished", self._finished)
                fail("on_finish")

            def log_exception(self, *info: Any) -> None:
                ours = [f.name for f in traceback.extract_tb(info[2]) if "/tests/" in f.filename]
                note("log", info[0].__name__, ours, sys.exc_info()[0])
                if not isinstance(info[1], HTTPError):  # of which no traceback is shown
                    files = [frame.filename for frame in traceback.extract_tb(info[2])]
                    note("tornkit's", [name for name in files if name.startswith(FOLDER)])
                fail("log")
                super().log_exception(*info)

            def write_error(self, status_code: int, **kwargs: Any) -> None:
                note("error", status_code, sys.exc_info()[0], kwargs["exc_info"][0], sorted(kwargs))
                fail("write_error")
                super().write_error(status_code, **kwargs)

        return one(Failing)

    async def unanswered(client: Client, note: Note) -> None:
        await client.send(GET)
        await turns()

    lost = what == "CancelledError" and (
        where in ("write_error", "log")
        or (where in ("prepare", "get", "awaited") and not variants.CANCELLED_ANSWERED)
    )
    await compare(server_class, make, unanswered if lost else "/")


@EITHER
async def test_what_a_header_may_not_hold_is_refused_the_same(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Odd(RequestHandler):
            def get(self, what: str) -> None:
                try:
                    match what:
                        case "line":
                            self.set_header("X-A", "a\r\nX-B: b")
                        case "number":
                            self.set_header("X-A", 1.5)  # type: ignore[arg-type]
                        case "bytes":
                            self.set_header("X-A", b"\xe9")
                        case "around":
                            self._headers["X-A"] = "a\r\nX-B: b"
                        case "aroundbytes":
                            self._headers["X-A"] = b"bytes"  # type: ignore[assignment]
                        case "wide":
                            self._headers["X-A"] = "\u20ac"
                        case "name":
                            self._headers["X\nA"] = "a"
                        case "reason":
                            self.set_status(200, "Caf\u00e9")
                        case "status":
                            self.set_status(http.HTTPStatus.ACCEPTED)
                        case "text":
                            self._status_code = "200"  # type: ignore[assignment]
                        case "length":
                            self.set_header("Content-Length", 3)
                        case "etag":
                            self.set_header("Etag", '"mine"')
                        case "head":
                            self.request.method = "HEAD"
                        case "body204":
                            self.set_status(204)
                except Exception as error:  # noqa: BLE001 - noted
                    note(repr(error))
                self.write("body")

        return one(Odd)

    async def each(what: str) -> None:
        async def play(client: Client, note: Note) -> None:
            await client.send(
                f"GET /{what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
            )
            data = await client.rest()
            lines = [line for line in data.split(b"\r\n") if not line.startswith(b"Date")]
            note(lines)

        await compare(server_class, make, play)

    for what in [
        "line",
        "number",
        "bytes",
        "around",
        "aroundbytes",
        "wide",
        "name",
        "reason",
        "status",
        "text",
        "length",
        "etag",
        "head",
        "body204",
    ]:
        await each(what)


@EITHER
async def test_what_is_written_is_judged_the_same(server_class: ServerClass) -> None:
    class Text(str):
        pass

    class Mapping(dict[str, int]):
        pass

    def make(note: Note) -> Application:
        class Writing(RequestHandler):
            def get(self, what: str) -> None:
                chunks: tuple[Any, ...] = (
                    "a", b"b", {"c": ["</d>", 1.5, None]}, Text("e"), Mapping(f=1), bytearray(b"g"),
                    [1], None, 3, "\ud800", {"h": object()}, {1: float("nan")},
                )  # fmt: skip
                for chunk in chunks:
                    try:
                        self.write(chunk)
                    except Exception as error:  # noqa: BLE001 - noted
                        note(type(error).__name__, str(error))
                self.finish()
                for late in (lambda: self.write("x"), self.finish):
                    try:
                        late()
                    except Exception as error:  # noqa: BLE001 - noted
                        note(type(error).__name__, str(error))

        return one(Writing)

    seen = await compare(server_class, make)
    assert len(seen.noted) == 8
