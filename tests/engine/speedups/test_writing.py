"""Chunks come to the same buffer, headers, calls and errors as with Tornado's ``write``."""

from __future__ import annotations

import collections
import enum
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tornado import escape
from tornado.httputil import HTTPHeaders
from tornado.web import Application, RequestHandler

from tests.engine.speedups.alone import a_request
from tests.engine.speedups.watching import installed
from tornkit.engine.fidelity import replaced
from tornkit.engine.speedups import writing

own_write = RequestHandler.write
APPLICATION = Application()
Write = Callable[[RequestHandler, Any], None]


@pytest.fixture(autouse=True)
def speedups() -> Iterator[None]:
    with installed():
        yield


class Text(str):
    """One that says by itself what its bytes are, and how it was asked."""

    __slots__ = ()

    def encode(self, encoding: str = "none", errors: str = "strict") -> bytes:
        return f"{self} in {encoding}".encode()


class Data(bytes):
    pass


class Mapping(dict[str, Any]):
    pass


class Letter(enum.StrEnum):
    A = "a"


def written(
    write: Write, chunks: list[Any], kind: type[RequestHandler], prepare: Callable[[Any], object]
) -> Any:
    """What becomes of a handler that writes these, each with what it raised."""
    handler: Any = kind(APPLICATION, a_request())
    calls = handler.calls = []
    prepare(handler)
    raised: list[Any] = []
    for chunk in chunks:
        try:
            write(handler, chunk)
        except Exception as error:  # noqa: BLE001 - which one is compared
            raised.append((type(error), str(error)))
        else:
            raised.append(None)
    buffer = handler._write_buffer
    fields = [(name, value) for name, value in handler._headers.get_all() if name != "Date"]
    read = handler._headers.get("Content-Type")
    return buffer, [type(each) for each in buffer], fields, read, raised, calls


def nothing(handler: Any) -> None:
    return None


def compare(
    chunks: list[Any],
    kind: type[RequestHandler] = RequestHandler,
    prepare: Callable[[Any], object] = nothing,
) -> Any:
    theirs = written(own_write, chunks, kind, prepare)
    assert written(writing.write, chunks, kind, prepare) == theirs
    return theirs


CHUNKS: list[Any] = [
    *("text", "", "caf\u00e9 \u2713 \U0001f600", "\ud800", b"bytes", b"", b"\xff\x00"),
    *({}, {"a": 1}, {"a": "</b>\u2028"}, {1: None, None: 2.5}, {"a": {1}}, {"a": float("nan")}),
    *(Text("text"), Data(b"bytes"), Mapping(a=1), collections.OrderedDict(b=1, a=2), Letter.A),
    *(None, 1, 1.5, True, ["a"], ("a",), bytearray(b"a"), memoryview(b"a"), object, range(1)),
]


@pytest.mark.parametrize("place", range(len(CHUNKS)))
def test_each_kind_of_chunk_alone_and_behind_others(place: int) -> None:
    compare([CHUNKS[place]])
    compare(["text", CHUNKS[place], b"bytes", {"a": 1}, CHUNKS[place]])


def test_what_can_be_written_is_written_and_else_refused() -> None:
    buffer, kinds, _, _, raised, _ = compare(CHUNKS)
    assert set(kinds) == {bytes, Data}
    assert len(buffer) == len([each for each in raised if each is None]) == 16


def read_first(handler: Any) -> None:
    assert handler._headers["Content-Type"]


def two_values(handler: Any) -> None:
    handler.add_header("Content-Type", "second")
    assert handler._headers["Content-Type"]


def none_left(handler: Any) -> None:
    handler.clear_header("Content-Type")
    handler.set_header("X-A", "a")


class Headers(HTTPHeaders):
    """A program's own."""

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(f"x-{name}", value)


def own_headers(handler: Any) -> None:
    handler._headers = Headers()


def own_set_header(handler: Any) -> None:
    handler.set_header = lambda *args: handler.calls.append(args)


def another_s_set_header(handler: Any) -> None:
    handler.set_header = RequestHandler(APPLICATION, a_request()).set_header


def own_convert(handler: Any) -> None:
    handler._convert_header_value = lambda value: f"own {value}"


def finished(handler: Any) -> None:
    handler._finished = True


PREPARED = [
    *(read_first, two_values, none_left, own_headers, own_set_header, another_s_set_header),
    *(own_convert, finished),
]


@pytest.mark.parametrize("prepare", PREPARED)
def test_a_content_type_comes_about_as_by_tornado(prepare: Callable[[Any], object]) -> None:
    compare([{"a": 1}], prepare=prepare)
    compare(["text", {"a": 1}, "text", {}], prepare=prepare)
    compare([{"a": {1}}], prepare=prepare)


class SettingHeaders(RequestHandler):
    calls: list[Any]

    def set_header(self, name: str, value: Any) -> None:
        self.calls.append((name, value, len(self._write_buffer)))
        super().set_header(name, value)


class Converting(RequestHandler):
    def _convert_header_value(self, value: Any) -> str:
        return f"{super()._convert_header_value(value)}, converted"


@pytest.mark.parametrize("kind", [SettingHeaders, Converting])
def test_a_method_that_a_class_overrides_is_called(kind: type[RequestHandler]) -> None:
    assert compare([{"a": 1}], kind) != compare([{"a": 1}])
    compare([{"a": {1}}, "text", {}], kind)


def test_whatever_makes_json_at_the_moment_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = ["text", b"bytes", None, 5, Text("text")]
    for answer in answers:
        monkeypatch.setattr(escape, "json_encode", lambda value, answer=answer: answer)
        compare([{"a": 1}])


def test_tornado_s_own_is_called_where_that_is_to_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = RequestHandler(APPLICATION, a_request())
    seen: list[Any] = []
    monkeypatch.setattr(replaced, "aside", True)
    monkeypatch.setattr(writing, "own", lambda *args: seen.append(args))
    for chunk in ("text", b"bytes", {"a": 1}):
        writing.write(handler, chunk)
    assert seen == [(handler, "text"), (handler, b"bytes"), (handler, {"a": 1})]
    assert handler._write_buffer == []
