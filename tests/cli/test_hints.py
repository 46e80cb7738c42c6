"""Advice on mistaken words. Whole messages, as a person reads them: `test_mistakes`."""

from __future__ import annotations

import re

import click
import pytest

from tornkit.cli import hints, tornkit
from tornkit.cli.hints import command_advice, nearest, option_advice, setting_advice

KNOWN = ("--port", "--poll", "--workers", "--log-level", "--watch", "-m")


def commands() -> dict[str, click.Command]:
    context = click.Context(tornkit)
    found = {name: tornkit.get_command(context, name) for name in tornkit.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def options(command: click.Command) -> set[str]:
    return {
        option
        for each in command.params
        if isinstance(each, click.Option)
        for option in (*each.opts, *each.secondary_opts)
    }


class TestNearest:
    @pytest.mark.parametrize(
        ("word", "near"),
        [("prot", "port"), ("ports", "port"), ("pol", "poll"), ("port", "port"), ("xyzzy", None)],
    )
    def test_a_slip(self, word: str, near: str | None) -> None:
        assert nearest(word, iter(["poll", "port"])) == near

    def test_there_is_none(self) -> None:
        assert nearest("port", []) is None
        assert nearest("", ["port"]) is None


class TestOption:
    @pytest.mark.parametrize(
        ("option", "advice"),
        [
            # Another server's word, and how many dashes it has.
            ("--bind", "use --address and --port"),
            ("-b", "use --address and --port"),
            ("-B", "use --address and --port"),
            ("--log-config", "the application sets up its logging itself, with logging.config"),
            ("-c", "use [tool.tornkit.serve] in pyproject.toml"),
            ("--BIND", None),
            ("--b", None),
            # A slip of ours goes before a slip of theirs, and their word before both.
            ("--prot", "did you mean --port?"),
            ("--wrokers", "did you mean --workers?"),
            ("--processes", "use --workers"),
            ("--bnid", "use --address and --port"),
            ("--num-proceses", "use --workers"),
            ("--dbeug", hints._SERVE["debug"]),
            ("--xyzzy", None),
            # Underscores as in Python.
            ("--log_level", "did you mean --log-level?"),
            ("--worker_class", "use --loop"),
        ],
    )
    def test_of_serve(self, option: str, advice: str | None) -> None:
        assert option_advice(option, iter(KNOWN), "serve") == advice

    def test_each_command_has_words_of_its_own(self) -> None:
        assert option_advice("--json", ["--format"], "routes") == "use --format json"
        assert option_advice("--json", ["--format"], "serve") is None
        assert option_advice("--bind", ["--format"], "routes") is None
        assert option_advice("--no-input", ["--template"], "new") == "use --yes"
        assert option_advice("-y", ["--template"], "new") == "use --yes"
        assert option_advice("--ws", ["--path"], "add") == "use --websocket"
        assert option_advice("--bind", ["--all"], "status") is None
        assert option_advice("--al", ["--all"], "status") == "did you mean --all?"


class TestSetting:
    @pytest.mark.parametrize(
        ("key", "advice"),
        [
            ("workres", "did you mean workers?"),
            ("log_levle", "did you mean log-level?"),
            ("bind", "use address and port"),
            ("no_autoreload", "use no-reload"),
            ("config", "use [tool.tornkit.serve] in pyproject.toml"),
            ("daemon", "for the background there are systemd, containers and tmux"),
            ("p", None),  # no key has one letter
            ("xyzzy", None),
        ],
    )
    def test_of_serve(self, key: str, advice: str | None) -> None:
        assert setting_advice(key, ["port", "workers", "log-level"], "serve") == advice

    def test_a_key_that_is_there_in_another_spelling(self) -> None:
        assert setting_advice("log_level", ["log-level"], "serve") == "did you mean log-level?"


class TestCommand:
    @pytest.mark.parametrize(
        ("word", "advice"),
        [
            ("runserver", "use tornkit serve"),
            ("RUN", "use tornkit serve"),
            ("upgrade", "use tornkit update"),
            ("startapp", "use tornkit add handler"),
            ("lint", "use tornkit routes --check"),
            ("version", "use tornkit --version"),
            ("serv", "did you mean tornkit serve?"),
            # What is probably an APP; a word of ours goes before that.
            ("web:app", "use tornkit serve web:app"),
            ("./web", "use tornkit serve ./web"),
            ("web.py", "use tornkit serve web.py"),
            ("routs/", "did you mean tornkit routes?"),
            ("web", None),
            ("web.pyc", None),
        ],
    )
    def test_what_to_run(self, word: str, advice: str | None) -> None:
        assert command_advice(word, iter(["new", "routes", "serve", "status"])) == advice


class TestTables:
    """Advice is no good if it leads to the next mistake."""

    @pytest.mark.parametrize(
        ("command", "word"),
        [(command, word) for command, words in hints._OPTIONS.items() for word in words],
    )
    def test_the_options_that_are_advised_exist(self, command: str, word: str) -> None:
        advised = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", hints._OPTIONS[command][word]))
        assert advised <= options(commands()[command])

    @pytest.mark.parametrize("command", hints._OPTIONS)
    def test_no_option_of_ours_is_advised_against(self, command: str) -> None:
        own = {each.removeprefix("--") for each in options(commands()[command])}
        assert own.isdisjoint(hints._OPTIONS[command])

    def test_the_commands_that_are_advised_exist(self) -> None:
        found = commands()
        for advised in set(hints._COMMANDS.values()):
            name, *words = advised.split()
            if name.startswith("--"):
                assert name in options(tornkit) | {"--help"}
            else:
                assert options(found[name]) >= {each for each in words if each.startswith("--")}
        assert found.keys().isdisjoint(hints._COMMANDS)
