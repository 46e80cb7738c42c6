"""Programs that come from the system, not from the virtual environment."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable

_VERSION = re.compile(r"\d+\.\d+\S*")


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
