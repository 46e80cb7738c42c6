"""Where an option's value comes from: the command line, the environment, pyproject, the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tornkit.cli import serve, tornkit
from tornkit.serve.config import ServeConfig


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one application that nothing imports."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def make_app(): raise AssertionError\n")
    return tmp_path


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch):
    """``configured("--port", "1", TORNKIT_PORT="2")`` -> the `ServeConfig` that would be served."""
    served: list[ServeConfig] = []

    def remember(config: ServeConfig, target: object) -> int:
        served.append(config)
        return 0

    monkeypatch.setattr(serve, "_serve", remember)

    def configured(*arguments: str, **variables: str) -> ServeConfig:
        result = run(*arguments, **variables)
        assert result.exit_code == 0, result.output
        return served.pop()

    return configured


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(tornkit, ["serve", *arguments], env=variables, prog_name="tornkit")


def settings(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "pyproject.toml"
    path.write_text(f"[tool.tornkit.serve]\n{text}\n")
    return path


class TestOrder:
    def test_each_place_gives_way_to_the_one_before(self, here: Path, configured) -> None:
        def port(*arguments: str, **variables: str) -> int | None:
            return configured(*arguments, **variables).port

        assert port() is None
        settings(here, "port = 4")
        assert port() == 4
        assert port(TORNKIT_PORT="3") == 3
        assert port(TORNKIT_PORT="3", TORNKIT_SERVE_PORT="2") == 2
        assert port("--port", "1", TORNKIT_PORT="3", TORNKIT_SERVE_PORT="2") == 1

    @pytest.mark.parametrize("name", ["TORNKIT_RELOAD", "TORNKIT_SERVE_RELOAD"])
    def test_switches(self, here: Path, configured, name: str) -> None:
        assert configured().reload
        assert not configured(**{name: "0"}).reload
        assert configured("--reload", **{name: "0"}).reload
        settings(here, "reload = false")
        assert not configured().reload
        assert configured(**{name: "1"}).reload

    def test_lists(self, here: Path, configured) -> None:
        settings(here, 'ignore = ["*.a", "*.b"]')
        assert configured().ignore == ("*.a", "*.b")
        assert configured(TORNKIT_IGNORE="*.c *.d").ignore == ("*.c", "*.d")
        assert configured("--ignore", "*.e", TORNKIT_IGNORE="*.c").ignore == ("*.e",)


# option -> (a value as it is typed, as TOML, and what comes of both)
VALUES: dict[str, tuple[str, str, Any]] = {
    "workers": ("3", "3", 3),
    "port": ("81", "81", 81),
    "address": ("::1", '"::1"', "::1"),
    "unix-socket": ("/tmp/s", '"/tmp/s"', "/tmp/s"),
    "reload": ("0", "false", False),
    "reload-order": ("stop-first", '"stop-first"', "stop-first"),
    "preload": ("standby", '"standby"', "standby"),
    "no-preload": ("1", "true", "off"),
    "poll": ("1", "true", True),
    "boot-timeout": ("2.5", "2.5", 2.5),
    "hang-timeout": ("2.5", "2.5", 2.5),
    "max-requests": ("7", "7", 7),
    "max-rss": ("2k", '"2k"', 2048),
    "max-age": ("2.5", "2.5", 2.5),
    "ignore": ("*.x", '["*.x"]', ("*.x",)),
    "access-log": ("0", "false", False),
    "log-level": ("debug", '"debug"', "debug"),
    "drain-timeout": ("2.5", "2.5", 2.5),
    "xheaders": ("1", "true", True),
    "trusted-downstream": ("10.0.0.1", '["10.0.0.1"]', ("10.0.0.1",)),
    "max-body-size": ("2k", '"2k"', 2048),
    "open": ("1", "true", True),
    "watch": ("/", '["/"]', (Path("/"),)),
    "env-file": ("/dev/../app.py", '"app.py"', None),
    "certfile": ("nosuch.pem", '"nosuch.pem"', None),
    "keyfile": ("nosuch.pem", '"nosuch.pem"', None),
}


def value_of(config: ServeConfig, option: str) -> object:
    name = option.replace("-", "_")
    name = {"open": "open_browser", "no_preload": "preload"}.get(name, name)
    for part in (config.http, config.recycle, config):
        if hasattr(part, name):
            return getattr(part, name)
    raise AssertionError(option)


def test_table_of_values_is_whole() -> None:
    options = {
        name.removeprefix("--")
        for parameter in serve.command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
        if name.startswith("--")
    }
    assert options - {"help"} == VALUES.keys()


@pytest.mark.parametrize("option", [name for name, value in VALUES.items() if value[2] is not None])
@pytest.mark.parametrize("how", ["long variable", "short variable", "dashes", "underscores"])
def test_every_option_everywhere(here: Path, configured, option: str, how: str) -> None:
    typed, toml, expected = VALUES[option]
    variable = option.replace("-", "_").upper()
    assert value_of(configured(), option) != expected
    match how:
        case "long variable":
            config = configured(**{f"TORNKIT_SERVE_{variable}": typed})
        case "short variable":
            config = configured(**{f"TORNKIT_{variable}": typed})
        case "dashes":
            settings(here, f"{option} = {toml}")
            config = configured()
        case _:
            settings(here, f"{option.replace('-', '_')} = {toml}")
            config = configured()
    assert value_of(config, option) == expected


class TestWhichFile:
    def test_nearest_to_app(self, here: Path, configured) -> None:
        settings(here, "port = 1")
        settings(here / "site", "port = 2")
        (here / "site" / "web.py").write_text("app = 1")
        assert configured().port == 1
        assert configured("web:app").port == 1
        assert configured("site/web.py").port == 2
        assert configured("site/web.py:app").port == 2
        (here / "site" / "app.py").write_text("app = 1")
        assert configured("site").port == 2
        assert configured(TORNKIT_APP="site").port == 2

    def test_above(self, here: Path, configured) -> None:
        settings(here, "port = 1")
        (here / "site").mkdir()
        (here / "site" / "web.py").write_text("app = 1")
        assert configured("site/web.py").port == 1

    def test_of_another_command_does_not_count(self, here: Path, configured) -> None:
        (here / "pyproject.toml").write_text("[tool.tornkit.routes]\nport = 1\n")
        assert configured().port is None


class TestMistakes:
    @pytest.mark.parametrize("key", ["prot", "app", "arguments", "help", "open-browser", "m"])
    def test_unknown_key(self, here: Path, configured, key: str) -> None:
        path = settings(here, f'{key} = "x"')
        result = run()
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"error: {path}: [tool.tornkit.serve] has no setting {key.replace('-', '_')}; "
            "see tornkit serve --help\n"
        )

    def test_not_a_table(self, here: Path) -> None:
        path = here / "pyproject.toml"
        path.write_text("[tool.tornkit]\nserve = 1\n")
        result = run()
        assert result.exit_code == 2
        assert result.stderr == f"error: {path}: [tool.tornkit.serve] has to be a table\n"

    def test_not_toml(self, here: Path) -> None:
        (here / "pyproject.toml").write_text("[tool")
        result = run()
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: {here / 'pyproject.toml'} is not valid TOML: ")
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        ("arguments", "variables", "toml", "says"),
        [
            (["--port", "x"], {}, "", "'--port'"),
            (["--port", "65536"], {}, "", "'--port'"),
            ([], {"TORNKIT_PORT": "x"}, "", "'--port'"),
            ([], {}, 'port = "x"', "'--port'"),
            ([], {}, 'log-level = "loud"', "'--log-level'"),
            (["--nosuch"], {}, "", "--nosuch"),
            ([], {}, 'reload = "perhaps"', "'--reload'"),
            ([], {}, "drain-timeout = -1", "'--drain-timeout'"),
        ],
    )
    def test_bad_value(
        self, here: Path, arguments: list[str], variables: dict[str, str], toml: str, says: str
    ) -> None:
        settings(here, toml)
        result = run(*arguments, **variables)
        assert (result.exit_code, result.stdout) == (2, "")
        assert says in result.stderr
        assert "Traceback" not in result.stderr

    def test_help_is_had_all_the_same(self, here: Path) -> None:
        (here / "pyproject.toml").write_text("[tool")
        result = run("--help")
        assert result.exit_code == 0
        assert "Examples:" in result.stdout
