"""Agents that watch Tornado report the same with engine and speedups as without."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
NEEDS = {
    "sentry": "sentry_sdk",
    "opentelemetry": "opentelemetry.instrumentation.tornado",
    "elastic": "elasticapm",
}


def is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a parent
        return False


def reported(agent: str, server: str, when: str) -> list[Any]:
    done = subprocess.run(
        # Their warnings are theirs: about deprecated parts of Python.
        [sys.executable, "-W", "ignore", "-m", "tests.engine.agents.child", agent, server, when],
        capture_output=True, text=True, timeout=60, check=False, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("agent", NEEDS)
def test_an_agent_reports_what_it_reports_with_tornado(agent: str, when: str) -> None:
    if not is_installed(NEEDS[agent]):
        pytest.skip(f"{NEEDS[agent]} is not installed: pip install '.[agents]'")
    without = reported(agent, "tornado", when)
    assert len(without) >= 2 if agent == "sentry" else len(without) >= 14
    assert reported(agent, "tornkit", when) == without
