"""The virtual environment that all servers run from: made once, then reused.

Every server runs from the same one, tornkit too (installed editable), so that all import the same
uvloop and watchfiles with the same interpreter. A file in it, the stamp, tells what was
asked of pip. A group of requirements that the stamp names is not installed again; one that failed
is not in it, so it is tried again by the next run. A folder without a stamp is somebody else's and
is never touched.
"""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TypedDict

from tests.benchmarks import programs
from tests.benchmarks.errors import CannotMeasure

REPOSITORY = Path(__file__).resolve().parents[3]
HOME = REPOSITORY / ".benchmarks"

_STAMP = "tornkit-benchmarks.json"
_PIP_DEADLINE = 900.0
_MAKE_DEADLINE = 120.0


class _Stamp(TypedDict):
    """What the environment was made with, and every list of arguments that pip was given."""

    python: str
    complete: bool
    installed: list[list[str]]


class InstallFailed(CannotMeasure):
    """pip, or making the environment, ended badly; the message is its own last line."""


class Environment:
    """A virtual environment at ``path``; `prepare` it before anything else."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.bin = self.path / "bin"
        self._stamp = self.path / _STAMP

    def prepare(self) -> None:
        """Make it if it is not there, or if it is of another Python; install what all need.

        Raises InstallFailed, also for a folder that is there and was not made by this.
        """
        if self.path.exists() and any(self.path.iterdir()) and not self._stamp.exists():
            raise InstallFailed(f"{self.path} was not made by this: give --venv another folder")
        if not self._is_usable():
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True)
            # The stamp comes first: an interrupted start must not look like somebody else's.
            self._write_stamp([])
            _run([sys.executable, "-m", "venv", str(self.path)], _MAKE_DEADLINE)
            self._write_stamp([], complete=True)
        with (REPOSITORY / "pyproject.toml").open("rb") as file:
            dependencies = tomllib.load(file)["project"]["dependencies"]
        # The dependencies are spelt out so that a change of them is a change of the list.
        self.install("--editable", f"{REPOSITORY}[uvloop]", *dependencies)

    def install(self, *requirements: str) -> None:
        """Let pip install the requirements, unless it has done so before; InstallFailed if not."""
        if not requirements:
            return
        installed = self._read_stamp()["installed"]
        if list(requirements) in installed:
            return
        pip = [str(self.bin / "python"), "-m", "pip", "install"]
        _run([*pip, "--quiet", "--disable-pip-version-check", *requirements], _PIP_DEADLINE)
        self._write_stamp([*installed, list(requirements)], complete=True)

    def packages(self) -> dict[str, str]:
        """Version of every package in it, by name."""
        pip = [str(self.bin / "python"), "-m", "pip", "list"]
        text = _run([*pip, "--format=json", "--disable-pip-version-check"], _MAKE_DEADLINE)
        return {package["name"].lower(): package["version"] for package in json.loads(text)}

    def _is_usable(self) -> bool:
        if not self._stamp.exists():
            return False
        stamp = self._read_stamp()
        return stamp["complete"] and stamp["python"] == sys.version

    def _read_stamp(self) -> _Stamp:
        stamp: _Stamp = json.loads(self._stamp.read_text())
        return stamp

    def _write_stamp(self, installed: list[list[str]], *, complete: bool = False) -> None:
        stamp = _Stamp(python=sys.version, complete=complete, installed=installed)
        self._stamp.write_text(json.dumps(stamp, indent=2) + "\n")


def _run(command: list[str], deadline: float) -> str:
    """Standard output of the command. Raises InstallFailed."""
    try:
        return programs.output(command, deadline)
    except programs.ProgramFailed as failure:
        raise InstallFailed(str(failure)) from None
