"""Look at this environment: whether it has the packages that a project requires.

An answer that is wrongly no costs a user one command that does nothing, so anything not understood
counts as missing.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)\s*(?:\[(?P<extras>[^]]*)\])?\s*(?P<rest>[^;]*)(?P<marker>;.*)?"
)
_CLAUSE = re.compile(r"\s*(>=|<)\s*([0-9.]+)\s*")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def has_all(pyproject: str) -> bool:
    """Whether the dependencies of a project, and its developers', are installed here."""
    document = tomllib.loads(pyproject)
    needed = [
        *document.get("project", {}).get("dependencies", []),
        *document.get("dependency-groups", {}).get("dev", []),
    ]
    return all(map(is_installed, needed))


def is_installed(requirement: str) -> bool:
    """Whether one requirement is met, its extras too.

    >>> is_installed("tornado>=6.5,<7"), is_installed("tornado>=99")
    (True, False)
    """
    parts = _REQUIREMENT.fullmatch(requirement.strip())
    if parts is None:
        return False
    try:
        found = distribution(parts["name"])
    except PackageNotFoundError:
        return False
    # "@ URL": from where tornkit was installed, which is this one.
    clauses = parts["rest"].strip()
    if clauses and not clauses.startswith("@") and not _fits(found.version, clauses):
        return False
    wanted = {_normal(each) for each in (parts["extras"] or "").split(",") if each.strip()}
    return all(
        is_installed(needed.partition(";")[0])
        for needed in found.requires or ()
        if (extra := _EXTRA.search(needed)) and _normal(extra[1]) in wanted
    )


def _fits(version: str, clauses: str) -> bool:
    for clause in clauses.split(","):
        parts = _CLAUSE.fullmatch(clause)
        if parts is None:
            return False
        enough = _numbers(version) >= _numbers(parts[2])
        if enough != (parts[1] == ">="):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """Numbers of a version, without zeros at the end: ``2.0.40rc1`` -> ``(2, 0, 40)``."""
    release = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(each) for each in release[0].split(".")] if release else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
