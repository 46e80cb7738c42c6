from __future__ import annotations

import asyncio
import subprocess
import sys
import warnings

import pytest

from tornkit.engine import loops


def loop_after(choice: str) -> str:
    """The module of the loop that a process gets which has chosen."""
    lines = [
        "import asyncio, sys",
        "from tornkit.engine import loops",
        f"loops.use({choice!r})",
        "async def main(): print(type(asyncio.get_running_loop()).__module__)",
        "asyncio.run(main())",
    ]
    command = [sys.executable, "-W", "error", "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("choice", "module"), [("asyncio", "asyncio.unix_events"), ("uvloop", "uvloop")]
)
def test_new_loops_are_of_the_kind_that_was_chosen(choice: str, module: str) -> None:
    assert loop_after(choice) == module


def test_what_is_asked_for_and_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # since Python 3.14
        policy = asyncio.get_event_loop_policy()
        with pytest.raises(ModuleNotFoundError):
            loops.use("uvloop")
        assert asyncio.get_event_loop_policy() is policy
