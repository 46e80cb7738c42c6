"""Programs that are run for their output: helpers of a measurement, and those of the system."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.errors import MeasurementFailed

_VERSION = re.compile(r"\d+\.\d+\S*")


class ProgramFailed(MeasurementFailed):
    """A program ended badly, or not at all; the message is its own last line."""


def output(command: list[str], deadline: float, folder: Path | None = None) -> str:
    """Standard output of the command. Raises ProgramFailed."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=deadline,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"no end after {deadline:g} s: {' '.join(command[1:4])}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]  # pip's; hints follow them
        raise ProgramFailed((errors or lines or [f"status {done.returncode}"])[-1])
    return done.stdout


def versions(names: Iterable[str]) -> dict[str, str]:
    """What each answers to ``--version``, by name, as in `Environment.packages`."""
    found = {name: _version(name) for name in names}
    return {name: version for name, version in found.items() if version is not None}


def _version(program: str) -> str | None:
    """ "v20.20.2"  ->  "20.20.2"; None where the program is not there, or says nothing like it."""
    try:
        done = subprocess.run(
            [program, "--version"],
            check=False,  # wrk's exit status is 1 even here
            capture_output=True,
            text=True,
            timeout=10,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _VERSION.search(done.stdout + done.stderr)
    return version[0] if version else None
