"""Headers that a response begins with are those of Tornado's ``clear``, and as good."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tornado
from tornado.httputil import HTTPHeaders
from tornado.web import Application, RequestHandler

from tests.engine.speedups.alone import a_request
from tests.engine.speedups.watching import installed
from tornkit.engine.fidelity import replaced
from tornkit.engine.speedups import defaults

own_clear = RequestHandler.clear
APPLICATION = Application()
SECOND = 1359312200


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The time of day, as everybody sees it here."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    with installed():
        yield clock


class Clock:
    def __init__(self) -> None:
        self.now = SECOND + 0.5

    def __call__(self) -> float:
        return self.now


def handler(kind: type[RequestHandler] = RequestHandler) -> Any:
    return kind(APPLICATION, a_request())


def cleared_by_tornado(kind: type[RequestHandler] = RequestHandler) -> Any:
    made = handler(kind)
    own_clear(made)
    return made


def test_the_fields_are_tornado_s_in_their_order() -> None:
    theirs = cleared_by_tornado()._headers
    ours = defaults.fresh()
    assert type(ours) is HTTPHeaders
    assert list(ours.get_all()) == list(theirs.get_all())
    assert len(list(ours.get_all())) == 3
    assert ours == theirs
    assert vars(ours).keys() == vars(theirs).keys()


def test_the_date_is_that_of_its_second(clock: Clock) -> None:
    dates = []
    for now in (SECOND, SECOND + 0.999, SECOND + 1, SECOND - 1.001, SECOND, SECOND + 86400 * 400):
        clock.now = now
        dates.append(defaults.fresh()["Date"])
        assert dates[-1] == cleared_by_tornado()._headers["Date"]
    assert dates[0] == dates[1] == dates[4]
    assert len(set(dates)) == 4


def test_a_date_is_written_once_a_second(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[float] = []
    own = defaults._format_timestamp

    def format_timestamp(second: float) -> str:
        written.append(second)
        return own(second)

    monkeypatch.setattr(defaults, "_format_timestamp", format_timestamp)
    clock.now = SECOND + 1000.0
    for _ in range(3):
        defaults.fresh()
        clock.now += 0.4
    assert written == [SECOND + 1000]


def test_the_version_is_that_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = defaults.fresh()["Server"]
    for version in ("hidden", "7.0"):
        monkeypatch.setattr(tornado, "version", version)
        assert defaults.fresh()["Server"] == cleared_by_tornado()._headers["Server"]
        assert defaults.fresh()["Server"] == f"TornadoServer/{version}"
    monkeypatch.undo()
    assert defaults.fresh()["Server"] == before == f"TornadoServer/{tornado.version}"


def test_each_response_has_headers_of_its_own() -> None:
    one, other = defaults.fresh(), defaults.fresh()
    for name in ("Server", "Content-Type", "Date"):
        one.add(name, "second")
    one["X-A"] = "a"
    assert list(other.get_all()) == list(cleared_by_tornado()._headers.get_all())


ACTIONS: dict[str, Callable[[HTTPHeaders], object]] = {
    "read": lambda headers: [headers[name] for name in ("content-type", "Date", "date", "SERVER")],
    "get": lambda headers: (headers.get("server"), headers.get("X-A", "none")),
    "none": lambda headers: headers["X-A"],
    "set": lambda headers: headers.__setitem__("Content-Type", "text/plain"),
    "add": lambda headers: headers.add("content-type", "second"),
    "delete": lambda headers: headers.__delitem__("content-type"),
    "delete none": lambda headers: headers.__delitem__("X-A"),
    "pop": lambda headers: headers.pop("Server"),
    "popitem": lambda headers: headers.popitem(),
    "clear": lambda headers: headers.clear(),
    "setdefault": lambda headers: headers.setdefault("Server", "x"),
    "update": lambda headers: headers.update({"Date": "x", "X-A": "y"}),
    "list": lambda headers: headers.get_list("DATE"),
    "in": lambda headers: ("dAte" in headers, "X-A" in headers),
    "copy": lambda headers: list(headers.copy().get_all()),
    "text": str,
    "parse": lambda headers: headers.parse_line("Server: third"),
}


def told(action: Callable[[HTTPHeaders], object], headers: HTTPHeaders) -> Any:
    try:
        return action(headers)
    except Exception as error:  # noqa: BLE001 - which one is compared
        return repr(error)


@pytest.mark.parametrize("first", ACTIONS)
def test_whatever_is_done_with_them_comes_to_the_same(first: str) -> None:
    for second in ACTIONS.values():
        theirs, ours = cleared_by_tornado()._headers, defaults.fresh()
        for action in (ACTIONS[first], second):
            assert told(action, ours) == told(action, theirs)
            assert list(ours.get_all()) == list(theirs.get_all())
            assert dict(ours) == dict(theirs)


class Defaulting(RequestHandler):
    """Sets what the documentation shows, and looks at what it has by then."""

    def set_default_headers(self) -> None:
        self.had = sorted(vars(self))
        self.set_header("Server", "mine")
        self.clear_header("Content-Type")
        self.set_status(418)


@pytest.mark.parametrize("kind", [RequestHandler, Defaulting])
def test_a_handler_is_cleared_as_by_tornado(kind: type[RequestHandler]) -> None:
    handlers = []
    for clear in (own_clear, defaults.clear):
        made = handler(kind)
        made.write("unsent")
        made.set_status(404, "Lost")
        made.set_header("X-A", "a")
        made._headers_written = True
        clear(made)
        handlers.append(made)
    theirs, ours = ({**vars(each), "request": None, "_headers": None} for each in handlers)
    assert ours == theirs
    fields, expected = (list(each._headers.get_all()) for each in reversed(handlers))
    assert fields == expected
    assert [each._write_buffer for each in handlers] == [[], []]
    assert handlers[0]._write_buffer is not handlers[1]._write_buffer


def test_a_program_s_own_word_for_200_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tornado.httputil.responses, 200, "Fine")  # type: ignore[attr-defined]
    made = handler()
    defaults.clear(made)
    assert made._reason == cleared_by_tornado()._reason == "Fine"


def test_tornado_s_own_is_called_where_that_is_to_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[object] = []
    made = handler()
    monkeypatch.setattr(replaced, "aside", True)
    monkeypatch.setattr(defaults, "own", cleared.append)
    before = dict(vars(made))
    defaults.clear(made)
    assert cleared == [made]
    assert vars(made) == before
