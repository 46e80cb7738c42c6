"""The line that says what a long check is at."""

from __future__ import annotations

import io
import threading

import pytest

from tornkit.cli.routes.progress import Progress

ERASE = "\r\x1b[K"


class Terminal(io.StringIO):
    """Remembers what was written, and lets a test wait for it."""

    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self._terminal = terminal
        self._written = threading.Condition()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        with self._written:
            super().write(text)
            self._written.notify_all()
        return len(text)

    def wait_for(self, text: str) -> None:
        with self._written:
            assert self._written.wait_for(lambda: text in self.getvalue(), timeout=20)


@pytest.fixture(autouse=True)
def ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def test_it_says_what_is_being_done_and_erases_it() -> None:
    stream = Terminal()
    with Progress(stream, patience=0) as progress:
        stream.wait_for("reading the routes")
        progress.tell("reachability", 2, 7)
        stream.wait_for(f"{ERASE}checking reachability (2 of 7)")
    assert stream.getvalue().endswith(ERASE)


def test_what_is_quick_needs_no_word() -> None:
    stream = Terminal()
    with Progress(stream, patience=60) as progress:
        progress.tell("names", 1, 7)
    assert stream.getvalue() == ""


def test_only_on_a_terminal() -> None:
    stream = Terminal(terminal=False)
    with Progress(stream, patience=0) as progress:
        progress.tell("names", 1, 7)
    assert stream.getvalue() == ""


def test_not_on_one_that_can_not_erase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with Progress(stream, patience=0) as progress:
        progress.tell("names", 1, 7)
    assert stream.getvalue() == ""


def test_the_line_is_erased_after_an_error_too() -> None:
    stream = Terminal()

    def fail() -> None:
        with Progress(stream, patience=0):
            stream.wait_for("reading")
            raise ValueError("gone wrong")

    with pytest.raises(ValueError, match="gone wrong"):
        fail()
    assert stream.getvalue().endswith(ERASE)


def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    with Progress(stream, patience=0) as progress:
        progress.tell("backtracking", 7, 7)
        stream.wait_for("checking backtra")
    lines = stream.getvalue().split(ERASE)
    assert max(map(len, lines)) == 19


def test_its_thread_is_gone_afterwards() -> None:
    before = threading.active_count()
    with Progress(Terminal(), patience=0):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
