"""Plugin of pytest's that is found by itself where tornkit is installed: fixtures, no test runs.

It collects and runs nothing, makes no event loop for tests and sets no policy, so it goes with
every other plugin. Loaded in each run of pytest, it imports neither Tornado nor an HTTP client
until a test asks for a fixture that needs them; and a fixture's name that another installed plugin
has, as pytest-django has ``client``, is left to that one in projects without ``[tool.tornkit]``.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tornkit.testing import fixtures

_SHORT = ("client", "aclient", "sign_in", "live_server", "assert_routes_ok")
_TOLD = "tornkit_routes"  # key of what a worker of xdist tells


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--tornkit-routes``."""
    parser.getgroup("tornkit").addoption(
        "--tornkit-routes",
        action="store_true",
        help="At the end, list the application's routes that no test has reached.",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures, and what ``--tornkit-routes`` needs."""
    config.pluginmanager.register(_fixtures(config), "tornkit-fixtures")
    if config.getoption("--tornkit-routes"):
        from tornkit.testing.reached import ReachedRoutes

        report = _RoutesReport(config, ReachedRoutes(config.rootpath))
        config.pluginmanager.register(report, fixtures.ROUTES_PLUGIN)


def _fixtures(config: pytest.Config) -> ModuleType:
    """Module with the fixtures, without short names that another plugin has."""
    others = [plugin for plugin, _ in config.pluginmanager.list_plugin_distinfo()]
    taken = {name for name in _SHORT if any(hasattr(plugin, name) for plugin in others)}
    if not taken or _is_project(config):
        return fixtures
    left = ModuleType(fixtures.__name__, fixtures.__doc__)
    vars(left).update({key: each for key, each in vars(fixtures).items() if key not in taken})
    return left


def _is_project(config: pytest.Config) -> bool:
    """Whether the pyproject.toml of the root folder has ``[tool.tornkit]``."""
    from tornkit.errors import UsageError
    from tornkit.pyproject import read_tool_table

    file = config.rootpath / "pyproject.toml"
    try:
        return file.is_file() and bool(read_tool_table(file))
    except UsageError:  # a fixture that needs the file says so
        return False


class _RoutesReport:
    """Hooks of ``--tornkit-routes`` that gather the routes reached, also of xdist, and print."""

    def __init__(self, config: pytest.Config, reached: Any) -> None:
        self._config = config
        self.reached = reached

    def pytest_sessionfinish(self) -> None:
        told = getattr(self._config, "workeroutput", None)
        if told is not None:
            told[_TOLD] = self.reached.told()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.reached.hear(getattr(node, "workeroutput", {}).get(_TOLD, ()))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("routes that no test has reached")
        for line in self.reached.lines():
            terminalreporter.write_line(line)
