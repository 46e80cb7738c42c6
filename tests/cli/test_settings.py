"""Where an option's value comes from: the command line, the environment, pyproject, the default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tornkit.cli import serve, tornkit
from tornkit.cli.settings import app_argument
from tornkit.serve.config import ServeConfig

Configured = Callable[..., ServeConfig]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one application that nothing imports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORT", raising=False)
    (tmp_path / "app.py").write_text("def make_app(): raise AssertionError\n")
    return tmp_path


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Configured:
    """``configured("--port", "1", TORNKIT_PORT="2")`` -> the `ServeConfig` that would be served."""
    served: list[ServeConfig] = []

    def remember(config: ServeConfig, target: object, words: object) -> int:
        served.append(config)
        return 0

    monkeypatch.setattr(serve, "_serve", remember)
    monkeypatch.setattr(serve, "_check_bus", lambda url: None)

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
    def test_each_place_gives_way_to_the_one_before(
        self, here: Path, configured: Configured
    ) -> None:
        def port(*arguments: str, **variables: str) -> int | None:
            return configured(*arguments, **variables).port

        assert port() is None
        settings(here, "port = 4")
        assert port() == 4
        assert port(TORNKIT_PORT="3") == 3
        assert port(TORNKIT_PORT="3", TORNKIT_SERVE_PORT="2") == 2
        assert port("--port", "1", TORNKIT_PORT="3", TORNKIT_SERVE_PORT="2") == 1

    @pytest.mark.parametrize("name", ["TORNKIT_RELOAD", "TORNKIT_SERVE_RELOAD"])
    def test_switches(self, here: Path, configured: Configured, name: str) -> None:
        assert configured().reload
        assert not configured(**{name: "0"}).reload
        assert configured("--reload", **{name: "0"}).reload
        settings(here, "reload = false")
        assert not configured().reload
        assert configured(**{name: "1"}).reload

    def test_host_is_address(self, here: Path, configured: Configured) -> None:
        settings(here, 'host = "::1"')
        assert configured().address == "::1"
        assert configured(TORNKIT_HOST="::2").address == "::2"
        assert configured(TORNKIT_HOST="::2", TORNKIT_ADDRESS="::3").address == "::3"
        assert configured("--host", "::4", TORNKIT_ADDRESS="::3").address == "::4"

    def test_platforms_port_gives_way_to_all(self, here: Path, configured: Configured) -> None:
        def ports(*arguments: str, **variables: str) -> tuple[int | None, int | None]:
            config = configured(*arguments, PORT="5", **variables)
            return config.port, config.platform_port

        assert ports() == (None, 5)
        assert ports("--unix-socket", "s") == (None, None)
        settings(here, "port = 4")
        assert ports() == (4, None)
        assert ports(TORNKIT_PORT="3") == (3, None)
        assert ports("--port", "1") == (1, None)

    def test_platforms_port_is_not_a_programs(self, here: Path, configured: Configured) -> None:
        (here / "chat.py").write_text("if __name__ == '__main__':\n    raise AssertionError\n")
        assert configured("chat.py", PORT="5").platform_port is None
        assert configured("chat.py", PORT="no port").platform_port is None

    def test_empty_port_is_none(self, here: Path, configured: Configured) -> None:
        assert configured(PORT="").platform_port is None

    def test_lists(self, here: Path, configured: Configured) -> None:
        settings(here, 'ignore = ["*.a", "*.b"]')
        assert configured().ignore == ("*.a", "*.b")
        assert configured(TORNKIT_IGNORE="*.c *.d").ignore == ("*.c", "*.d")
        assert configured("--ignore", "*.e", TORNKIT_IGNORE="*.c").ignore == ("*.e",)


# option -> (a value as it is typed, as TOML, and what comes of both)
VALUES: dict[str, tuple[str, str, Any]] = {
    "workers": ("3", "3", 3),
    "port": ("81", "81", 81),
    "address": ("::1", '"::1"', "::1"),
    "host": ("::1", '"::1"', "::1"),
    "unix-socket": ("/tmp/s", '"/tmp/s"', "/tmp/s"),
    "reload": ("0", "false", False),
    "reload-order": ("stop-first", '"stop-first"', "stop-first"),
    "engine": ("tornado", '"tornado"', "tornado"),
    "loop": ("uvloop", '"uvloop"', "uvloop"),
    "preload": ("standby", '"standby"', "standby"),
    "no-preload": ("1", "true", "off"),
    "poll": ("1", "true", True),
    "boot-timeout": ("2.5", "2.5", 2.5),
    "hang-timeout": ("2.5", "2.5", 2.5),
    "warn-blocking": ("2.5", "2.5", 2.5),
    "dev-tools": ("0", "false", False),
    "dev-host": ("a.test", '["a.test"]', ("a.test",)),
    "keys": ("0", "false", False),
    "editor": ("sh {file}", '"sh {file}"', "sh {file}"),
    "max-requests": ("7", "7", 7),
    "max-rss": ("2k", '"2k"', 2048),
    "max-age": ("2.5", "2.5", 2.5),
    "ignore": ("*.x", '["*.x"]', ("*.x",)),
    "access-log": ("0", "false", False),
    "speedups": ("0", "false", False),
    "log-level": ("debug", '"debug"', "debug"),
    "drain-timeout": ("2.5", "2.5", 2.5),
    "xheaders": ("1", "true", True),
    "trusted-downstream": ("10.0.0.1", '["10.0.0.1"]', ("10.0.0.1",)),
    "max-body-size": ("2k", '"2k"', 2048),
    "bus": ("redis://h", '"redis://h"', "redis://h"),
    "bus-history": ("7", "7", 7),
    "bus-history-age": ("2.5", "2.5", 2.5),
    "bus-max-message": ("2k", '"2k"', 2048),
    "open": ("1", "true", True),
    "watch": ("/", '["/"]', (Path("/"),)),
    "env-file": ("/dev/../app.py", '"app.py"', None),
    "tls": ("1", "true", None),  # makes a certificate
    "certfile": ("nosuch.pem", '"nosuch.pem"', None),
    "keyfile": ("nosuch.pem", '"nosuch.pem"', None),
}


def value_of(config: ServeConfig, option: str) -> object:
    name = option.replace("-", "_")
    names = {
        "open": "open_browser",
        "no_preload": "preload",
        "host": "address",
        "dev_host": "dev_hosts",
        "bus": "bus_url",
        "bus_history": "history",
        "bus_history_age": "history_age",
        "bus_max_message": "max_message",
    }
    name = names.get(name, name)
    for part in (config.http, config.recycle, config.bus, config):
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
def test_every_option_everywhere(here: Path, configured: Configured, option: str, how: str) -> None:
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
    def test_nearest_to_app(self, here: Path, configured: Configured) -> None:
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

    def test_above(self, here: Path, configured: Configured) -> None:
        settings(here, "port = 1")
        (here / "site").mkdir()
        (here / "site" / "web.py").write_text("app = 1")
        assert configured("site/web.py").port == 1

    def test_of_another_command_does_not_count(self, here: Path, configured: Configured) -> None:
        (here / "pyproject.toml").write_text("[tool.tornkit.routes]\nport = 1\n")
        assert configured().port is None


class TestPaths:
    """In pyproject.toml relative to that file, elsewhere to the current folder."""

    @pytest.fixture
    def site(self, here: Path) -> Path:
        """A project below the current folder, with what its settings name."""
        site = here / "site"
        for name in ("lib", "templates"):
            (site / name).mkdir(parents=True)
            (here / name).mkdir()
        (site / "app.py").write_text("app = 1")
        for folder in (here, site):
            (folder / "variables").write_text("NAME=value")
        return site

    def test_in_pyproject(self, site: Path, configured: Configured) -> None:
        settings(
            site,
            'unix-socket = "run/s"\nenv_file = "variables"\nwatch = ["lib", "templates/"]\n'
            'ignore = ["lib"]',
        )
        config = configured("site/app.py:app")
        assert config.unix_socket == str(site / "run" / "s")
        assert config.env_file == site / "variables"
        assert config.watch == (site / "lib", site / "templates")
        assert config.ignore == ("lib",), "a pattern is no path"

    def test_above_the_current_folder(
        self, site: Path, configured: Configured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings(site, 'watch = ["lib"]')
        monkeypatch.chdir(site / "templates")
        assert configured("../app.py:app").watch == (site / "lib",)

    @pytest.mark.parametrize("option", ["certfile", "keyfile"])
    def test_of_a_certificate(self, site: Path, option: str) -> None:
        (site / "there.pem").touch()
        paths = {"certfile": "there.pem", "keyfile": "there.pem"} | {option: "tls/no.pem"}
        settings(site, "\n".join(f'{name} = "{path}"' for name, path in paths.items()))
        result = run("site/app.py:app")
        assert result.exit_code == 1
        assert f"--{option} {site / 'tls' / 'no.pem'}: there is no such file" in result.stderr

    def test_on_the_command_line_and_in_the_environment(
        self, here: Path, site: Path, configured: Configured
    ) -> None:
        settings(site, 'env-file = "nosuch"\nwatch = ["nosuch"]')
        typed = configured("site/app.py:app", "--env-file", "variables", "--watch", "lib")
        assert (typed.env_file, typed.watch) == (here / "variables", (here / "lib",))
        variables = {"TORNKIT_ENV_FILE": "variables", "TORNKIT_WATCH": "lib"}
        named = configured("site/app.py:app", **variables)
        assert (named.env_file, named.watch) == (typed.env_file, typed.watch)

    def test_absolute_and_of_the_home(
        self, here: Path, site: Path, configured: Configured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(here))
        settings(site, f'env-file = "{here / "variables"}"\nwatch = ["~/lib"]')
        config = configured("site/app.py:app")
        assert (config.env_file, config.watch) == (here / "variables", (here / "lib",))

    @pytest.mark.parametrize(
        ("setting", "says"),
        [
            ("env_file = true", "env-file has to be a path in quotes, not True"),
            ('watch = ["lib", 1]', "watch has to be a path in quotes, not 1"),
            ("certfile = {}", "certfile has to be a path in quotes, not {}"),
        ],
    )
    def test_that_is_none(self, site: Path, setting: str, says: str) -> None:
        path = settings(site, setting)
        result = run("site/app.py:app")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"error: {path}:2: {says}\n"

    def test_one_of_several(self, site: Path, configured: Configured) -> None:
        settings(site, 'watch = "lib"\nignore = "*.log"')
        config = configured("site/app.py:app")
        assert (config.watch, config.ignore) == ((site / "lib",), ("*.log",))

    def test_of_any_command(self, site: Path) -> None:
        """Whatever option is a path by its type."""

        @click.command("routes")
        @app_argument()
        @click.option("--baseline", type=click.Path())
        @click.option("--diff")
        def command(app: str, **options: str) -> None:
            click.echo(options)

        (site / "pyproject.toml").write_text(
            '[tool.tornkit.routes]\nbaseline = "known.json"\ndiff = "main"\n'
        )
        result = CliRunner().invoke(command, ["site/app.py"])
        assert result.output == f"{ {'baseline': str(site / 'known.json'), 'diff': 'main'} }\n"
        result = CliRunner().invoke(command, ["site/app.py", "--baseline", "known.json"])
        assert "'baseline': 'known.json'" in result.output


class TestMistakes:
    @pytest.mark.parametrize(
        ("key", "advice"),
        [
            ("prot", "did you mean port? "),
            ("log_levle", "did you mean log-level? "),
            ("bind", "use address and port; "),
            ("app", "it belongs to [tool.tornkit], one table up; "),
            ("arguments", ""),
            ("help", ""),
            ("open-browser", "use open; "),
            ("m", ""),
        ],
    )
    def test_unknown_key(self, here: Path, configured: Configured, key: str, advice: str) -> None:
        path = settings(here, f'port = 1\n{key} = "x"')
        result = run()
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"error: {path}:3: [tool.tornkit.serve] has no setting {key.replace('-', '_')}; "
            f"{advice}see tornkit serve --help\n"
        )

    def test_one_setting_by_two_names(self, here: Path) -> None:
        path = settings(here, 'address = "::1"\nhost = "::1"')
        result = run()
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"error: {path}: [tool.tornkit.serve] sets address twice, by two names; keep one\n"
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


class TestTheBus:
    """Its options have a table of their own."""

    def test_its_table(self, here: Path, configured: Configured) -> None:
        (here / "pyproject.toml").write_text(
            '[tool.tornkit.bus]\nurl = "redis://h"\nhistory = 7\n'
            'history-age = 3\nmax_message = "2M"\n'
        )
        config = configured("app.py")
        assert config.bus_url == "redis://h"
        assert (config.bus.history, config.bus.history_age) == (7, 3)
        assert config.bus.max_message == 2 << 20
        assert configured("app.py", TORNKIT_BUS="redis://v").bus_url == "redis://v"
        assert configured("app.py", "--bus", "redis://o", TORNKIT_BUS="redis://v").bus_url == (
            "redis://o"
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("histroy = 7", "3: [tool.tornkit.bus] has no setting histroy; did you mean history?"),
            ('url = "http://u:geheim@h"', "error: http://h is no URL of a bus; write redis://"),
            ('url = "http://u:geheim@h"', "pyproject.toml:3; see tornkit"),
            ("max-message = 0", "'--bus-max-message': 0 is no size"),
            ("max-message = 0", "pyproject.toml:3; see tornkit"),
        ],
    )
    def test_what_is_wrong_in_it(self, here: Path, text: str, message: str) -> None:
        (here / "pyproject.toml").write_text(f"\n[tool.tornkit.bus]\n{text}\n")
        result = run("app.py")
        assert result.exit_code == 2
        assert message in result.stderr.replace("invalid value for '--bus': ", "")
        assert "geheim" not in result.stderr

    def test_twice(self, here: Path) -> None:
        (here / "pyproject.toml").write_text(
            '[tool.tornkit.serve]\nbus = "redis://a"\n[tool.tornkit.bus]\nurl = "redis://b"\n'
        )
        assert "sets bus twice" in run("app.py").stderr
