"""Plain writing to the terminal: the only calls of `click.echo` in the package.

A line is given in pieces, text and its colour apart: each piece is made printable
(`tornkit.printable`) before it is coloured, so that every control character that is written is
ours. Tables and what else rich prints go through `tornkit.cli.console`.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple, TextIO

import click

from tornkit.cli.line_writer import LineWriter
from tornkit.printable import encodable, printable, printable_json, printable_lines


class Piece(NamedTuple):
    """Text of one line, and how it looks in the words of `click.style`."""

    text: str
    look: dict[str, Any]


def piece(text: str, **look: Any) -> Piece:
    """Make a piece of a line with a look of `click.style`: ``piece("error:", fg="red")``."""
    return Piece(text, look)


def say(*pieces: Piece | str, colour: bool | None = None, writer: LineWriter | None = None) -> None:
    """Write one line to standard error.

    :param colour: whether the pieces' looks count; None: if it is a terminal.
    :param writer: writes it without holding up the caller.
    """
    _say("".join(_styled(each) for each in pieces) + "\n", colour, writer)


def say_lines(text: str, writer: LineWriter | None = None) -> None:
    """Write several lines to standard error: a traceback, a usage text."""
    _say(_ended(printable_lines(text)), None, writer)


def result(text: str, line_end: str = "\n") -> None:
    """Write lines to standard output, the result of a command.

    :param line_end: what ends the lines of ``text``; no line itself holds it.
    """
    lines = line_end.join(map(printable_lines, text.split(line_end)))
    _write(_ended(lines), sys.stdout, None)


def result_json(text: str) -> None:
    """Write a JSON document to standard output."""
    _write(_ended(printable_json(text)), sys.stdout, None)


def clear() -> None:
    """Clear the screen, if standard output is a terminal."""
    click.clear()


def clear_said(writer: LineWriter | None = None) -> None:
    """Clear the terminal of standard error, and its scrollback."""
    _say("\x1b[H\x1b[2J\x1b[3J", True, writer)


def _say(text: str, colour: bool | None, writer: LineWriter | None) -> None:
    if writer is None or not writer.write(text, colour=bool(colour)):
        _write(text, sys.stderr, colour)


def _styled(part: Piece | str) -> str:
    if isinstance(part, str):
        return printable(part)
    text, look = part
    return click.style(printable(text), **look) if look else printable(text)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _write(text: str, stream: TextIO | None, colour: bool | None) -> None:
    if stream is None:  # closed before Python began
        return
    click.echo(encodable(text, stream.encoding), nl=False, err=stream is sys.stderr, color=colour)
