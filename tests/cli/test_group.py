"""The group: what it imports, how it fails."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import tornado
from click.testing import CliRunner, Result

from tests.nasty_text import ARGUMENT, disobedient
from tornkit import __version__, cli, errors
from tornkit.cli import COMMANDS, tornkit

Fail = Callable[[BaseException], Result]

# Runs the command line as the script does, then prints what it has imported.
DRIVER = """
import json, sys
from tornkit.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)))
"""


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(tornkit, arguments, prog_name="tornkit")


def modules_after(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DRIVER, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


class TestQuick:
    def test_imports_no_command_and_nothing_heavy(self) -> None:
        modules = modules_after("--help")
        assert "tornkit.cli" in modules
        assert not modules & {"tornado", "rich", "watchfiles", "asyncio", "ssl"}
        assert not modules & {f"tornkit.cli.{name}" for name in COMMANDS}
        assert not {name for name in modules if name.startswith(("tornkit.serve", "tornkit.rou"))}

    def test_one_commands_help_imports_no_other_command(self) -> None:
        modules = modules_after("serve", "--help")
        assert "tornkit.cli.serve" in modules
        assert not modules & {"tornkit.cli.new", "tornkit.cli.routes"}
        assert not modules & {"tornado", "rich", "watchfiles", "asyncio"}


class TestHelp:
    def test_lists_every_command(self) -> None:
        text = invoke("--help").stdout
        for name, line in COMMANDS.items():
            assert f"  {name} " in text
            assert line in text

    def test_nothing_given_shows_it_too(self) -> None:
        result = invoke()
        assert result.exit_code == 2
        assert "Commands:" in result.output

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_shows_examples(self, name: str) -> None:
        for flag in ("--help", "-h"):
            result = invoke(name, flag)
            assert result.exit_code == 0, result.output
            assert "Examples:" in result.stdout
            assert f"\n    tornkit {name} " in result.stdout.replace("\n  tornkit", "\n    tornkit")

    def test_completion_is_mentioned_and_works(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "_TORNKIT_COMPLETE=bash_source" in invoke("--help").stdout
        monkeypatch.setenv("_TORNKIT_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", "tornkit ser")
        monkeypatch.setenv("COMP_CWORD", "1")
        assert invoke().stdout.split() == ["plain,serve"]


def test_version() -> None:
    result = invoke("--version")
    assert result.exit_code == 0
    first, python, about_tornado, loop = result.output.splitlines()
    assert first == f"tornkit {__version__}"
    assert python == f"Python {platform.python_version()}"
    assert about_tornado.startswith(f"Tornado {tornado.version}: ")
    assert about_tornado.endswith(" parts of the engine active")
    assert loop.startswith("loop: asyncio's (with --loop uvloop: ")


def test_unknown_command() -> None:
    result = invoke("server")
    assert result.exit_code == 2
    assert "server" in result.stderr


class TestFailures:
    @pytest.fixture
    def fail(self, monkeypatch: pytest.MonkeyPatch) -> Fail:
        """``fail(error)`` runs a command that raises it."""

        def fail(error: BaseException) -> Result:
            @click.command()
            def command() -> None:
                raise error

            monkeypatch.setitem(COMMANDS, "fail", "Fails.")
            module = type(sys)("tornkit.cli.fail")
            module.command = command  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, "tornkit.cli.fail", module)
            return invoke("fail")

        return fail

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (errors.UsageError("no"), 2),
            (errors.BindError("no"), 1),
            (errors.NoSuchModule("no"), 1),
            (errors.TornkitError("no"), 1),
        ],
    )
    def test_one_line_and_its_code(self, fail: Fail, error: errors.TornkitError, code: int) -> None:
        result = fail(error)
        assert (result.exit_code, result.stdout, result.stderr) == (code, "", "error: no\n")

    def test_users_traceback_comes_first(self, fail: Fail) -> None:
        trace = "Traceback (most recent call last):\n  ...\nValueError: 1\n"
        result = fail(errors.AppRaised("importing web failed: ValueError: 1", trace))
        assert result.exit_code == 1
        assert result.stderr == f"{trace}error: importing web failed: ValueError: 1\n"

    def test_conflicts_are_listed(self, fail: Fail) -> None:
        result = fail(errors.ConflictError("in the way:", ["a/b", "c"]))
        assert (result.exit_code, result.stderr) == (1, "error: in the way:\n  a/b\n  c\n")

    def test_our_own_bugs_are_not_hidden(self, fail: Fail) -> None:
        bug = KeyError("bug")
        assert fail(bug).exception is bug

    def test_ctrl_c(self, fail: Fail) -> None:
        result = fail(KeyboardInterrupt())
        assert result.exit_code == 1
        assert "Traceback" not in result.output


def test_windows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from tornkit import __main__, import_order

    monkeypatch.setattr(sys, "platform", "win32")
    try:
        with pytest.raises(SystemExit, match="needs Linux or macOS"):
            __main__.main()
    finally:
        import_order.as_python_has_it()


def test_listed_commands_exist() -> None:
    for name in COMMANDS:
        command = cli.tornkit.get_command(click.Context(tornkit), name)
        assert command is not None
        assert command.name == name
    assert cli.tornkit.get_command(click.Context(tornkit), "console") is None


class TestNastyText:
    """What the command line, the environment and pyproject.toml say is quoted printable."""

    @pytest.mark.parametrize(
        "arguments",
        [
            [ARGUMENT],
            [f"--{ARGUMENT}"],
            ["serve", "--port", ARGUMENT],
            ["serve", f"--{ARGUMENT}"],
            ["serve", "--workers", ARGUMENT],
            ["serve", "--log-level", ARGUMENT],
            ["serve", "--max-rss", ARGUMENT],
            ["serve", "--no-preload", "--preload", "fork", ARGUMENT],
            ["serve", "--unix-socket", ARGUMENT, "--port", "1"],
            ["serve", "--watch", ARGUMENT, "app"],
            ["status", ARGUMENT],
            ["new", ARGUMENT],
            ["new", "\x1b"],
        ],
        ids=range(13),
    )
    def test_arguments(
        self, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        done = invoke(*arguments)
        assert isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code in (1, 2)
        assert done.stdout == ""
        assert disobedient(done.stderr) == set()

    def test_environment(self) -> None:
        done = CliRunner().invoke(tornkit, ["serve"], env={"TORNKIT_PORT": ARGUMENT})
        assert done.exit_code == 2
        assert disobedient(done.stderr) == set()
        assert "\\x1b" in done.stderr

    @pytest.mark.parametrize("line", ['"a\\u001b\\n\\u202e" = 1', 'port = "\\u001b"', "x = \x1b"])
    def test_pyproject(self, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "pyproject.toml").write_text(f"[tool.tornkit.serve]\n{line}\n")
        done = invoke("serve")
        assert done.exit_code == 2
        assert disobedient(done.stderr) == set()

    def test_errors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(error: errors.TornkitError) -> None:
            raise error

        for error in (
            errors.AppRaised(ARGUMENT, f"Traceback\n{ARGUMENT}"),
            errors.ConflictError(ARGUMENT, [ARGUMENT]),
            errors.BindError(ARGUMENT),
        ):
            monkeypatch.setattr(
                "tornkit.cli.status.running", lambda pid, error=error: fail(error), raising=True
            )
            done = invoke("status")
            assert done.exit_code == 1
            assert disobedient(done.stderr) == set()
