"""Questions of `tornkit new`, asked where a person sits on both ends of a terminal."""

from __future__ import annotations

import sys

import click

from tornkit.cli.projects.parameters import unknown
from tornkit.printable import printable
from tornkit.scaffold import catalogue


def can_ask(*, yes: bool) -> bool:
    """Whether questions can be asked: on a terminal, and not with ``--yes``."""
    streams = (sys.stdin, sys.stdout)
    return not yes and all(stream is not None and stream.isatty() for stream in streams)


def ask_template(name: str) -> str:
    """The template that the person chooses, by its number or its name."""
    names = list(catalogue.TEMPLATES)
    width = max(map(len, names))
    lines = [f"What is {printable(name)} to be?"]
    for number, template in enumerate(catalogue.TEMPLATES.values(), 1):
        lines.append(f"  {number}  {template.name.ljust(width)}  {template.summary}")
    lines.append("Number or name")
    chosen: str = click.prompt("\n".join(lines), default=catalogue.DEFAULT, value_proc=_template)
    return chosen


def _template(answer: str) -> str:
    text = answer.strip().lower()
    names = list(catalogue.TEMPLATES)
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return names[int(text) - 1]
    begun = [name for name in names if name.startswith(text)]
    if text not in names and len(begun) != 1:
        raise click.UsageError(printable(unknown("template", text, names)))
    return text if text in names else begun[0]


def ask_git() -> bool:
    """Whether the person wants a git repository."""
    return click.confirm("Make it a git repository?", default=True)
