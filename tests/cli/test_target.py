"""Words on the command line that name an application or a program."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tornkit.appload.target import Kind
from tornkit.cli.target import (
    ProgramCommand,
    Words,
    named_target,
    named_words,
    retyped,
    target_parameters,
)

Found = tuple[str | None, tuple[str, ...], str | None, bool]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TORNKIT_APP", raising=False)
    (tmp_path / "chat.py").write_text("if __name__ == '__main__':\n    raise AssertionError\n")
    return tmp_path


def parsed(*typed: str, **variables: str) -> tuple[Found, Words]:
    """The parameters, and the words as they are looked up."""
    found: list[tuple[Found, Words]] = []

    @click.command(cls=ProgramCommand)
    @target_parameters
    @click.option("--flag", is_flag=True)
    @click.pass_context
    def command(
        context: click.Context,
        app: str | None,
        arguments: tuple[str, ...],
        module: str | None,
        flag: bool,
    ) -> None:
        words = named_words(context, app, module, arguments)
        found.append(((app, arguments, module, flag), words))

    done = CliRunner().invoke(command, typed, env=variables)
    assert done.exit_code == 0, done.output
    return found.pop()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ((), (None, (), None, False)),
        (("a.py",), ("a.py", (), None, False)),
        (("a.py", "x", "y"), ("a.py", ("x", "y"), None, False)),
        (("a.py", "--flag"), ("a.py", (), None, True)),
        # What stands behind -- is the program's: options, an APP of that name, another --.
        (("a.py", "--", "--flag"), ("a.py", ("--flag",), None, False)),
        (("--", "a.py"), (None, ("a.py",), None, False)),
        (("--flag", "--", "a.py", "--", "b"), (None, ("a.py", "--", "b"), None, True)),
        (("a.py", "x", "--", "-m", "y"), ("a.py", ("x", "-m", "y"), None, False)),
        (("a.py", "--"), ("a.py", (), None, False)),
        (("-m", "board", "--", "-m"), (None, ("-m",), "board", False)),
    ],
)
def test_parameters(typed: tuple[str, ...], found: Found) -> None:
    assert parsed(*typed)[0] == found


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("a.py", "--", "x"), ("a.py", None, ("x",))),
        (("-m", "board"), (None, "board", ())),
        # With -m every word is the program's, wherever it stands.
        (("-m", "board", "a", "b", "--", "--c"), (None, "board", ("a", "b", "--c"))),
        (("a", "-m", "board"), (None, "board", ("a",))),
    ],
)
def test_words(typed: tuple[str, ...], words: Words) -> None:
    assert parsed(*typed)[1] == words


def test_what_is_usually_meant_gives_way_to_a_module() -> None:
    assert parsed(TORNKIT_APP="web.py")[1] == ("web.py", None, ())
    assert parsed("-m", "board", TORNKIT_APP="web.py")[1] == (None, "board", ())
    typed = ("-m", "board", "--", "x")
    assert parsed(*typed, TORNKIT_APP="web.py")[1] == (None, "board", ("x",))
    assert parsed("-m", "board", "a", TORNKIT_APP="web.py")[1] == (None, "board", ("a",))


def test_they_are_looked_up(here: Path) -> None:
    target = named_target(click.Context(click.Command("serve")), "chat.py", None, ["--debug"])
    assert (target.kind, target.arguments) == (Kind.PROGRAM, ("--debug",))
    assert target.path == str(here / "chat.py")


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ((None, None, ()), ()),
        (("sample_project", None, ()), ("sample_project",)),
        (("app.py", None, ("--port=1",)), ("app.py", "--", "--port=1")),
        ((None, None, ("x",)), ("--", "x")),
        ((None, "board", ("a", "-b")), ("-m", "board", "--", "a", "-b")),
    ],
)
def test_words_for_another_command(named: Words, words: tuple[str, ...]) -> None:
    assert retyped(*named) == words
