"""Generated projects for the tests of what `--with` adds, and the programs that judge their files.

texts("site", "docker")  ->  {"Dockerfile": "# syntax=...", ...}: what the addition has given
write(folder, "site", "docker", "compose")  ->  the whole project, on disk
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import cast

import pytest

from tornkit.scaffold import names, plan
from tornkit.scaffold.answers import FILE, Answers
from tornkit.scaffold.catalogue import FEATURES, TEMPLATES

NAME = "My-Board"
PACKAGE = "my_board"
FROM_INDEX = "tornkit>=0.1.0"
FROM_FOLDER = "tornkit @ file:///home/me/tornkit"
FROM_WHEEL = "tornkit @ file:///home/me/dist/tornkit-0.1.0-py3-none-any.whl"
FROM_REPOSITORY = "tornkit @ git+https://example.com/tornkit.git@abc"
REQUIREMENTS = (FROM_INDEX, FROM_FOLDER, FROM_WHEEL, FROM_REPOSITORY)

with_store = ("site", "api")
with_secret = ("site", "realtime")

each_template = pytest.mark.parametrize("template", TEMPLATES)
each_requirement = pytest.mark.parametrize(
    "requirement", REQUIREMENTS, ids=("index", "folder", "wheel", "repository")
)


class _Additions:
    """The templates' folder as if it held nothing but the additions, which is rendered quickly."""

    def joinpath(self, *parts: str) -> Traversable:
        return plan.templates().joinpath(*parts if parts[0] == "with" else ("none",))

    __truediv__ = joinpath


@cache
def _added(template: str, features: frozenset[str], requirement: str, name: str) -> dict[str, str]:
    answers = Answers(names.parse(name), template, features, requirement)
    files = plan.files_of(answers, cast(Traversable, _Additions()))
    return {str(file.path): file.content.decode() for file in files if file.path.name != FILE}


def texts(
    template: str, *features: str, requirement: str = FROM_INDEX, name: str = NAME
) -> dict[str, str]:
    """Files that additions give a project, by their paths; all additions unless some are named."""
    return _added(template, frozenset(features or FEATURES), requirement, name)


def text(path: str, template: str, *features: str, requirement: str = FROM_INDEX) -> str:
    """One of those files."""
    return texts(template, *features, requirement=requirement)[path]


def files(
    template: str, *features: str, requirement: str = FROM_INDEX
) -> tuple[plan.PlannedFile, ...]:
    """All files of a project, with all additions unless some are named."""
    answers = Answers(names.parse(NAME), template, frozenset(features or FEATURES), requirement)
    return plan.files_of(answers, plan.templates())


def write(folder: Path, template: str, *features: str, requirement: str = FROM_INDEX) -> Path:
    """The whole project, written to ``folder``."""
    for file in files(template, *features, requirement=requirement):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return folder


def write_each(folder: Path, path: str, features: tuple[str, ...]) -> list[Path]:
    """One file of every template and requirement, with these additions and with all of them."""
    written: list[Path] = []
    for template in TEMPLATES:
        for requirement in REQUIREMENTS:
            for chosen in (features, ()):
                place = folder / f"{len(written)}{Path(path).suffix}"
                place.write_text(text(path, template, *chosen, requirement=requirement))
                written.append(place)
    return written


def tool(name: str) -> str:
    """The path of a program beside this Python, or on PATH; the test is skipped without."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here")
    return found


def judge(
    *command: str | Path,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    timeout: float = 60,
) -> str:
    """Run a program that is content, and return what it says; the test fails if it is not."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
