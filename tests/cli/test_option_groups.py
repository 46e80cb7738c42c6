"""Headings in the help of a command."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from tornkit.cli import tornkit
from tornkit.cli.option_groups import GroupedCommand, GroupedOption


def help_of(*groups: str | None) -> str:
    options = [
        GroupedOption([f"--{place}"], group=group, help="What it is for.")
        if group is not None
        else click.Option([f"--{place}"], help="What it is for.")
        for place, group in zip("abcdef", groups, strict=False)
    ]
    command = GroupedCommand("c", params=[click.Argument(["word"]), *options])
    return CliRunner().invoke(command, ["--help"]).output


def headings(text: str) -> list[str]:
    return re.findall(r"^(\S.*):$", text, re.MULTILINE)


def test_options_stand_below_their_headings() -> None:
    text = help_of("One", "Two", "One", None)
    assert headings(text) == ["One", "Two", "Others"]
    order = re.findall(r"--([abcd]) ", text)
    assert order == ["a", "c", "b", "d"]
    assert text.index("--help") > text.index("Others:")


@pytest.mark.parametrize("groups", [(), (None, None), ("One", None)])
def test_one_heading_is_none(groups: tuple[str | None, ...]) -> None:
    assert headings(help_of(*groups)) == ["Options"]


def test_serve_has_its_options_below_headings() -> None:
    text = CliRunner().invoke(tornkit, ["serve", "--help"]).output
    assert headings(text)[0] == "Application"
    assert {"Address", "Workers", "Reload", "Development", "Limits", "HTTP", "TLS"} <= set(
        headings(text)
    )
    assert re.search(r"^Others:\n  -h, --help ", text, re.MULTILINE), "and nothing else there"


def test_routes_has_options_alone() -> None:
    text = CliRunner().invoke(tornkit, ["routes", "--help"]).output
    assert "Application:" not in text
