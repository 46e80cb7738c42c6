"""docs/settings.md is as the options are."""

from __future__ import annotations

import click
import pytest

from tests.docs import settings
from tests.docs.markdown import ROOT
from tests.docs.settings import PAGE, commands, page, rows, takes_keys

COMMANDS = dict(commands())


def row(command: str, option: str) -> settings.Row:
    found = [each for _, each in rows(command, COMMANDS[command]) if option in each.option]
    assert len(found) == 1
    return found[0]


def test_the_page_is_as_the_options_are() -> None:
    """After a change of options: python -m tests.docs.settings"""
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_of_the_help_is_there(name: str) -> None:
    options = [each for each in COMMANDS[name].params if isinstance(each, click.Option)]
    assert {each.opts[0] for each in options if each.expose_value} == {
        each.option.split()[0].rstrip(",") for _, each in rows(name, COMMANDS[name])
    }


def test_a_row_says_what_is_true() -> None:
    assert row("serve", "--port") == settings.Row(
        option="--port N",
        variable="TORNKIT_PORT",
        key="port",
        default="the program's own; for an application the variable PORT, or 8888",
        help="Port to listen on; 0 takes a free one.",
    )
    assert row("serve", "--reload /").default == "`--reload`"
    assert row("routes", "--grep").variable == "TORNKIT_ROUTES_GREP"
    assert row("bus listen", "--count").variable == "TORNKIT_BUS_LISTEN_COUNT"
    assert row("bus listen", "--count").key == ""


def test_which_commands_take_keys() -> None:
    assert takes_keys("serve", COMMANDS["serve"])
    assert takes_keys("new", COMMANDS["new"])
    assert not takes_keys("status", COMMANDS["status"])


def test_a_row_can_hold_any_sign() -> None:
    shown = settings.Row("--a X|Y", "A", "a", "", "Of *all* <these>, see --bind.").markdown()
    assert shown == r"| `--a X\|Y` | `A` | `a` |  | Of \*all\* \<these>, see `--bind`. |"
