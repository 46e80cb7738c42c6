"""What is started on a core stays there, and who started it goes back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.benchmarks import cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="the system pins no process"
)

_SAY_WHERE = "import os; print(sorted(os.sched_getaffinity(0)))"


def test_a_child_runs_on_the_core_and_its_parent_where_it_did() -> None:
    before = os.sched_getaffinity(0)
    core = max(before)
    with cores.on(core):
        said = subprocess.run(
            [sys.executable, "-c", _SAY_WHERE], check=True, capture_output=True, text=True
        )
    assert said.stdout.strip() == f"[{core}]"
    assert os.sched_getaffinity(0) == before


def test_server_and_load_are_never_given_the_same_core() -> None:
    pair = cores.two()
    if len(os.sched_getaffinity(0)) > 1:
        assert pair.server is not None
        assert pair.server != pair.load
    with cores.on(min(os.sched_getaffinity(0))):
        alone = cores.two()
    assert alone.server is alone.load is None
    assert "not pinned" in str(alone)
