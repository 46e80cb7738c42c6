"""Rules for project names, and the names that follow from one.

In comes NAME as typed, which may be a path; out goes a `ProjectName` or a `UsageError` of one
line. Only the text is looked at: whether the folder exists is `create`'s question.

A name is refused when it can't name a distribution and an importable package alike, and when a
project of that name would hide what it needs: pip would take a distribution called `tornado` for
Tornado itself, and Python started in the parent folder could import the wrong `json`.
"""

from __future__ import annotations

import keyword
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tornkit.errors import UsageError

# PEP 508's rule for a distribution, less a digit in front: that could not be imported.
_VALID = re.compile(r"[A-Za-z](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)

# `sys.stdlib_module_names` leaves out the interpreter's own test package.
_STANDARD_LIBRARY = {name.lower() for name in sys.stdlib_module_names} | {"test"}

# What the project installs and runs with, as distribution or as import.
_DEPENDENCIES = frozenset(
    {
        "tornkit", "tornado", "click", "rich", "watchfiles", "dotenv", "python_dotenv",
        "httptools", "uvloop", "pytest", "setuptools", "pip", "wheel",
    }
)  # fmt: skip


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

    Raises UsageError where no name is left: an empty NAME, ``/``.
    """
    folder = Path(target)
    # absolute() keeps "..", whose last part is no name. Without one, a link keeps its own name.
    folder = Path(os.path.realpath(folder)) if ".." in folder.parts else folder.absolute()
    # Path("") is the current folder, which nobody has asked for.
    if not target.strip() or not folder.name:
        raise UsageError("the project needs a name: tornkit new NAME")
    return folder


def parse(name: str) -> ProjectName:
    """Check the last part of the path and spell it out; raises UsageError."""
    if not _VALID.fullmatch(name):
        raise UsageError(
            f"{name!r} can't name a project: use ASCII letters, digits, '-', '_' and '.', "
            "with a letter first and a letter or digit last"
        )
    words = re.split(r"[-_.]+", name)
    package = "_".join(words).lower()
    _refuse_taken(name, package)
    return ProjectName(name, package, " ".join(word[:1].upper() + word[1:] for word in words))


def _refuse_taken(name: str, package: str) -> None:
    if keyword.iskeyword(name) or keyword.iskeyword(package):
        reason = "is a Python keyword"
    elif package in _STANDARD_LIBRARY:
        reason = "is a module of the standard library, which the project would hide"
    elif package in _DEPENDENCIES:
        reason = "is a package that the project itself needs"
    else:
        return
    raise UsageError(f"{name!r} {reason}: choose another name, such as {name.lower()}-site")
