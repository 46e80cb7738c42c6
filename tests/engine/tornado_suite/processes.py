"""One child process a loop: started, given a time limit, and read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.engine.tornado_suite.outcome import Failure, Outcome

LOOPS = ("asyncio", "uvloop")
REPOSITORY = Path(__file__).parents[3]


def run(
    server: str,
    loop: str,
    patterns: tuple[str, ...] = (),
    limit: float = 300,
    *,
    speedups: bool = False,
    websocket: bool = False,
    responses: Path | None = None,
) -> Outcome:
    """Tornado's tests with ``server`` ("module:Class") on ``loop``, in a Python of their own.

    ``limit`` is in seconds. A child that crashes, or takes longer, is an Outcome whose failure
    says so. ``speedups`` has tornkit's installed, ``websocket`` its WebSocket protocol;
    ``responses`` is a file for what was answered.
    """
    command = [sys.executable, "-m", "tests.engine.tornado_suite.child", server, loop, *patterns]
    if speedups:
        command.append("--speedups")
    if websocket:
        command.append("--websocket")
    if responses is not None:
        command.append(f"--responses={responses}")
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as expired:
        said = (expired.stderr or b"").decode(errors="replace")
        return _broken(server, loop, f"not done after {limit:g} s\n{said}")
    try:
        return Outcome.from_json(done.stdout)
    except (ValueError, KeyError, TypeError):
        why = f"ended with code {done.returncode} and no answer\n{done.stdout}{done.stderr}"
        return _broken(server, loop, why)


def _broken(server: str, loop: str, why: str) -> Outcome:
    return Outcome(server=server, loop=loop, failures=(Failure("the whole run", why),))
