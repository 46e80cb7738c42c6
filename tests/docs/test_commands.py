"""Commands and options that pages name exist, also where they stand in the text and are not run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from tests.docs.markdown import Page, pages, parse, read
from tests.docs.settings import commands

COMMANDS = dict(commands())
_TORNKIT = re.compile(r"(?:^|[\s/])tornkit (?P<words>[a-z].*)$")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# Behind these are words of others.
_END = re.compile(r"\s--(?:\s|$)|[|>&;#]")


def options_of(command: click.Command) -> set[str]:
    """Options that the command has."""
    names = (name for each in command.params for name in (*each.opts, *each.secondary_opts))
    return {*names, "--help"}


def unknown(line: str) -> str | None:
    """What a line with a command of tornkit's says that does not exist; None where all does."""
    found = _TORNKIT.search(line)
    if found is None:
        return None
    words = _END.split(found["words"])[0].split()
    name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]
    if name not in COMMANDS:
        return f"there is no command {name!r}: {line}"
    missing = {*_OPTION.findall(" ".join(words[1:]))} - options_of(COMMANDS[name])
    return f"{name} has no {', '.join(sorted(missing))}: {line}" if missing else None


def lines_of(page: Page) -> Iterator[str]:
    """Lines of a page that are or may be commands: of blocks, and pieces of code in its text."""
    for block in page.blocks:
        if block.language in {"console", "sh", "bash"} and "exit" not in block.directives:
            for line in block.text.splitlines():
                if block.language != "console" or line.startswith("$ "):
                    yield line.removeprefix("$ ")
    yield from (span for span in page.spans if span.startswith("tornkit "))


@pytest.mark.parametrize("page", pages())
def test_commands_and_their_options_exist(page: str) -> None:
    assert [problem for line in lines_of(read(page)) if (problem := unknown(line))] == []


def test_what_other_servers_options_are_moved_to_exists() -> None:
    """The last cell of each row of moving.md is tornkit's."""
    known = set().union(*(options_of(command) for command in COMMANDS.values()))
    rows = [line for line in read("docs/moving.md").prose.splitlines() if line.startswith("| ")]
    named = {
        option
        for row in rows
        for span in parse(row.strip("|").rpartition(" | ")[2]).spans
        for option in _OPTION.findall(span.partition(" -- ")[0])
    }
    assert len(named) > 20
    assert named <= known


def test_a_mistake_is_seen() -> None:
    assert unknown("tornkit serve --workers 2 app.py -- --debug") is None
    assert unknown(".venv/bin/tornkit bus listen --json | jq --raw") is None
    assert "no --bind" in (unknown("tornkit serve --bind x") or "")
    assert "no command 'run'" in (unknown("TOKEN=1 tornkit run app.py") or "")
