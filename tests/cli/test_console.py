"""The consoles of results and of all else: where they write, and what they leave as it is."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.text import Text

from tests.nasty_text import NASTY, disobedient
from tornkit.cli import console

BOTH = pytest.mark.parametrize("made", [console.out, console.err])


def test_results_go_to_one_stream_and_all_else_to_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.out().print("result")
    console.err().print("said")
    assert capsys.readouterr() == ("result\n", "said\n")


@BOTH
def test_there_is_one_of_each(made: Callable[[], Console]) -> None:
    assert made() is made()
    assert console.out() is not console.err()


@BOTH
def test_a_long_line_stays_one(
    made: Callable[[], Console], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reads it by a program, or copies it, has it as it is."""
    made().print(Text("word " * 100))
    assert "".join(capsys.readouterr()) == "word " * 100 + "\n"


@BOTH
def test_a_text_is_not_obeyed(
    made: Callable[[], Console], capsys: pytest.CaptureFixture[str]
) -> None:
    made().print(Text(NASTY))
    assert disobedient("".join(capsys.readouterr())) == set()


@pytest.mark.parametrize("made", [console.out.__wrapped__, console.err.__wrapped__])
def test_a_number_has_no_colour_of_its_own(
    made: Callable[[], Console], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    fresh = made()
    with fresh.capture() as capture:
        fresh.print("at 42 'word' /path http://a.example.com", Text("red", "red"))
    assert capture.get() == "at 42 'word' /path http://a.example.com \x1b[31mred\x1b[0m\n"


def test_they_are_made_when_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that prints nothing by rich does not wait for it."""
    monkeypatch.setitem(sys.modules, "tornkit.cli.rich_console", None)
    with pytest.raises(ImportError):
        console.out.__wrapped__()
    with pytest.raises(ImportError):
        console.err.__wrapped__()
