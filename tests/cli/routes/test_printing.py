"""Lines for standard output: a terminal's are coloured and folded, a pipe's as they are."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator

import pytest

from tornkit.cli import console
from tornkit.cli.routes.printing import folding, spans, terminal_width
from tornkit.routing.render.findings import FindingLine
from tornkit.routing.render.spans import Span

LINES = [[Span("red", "red"), Span(" plain")], [Span("x" * 60)]]
LONG = FindingLine((Span("  error TK101", "red"), Span("  " + "word " * 12 + "end")), hang=4)


class Out(io.StringIO):
    """A standard output."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def consoles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the consoles anew: each remembers its stream's width."""
    for name in ("NO_COLOR", "FORCE_COLOR", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    console.out.cache_clear()
    yield
    console.out.cache_clear()


def printed(write: Callable[[], object], *, terminal: bool) -> str:
    """Text that is written to standard output."""
    with contextlib.redirect_stdout(Out(terminal=terminal)) as out:
        write()
    return out.getvalue()


@pytest.mark.parametrize(("terminal", "width"), [(True, 40), (False, None)])
def test_width(terminal: bool, width: int | None) -> None:
    """A pipe has none though COLUMNS is set: a shell exports it to whatever it starts."""
    with contextlib.redirect_stdout(Out(terminal=terminal)):
        assert terminal_width() == width


def test_spans_in_a_pipe() -> None:
    assert printed(lambda: spans(LINES), terminal=False) == f"red plain\n{'x' * 60}\n"


def test_spans_on_a_terminal() -> None:
    """Colours are written, and lines are folded by none but the terminal itself."""
    shown = printed(lambda: spans(LINES), terminal=True)
    assert shown == f"\x1b[31mred\x1b[0m plain\n{'x' * 60}\n"


def test_findings_in_a_pipe_are_not_folded() -> None:
    shown = printed(lambda: folding([LONG]), terminal=False)
    assert shown == f"  error TK101  {'word ' * 12}end\n"


def test_findings_on_a_terminal_are() -> None:
    shown = printed(lambda: folding([LONG]), terminal=True)
    assert shown.splitlines() == [
        "\x1b[31m  error TK101\x1b[0m  word word word word word",
        "    word word word word word word word",
        "    end",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_is_no_empty_line(terminal: bool) -> None:
    assert printed(lambda: folding([]), terminal=terminal) == ""
