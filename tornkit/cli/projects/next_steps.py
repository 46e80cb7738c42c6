"""Commands to run once a project is made, such that they work as they are printed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tornkit.printable import printable
from tornkit.scaffold import installed
from tornkit.scaffold.plan import Plan

_OLDEST = (3, 11)
_INSTALL = ".venv/bin/pip install -e . --group dev"


def next_steps(plan: Plan) -> list[str]:
    """Commands to run next, three at most, for the environment that tornkit runs in."""
    pyproject = next(
        (file.content.decode() for file in plan.files if str(file.path) == "pyproject.toml"), ""
    )
    if is_in_active_environment() and installed.has_all(pyproject):
        lines = ["tornkit serve", "python -m pytest"]
    elif shutil.which("uv"):
        lines = ["uv sync", "uv run tornkit serve", "uv run pytest"]
    else:
        python = shlex.quote(printable(python_command()))
        lines = [
            f"{python} -m venv --upgrade-deps .venv && {_INSTALL}",
            ".venv/bin/tornkit serve",
            ".venv/bin/pytest",
        ]
    if plan.shown != ".":
        lines.insert(0, f"cd {shlex.quote(printable(plan.shown))}")
    return lines[:3]


def is_in_active_environment() -> bool:
    """Whether the words ``tornkit`` and ``python`` mean this virtual environment's."""
    active = os.environ.get("VIRTUAL_ENV")
    if not active or sys.prefix == sys.base_prefix:
        return False
    command = shutil.which("tornkit")
    return command is not None and Path(command).parent.samefile(Path(sys.prefix, "bin"))


def python_command() -> str:
    """A command that starts a Python that is new enough, outside of any environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    for name in ("python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
        found = shutil.which(name)
        if found and (os.path.realpath(found) == os.path.realpath(base) or _is_new_enough(found)):
            return name
    return str(base)


def _is_new_enough(python: str) -> bool:
    """Whether that Python can have tornkit; it may be a system's old one, or a manager's shim."""
    code = f"import sys; sys.exit(sys.version_info < {_OLDEST})"
    try:
        done = subprocess.run(
            [python, "-I", "-S", "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=2,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
