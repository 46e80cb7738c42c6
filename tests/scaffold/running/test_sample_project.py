"""The sample project, run as its own users run it: its tests pass, and its code is clean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scaffold import sample
from tests.scaffold.running.conftest import Run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return sample.copy(tmp_path)


@pytest.mark.thorough
@pytest.mark.timeout(200)
def test_its_own_tests_pass(project: Path, run: Run) -> None:
    output = run(
        project,
        *("-m", "pytest", "-p", "no:cacheprovider", "-p", "tornkit.pytest_plugin", "--timeout=60"),
        "--tornkit-routes",
        # What else is installed here is not the project's doing.
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTEST_PLUGINS="pytest_timeout",
    )
    assert re.search(r"^=+ \d+ passed in ", output, re.MULTILINE), output
    assert re.search(r"^each of \d+ routes, by each method$", output, re.MULTILINE), output


@pytest.mark.thorough  # which has ruff and mypy; the ordinary environment has not
@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--check", "--no-cache", "."),
        ("mypy", "--cache-dir", "../types"),
    ],
    ids=" ".join,
)
def test_its_code_is_clean(project: Path, run: Run, command: tuple[str, ...]) -> None:
    pytest.importorskip(command[0])
    run(project, "-m", *command)


def test_its_tables_are_those_of_its_migrations(project: Path, run: Run) -> None:
    run(project, "-m", "board.migrate", "new", "nothing", status=1)
    assert len(list((project / "board/migrations/versions").glob("*.py"))) == 2
