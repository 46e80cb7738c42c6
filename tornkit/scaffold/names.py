"""Rules for project names, and the names that follow from one.

In comes NAME as typed, which may be a path; out goes a `ProjectName` or a `UsageError` of one
line, which suggests a name that is valid. Only the text is looked at: whether the folder exists is
the question of `tornkit.scaffold.existing`.

A name is refused when it can't name a distribution and an importable package alike, and when a
project of that name would hide what it needs: pip would take a distribution called `tornado` for
Tornado itself, and Python started in the parent folder could import the wrong `json`.
"""

from __future__ import annotations

import keyword
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from tornkit.errors import UsageError

# PEP 508's rule for a distribution, less a digit in front: that could not be imported.
_VALID = re.compile(r"[A-Za-z](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)

# `sys.stdlib_module_names` leaves out the interpreter's own test package.
_STANDARD_LIBRARY = {name.lower() for name in sys.stdlib_module_names} | {"test"}

# What projects of some template install and run with, as distribution or as import.
_DEPENDENCIES = frozenset(
    {
        "tornkit", "tornado", "click", "rich", "watchfiles", "dotenv", "python_dotenv",
        "httptools", "uvloop", "redis", "hiredis", "sqlalchemy", "alembic", "aiosqlite", "psycopg",
        "asyncpg", "argon2", "argon2_cffi", "pydantic", "httpx", "pytest", "mypy", "ruff",
        "pre_commit", "setuptools", "hatchling", "pip", "wheel", "uv",
    }
)  # fmt: skip

# Files and folders at the top of some project, beside which the package's folder would stand.
_TOP_LEVEL = frozenset(
    {
        "app", "tests", "migrations", "static", "templates", "handlers", "build", "dist", "docs",
        "deploy", "config", "k8s", "nginx", "systemd", "makefile", "dockerfile", "venv",
    }
)  # fmt: skip

_INVALID = (
    "can't name a project (ASCII letters, digits, '-', '_' and '.', with a letter first "
    "and a letter or digit last)"
)
_LONGEST = 60
"""Characters: a container's image, a label in Kubernetes and a user have room for 63 or more."""


@dataclass(frozen=True)
class ProjectName:
    """A checked name in the spellings that the templates need.

    >>> parse("My-Board")
    ProjectName(name='My-Board', package='my_board', title='My Board')
    """

    name: str
    package: str
    """Lower case, digits and underscores: also fit for a container image, a unit and a user."""
    title: str


def folder_of(target: str) -> Path:
    """The absolute folder that NAME means: ``path/to/demo``, ``demo/``, ``.``.

    :raises UsageError: no name is left, as of an empty NAME or ``/``.
    """
    folder = Path(target)
    # absolute() keeps "..", whose last part is no name. Without one, a link keeps its own name.
    folder = Path(os.path.realpath(folder)) if ".." in folder.parts else folder.absolute()
    # Path("") would be the current folder.
    if not target.strip() or not folder.name:
        raise UsageError("the project needs a name: tornkit new NAME")
    return folder


def parse(name: str) -> ProjectName:
    """Check the last part of the path and spell it out; raises UsageError."""
    if reason := _objection(name):
        raise UsageError(f"{name!r} {reason}: try {suggestion(name)}")
    return spelled(name)


def spelled(name: str) -> ProjectName:
    """Spell out a name that a project has already, also one that no new project may have.

    :raises UsageError: it never was a project's name.
    """
    if not _VALID.fullmatch(name):
        raise UsageError(f"{name!r} {_INVALID}")
    words = _words(name)
    return ProjectName(
        name, _package(name), " ".join(word[:1].upper() + word[1:] for word in words)
    )


def suggestion(name: str) -> str:
    """A valid name that is near to one that is not.

    >>> suggestion("my app"), suggestion("1st"), suggestion("json"), suggestion("café")
    ('my-app', 'app-1st', 'json-site', 'cafe')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = "-".join(re.findall(r"[a-z0-9]+", plain))[: _LONGEST - 5].rstrip("-")
    candidates = (base, f"{base}-site", f"app-{base}")
    return next((each for each in candidates if _objection(each) is None), "my-site")


def _objection(name: str) -> str | None:
    """Objection to a name, to be read after it; None where there is none."""
    if not _VALID.fullmatch(name):
        return _INVALID
    if len(name) > _LONGEST:
        return f"is too long for some of what is named for the project ({_LONGEST} characters)"
    package = _package(name)
    if keyword.iskeyword(name) or keyword.iskeyword(package):
        return "is a Python keyword"
    if package in _STANDARD_LIBRARY:
        return "is a module of the standard library, which the project would hide"
    if package in _DEPENDENCIES:
        return "is a package that projects need themselves"
    if package in _TOP_LEVEL:
        return "is the name of another file or folder in projects"
    return None


def _words(name: str) -> list[str]:
    return re.split(r"[-_.]+", name)


def _package(name: str) -> str:
    return "_".join(_words(name)).lower()
