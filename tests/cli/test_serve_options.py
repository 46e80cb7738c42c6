"""Options of `tornkit serve`: their values, limits, variables and defaults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tornkit.cli import serve, serve_options
from tornkit.cli.option_groups import GroupedOption
from tornkit.serve.config import ServeConfig

GIVEN: dict[str, Any] = {}


@click.command("serve")
@serve_options.serve_options
def command(**options: Any) -> None:
    GIVEN.update(options)


@pytest.fixture(autouse=True)
def _given() -> Iterator[None]:
    GIVEN.clear()
    yield
    GIVEN.clear()


def options_of(*arguments: str, **variables: str) -> dict[str, Any]:
    """Values of all options."""
    result = CliRunner().invoke(command, arguments, env=variables)
    assert (result.exit_code, result.output) == (0, "")
    return dict(GIVEN)


def changed(*arguments: str, **variables: str) -> dict[str, Any]:
    """Options that have other values than without these."""
    plain = options_of()
    return {
        name: value
        for name, value in options_of(*arguments, **variables).items()
        if value != plain[name]
    }


def refusal(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2, result.output
    return result.output


OPTIONS = [each for each in command.params if isinstance(each, GroupedOption)]


def test_each_is_below_a_heading_and_has_a_help() -> None:
    assert command.params == OPTIONS
    assert [each.name for each in OPTIONS if not each.help] == []


def test_they_stand_in_the_order_in_which_they_are_declared() -> None:
    """Headings are in the order of the first option of each, so none may come twice."""
    headings = [each.group for each in OPTIONS]
    assert headings == sorted(headings, key=headings.index)
    assert headings[0] == "Application"
    assert [each.name for each in OPTIONS][:2] == ["env_file", "loop"]


def test_defaults_are_those_of_the_configuration() -> None:
    """What `tornkit serve` makes of no options at all is a `ServeConfig` of no arguments.

    But for what depends on others, which has no default of its own.
    """
    config, given = ServeConfig(), options_of()
    for name in (
        *("loop", "log_level", "access_log", "workers", "boot_timeout", "drain_timeout"),
        *("hang_timeout", "reload", "reload_order", "poll", "watch", "ignore", "dev_tools"),
        *("keys", "engine", "speedups", "port", "address", "unix_socket", "env_file", "editor"),
    ):
        assert given[name] == getattr(config, name), name
    for name in ("max_requests", "max_age"):
        assert given[name] == getattr(config.recycle, name), name
    assert (given["bus_history"], given["bus_history_age"]) == (
        config.bus.history,
        config.bus.history_age,
    )
    assert [given[name] for name in ("preload", "warn_blocking", "max_body_size")] == [None] * 3


class TestVariablesOfOptions:
    def test_the_long_one_counts_before_the_short_one(self) -> None:
        assert changed(TORNKIT_PORT="81") == {"port": 81}
        assert changed(TORNKIT_SERVE_PORT="82", TORNKIT_PORT="81") == {"port": 82}
        assert changed("--port", "83", TORNKIT_SERVE_PORT="82") == {"port": 83}

    @pytest.mark.parametrize(
        ("variable", "value", "found"),
        [
            ("TORNKIT_ADDRESS", "::1", {"address": "::1"}),
            ("TORNKIT_HOST", "::1", {"address": "::1"}),
            ("TORNKIT_SERVE_HOST", "::1", {"address": "::1"}),
            ("TORNKIT_RELOAD", "0", {"reload": False}),
            ("TORNKIT_SERVE_DEV_TOOLS", "no", {"dev_tools": False}),
            ("TORNKIT_NO_PRELOAD", "1", {"no_preload": True}),
            ("TORNKIT_WATCH", "a b:c", {"watch": (Path("a b"), Path("c"))}),
            ("TORNKIT_IGNORE", "*.a *.b", {"ignore": ("*.a", "*.b")}),
            ("TORNKIT_BUS", "redis://a", {"bus": "redis://a"}),
        ],
    )
    def test_each_long_name_is_one(self, variable: str, value: str, found: dict[str, Any]) -> None:
        assert changed(**{variable: value}) == found

    @pytest.mark.parametrize(
        "variable", ["TORNKIT_NO_RELOAD", "TORNKIT_PRELOAD_", "PORT", "TORNKIT_SERVE"]
    )
    def test_others_are_none(self, variable: str) -> None:
        """``--reload/--no-reload`` is one option with a truth value."""
        assert changed(**{variable: "1"}) == {}

    def test_no_two_options_have_the_same(self) -> None:
        variables = [name for each in OPTIONS for name in each.envvar or ()]
        assert len(variables) == len(set(variables)) > 2 * len(OPTIONS)


class TestValuesOfOptions:
    @pytest.mark.parametrize(
        ("arguments", "found"),
        [
            ("--port 0", {"port": 0}),
            ("--port 65535", {"port": 65535}),
            ("--host [::1]", {"address": "::1"}),
            ("--log-level WARNING", {"log_level": "warning"}),
            ("--no-access-log", {"access_log": False}),
            ("--workers 3", {"workers": 3}),
            ("--boot-timeout 0.1", {"boot_timeout": 0.1}),
            ("--drain-timeout 0", {"drain_timeout": 0.0}),
            ("--hang-timeout 0", {"hang_timeout": 0.0}),
            ("--warn-blocking 0", {"warn_blocking": 0.0}),
            ("--max-requests 7", {"max_requests": 7}),
            ("--max-rss 2k", {"max_rss": 2048}),
            ("--max-body-size 1M", {"max_body_size": 1 << 20}),
            ("--bus-max-message 1k", {"bus_max_message": 1024}),
            ("--bus-history 0", {"bus_history": 0}),
            ("--watch a --watch b", {"watch": (Path("a"), Path("b"))}),
            ("--ignore *.log", {"ignore": ("*.log",)}),
            ("--dev-host a --dev-host b", {"dev_host": ("a", "b")}),
            ("--trusted-downstream ::1", {"trusted_downstream": ("::1",)}),
            ("--unix-socket a.sock", {"unix_socket": Path("a.sock")}),
            ("--tls", {"tls": True}),
            ("--open --poll --xheaders", {"open": True, "poll": True, "xheaders": True}),
        ],
    )
    def test_what_they_take(self, arguments: str, found: dict[str, Any]) -> None:
        assert changed(*arguments.split()) == found

    @pytest.mark.parametrize("arguments", ["--workers", "--workers auto", "--workers --poll"])
    def test_workers_for_each_processor(
        self, monkeypatch: pytest.MonkeyPatch, arguments: str
    ) -> None:
        monkeypatch.setattr("tornkit.serve.supervisor.cpus.usable_cpus", lambda: 77)
        found = options_of(*arguments.split())
        assert (found["workers"], found["poll"]) == (77, "--poll" in arguments)

    @pytest.mark.parametrize(
        "arguments",
        [
            *("--port -1", "--port 65536", "--port http", "--loop trio", "--log-level loud"),
            *("--workers 0", "--workers=", "--preload on", "--reload-order last", "--engine none"),
            *("--boot-timeout 0", "--boot-timeout 0.09", "--drain-timeout -1"),
            *("--hang-timeout -0.1", "--warn-blocking -1", "--max-requests -1", "--max-age -1"),
            *("--bus-history -1", "--bus-history-age -1", "--bus http://a", "--max-rss 0"),
            *("--max-body-size much", "--bus-max-message 0", "--host a:80"),
        ],
    )
    def test_what_they_do_not_take(self, arguments: str) -> None:
        name = arguments.replace("=", " ").split()[0].replace("--host", "--address")
        assert f"'{name}'" in refusal(*arguments.split())


def test_the_command_has_them_all() -> None:
    own = {each.name for each in serve.command.params}
    assert {each.name for each in OPTIONS} < own
