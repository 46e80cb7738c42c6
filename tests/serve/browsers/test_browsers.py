"""What workers may ask for in a browser's name."""

from __future__ import annotations

from typing import Any

import pytest

from tornkit.serve.browsers import browsers, editor
from tornkit.serve.browsers.browsers import Browsers

FRAMES = [{"path": "/src/a.py", "line": 3}, {"path": "/src/b.py", "line": 4}]


class Reporter:
    """The part of a `BrowserReporter` that is asked."""

    def __init__(self) -> None:
        self.adopted: list[int] = []
        self.streams = self

    def adopt(self, descriptor: int) -> None:
        self.adopted.append(descriptor)

    def requests(self, rows: list[Any]) -> None:
        self.rows = rows

    def raised(self, shown: dict[str, Any]) -> None:
        self.shown = shown

    def failure(self, number: str) -> dict[str, Any] | None:
        return {"frames": FRAMES} if number == "start-1" else None


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    opened: list[tuple[str, str, int]] = []
    monkeypatch.setattr(editor, "open_line", lambda *arguments: opened.append(arguments))
    return opened


def made(editor: str | None = "code") -> tuple[Browsers, list[str]]:
    lacks: list[str] = []
    reporter: Any = Reporter()
    return Browsers(reporter, reporter, editor, lacks.append), lacks


def test_a_frame_of_the_failure_that_stands_or_of_a_request(opened: list[Any]) -> None:
    audience, _ = made()
    audience.raised({"id": "request-1", "frames": FRAMES[1:]})
    audience.open_in_editor("start-1", 0)
    audience.open_in_editor("request-1", 0)
    assert opened == [("code", "/src/a.py", 3), ("code", "/src/b.py", 4)]


@pytest.mark.parametrize("asked", [("start-1", 2), ("start-1", -1), ("start-2", 0), ("", 0)])
def test_nothing_else_is_opened(opened: list[Any], asked: tuple[str, int]) -> None:
    made()[0].open_in_editor(*asked)
    assert not opened


def test_nothing_is_opened_without_an_editor(opened: list[Any]) -> None:
    made(None)[0].open_in_editor("start-1", 0)
    assert not opened


def test_old_errors_are_forgotten(opened: list[Any]) -> None:
    audience, _ = made()
    for number in range(browsers._MOST_ERRORS + 1):
        audience.raised({"id": f"request-{number}", "frames": FRAMES})
    audience.open_in_editor("request-0", 0)
    assert not opened
    audience.open_in_editor("request-1", 0)
    assert opened


def test_an_editor_that_can_not_be_started_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "code")

    monkeypatch.setattr(editor, "open_line", fails)
    audience, lacks = made()
    audience.open_in_editor("start-1", 0)
    assert len(lacks) == 1
    assert lacks[0].startswith("the editor can't be opened: ")


def test_whoever_looks_at_the_server_hears_of_that() -> None:
    pages, news = Reporter(), Reporter()
    first: Any = pages
    second: Any = news
    audience = Browsers(first, second, None, lambda what: None)
    audience.adopt([7], of_server=False)
    audience.adopt([8, 9], of_server=True)
    assert (pages.adopted, news.adopted) == ([7], [8, 9])
    audience.answered([("row",)])
    audience.raised({"id": "request-1", "frames": []})
    assert news.rows == [("row",)]
    assert news.shown["id"] == "request-1"


def test_one_that_can_not_be_taken_is_told_of_and_the_next_is_taken() -> None:
    audience, lacks = made()
    taken: list[int] = []

    def adopt(descriptor: int) -> None:
        if descriptor == 7:
            raise OSError(28, "No space left on device")
        taken.append(descriptor)

    audience._reporter.streams.adopt = adopt  # type: ignore[method-assign]
    audience.adopt([7, 8], of_server=False)
    assert taken == [8]
    assert lacks[0].startswith("a browser is not told of what happens: ")
