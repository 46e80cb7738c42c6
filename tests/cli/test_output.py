"""The last step before the terminal."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
from collections.abc import Callable

import pytest
from rich.table import Table
from rich.text import Text

from tests.nasty_text import NASTY, disobedient, random_text
from tornkit.cli import output
from tornkit.cli.rich_console import PrintableConsole


def stream(encoding: str, *, terminal: bool = False) -> io.TextIOWrapper:
    made = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="")
    made.isatty = lambda: terminal  # type: ignore[method-assign]
    return made


def written(to: io.TextIOWrapper) -> str:
    to.flush()
    assert isinstance(to.buffer, io.BytesIO)
    return to.buffer.getvalue().decode(to.encoding)


@pytest.fixture(params=["utf-8", "ascii"])
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def said(encoding: str, *pieces: output.Piece | str, colour: bool | None = None) -> str:
    with contextlib.redirect_stderr(stream(encoding)) as to:
        output.say(*pieces, colour=colour)
    return written(to)


def result(write: Callable[..., None], encoding: str, *arguments: str) -> str:
    with contextlib.redirect_stdout(stream(encoding)) as to:
        write(*arguments)
    return written(to)


def test_a_line_is_one_line(encoding: str) -> None:
    shown = said(encoding, "a", output.piece(NASTY, fg="red"), NASTY, colour=True)
    assert shown.count("\n") == 1
    assert disobedient(shown, "\n") == set()
    assert shown.startswith("a\x1b[31m")
    assert shown.count("\x1b") == 2, "a colour on and off, and none of the text's"


def test_no_colour_in_a_pipe(encoding: str) -> None:
    assert said(encoding, output.piece("error:", fg="red"), " no") == "error: no\n"


def test_lines(encoding: str) -> None:
    with contextlib.redirect_stderr(stream(encoding)) as to:
        output.say_lines(f"Traceback\n  {NASTY}")
    assert disobedient(written(to)) == set()
    assert written(to).startswith("Traceback\n  =x\\x1b]0;title")


def test_result(encoding: str) -> None:
    shown = result(output.result, encoding, "a\x1b\r\nb\n\r\n", "\r\n")
    assert shown == "a\\x1b\r\nb\n\r\n"


def test_result_as_json(encoding: str) -> None:
    shown = result(output.result_json, encoding, json.dumps({"x": NASTY}))
    assert disobedient(shown, "\n") == set()
    assert json.loads(shown) == {"x": NASTY}


def test_a_stream_that_is_closed_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    output.say("x")


def test_rich(encoding: str) -> None:
    to = stream(encoding, terminal=True)
    console = PrintableConsole(
        file=to, force_terminal=True, color_system="standard", width=30, legacy_windows=False
    )
    chance = random.Random(7)
    for text in (NASTY, *(random_text(chance) for _ in range(25))):
        table = Table("x", box=None)
        table.add_row(Text(text, style="red"))
        console.print(Text(text, style="bold"), table, text, markup=False)
    assert "\x1b[1m" in written(to)
    assert disobedient(written(to)) == set()
