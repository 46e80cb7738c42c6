"""Families of checks, a module for each, with a ``check``: ``RouteTable -> Iterable[Finding]``.

A module that reads code rather than a table has a ``check_all`` as well, for all tables of a
program: the code is theirs together, and is to be judged once.
Modules are named rather than imported: a plain listing pays for none but the two that it shows.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from tornkit.routing.findings.codes import LISTED
from tornkit.routing.model import Finding, RouteTable


def findings(
    table: RouteTable,
    families: Iterable[str] = LISTED,
    begun: Callable[[str], None] = lambda family: None,
    program: Sequence[RouteTable] = (),
) -> tuple[Finding, ...]:
    """Findings of these families of checks in ``table``, by code and then by route.

    :param begun: called with the name of each family before it runs, to show progress.
    :param program: all tables of the program, where there are more than this.
    """
    found: list[Finding] = []
    for family in families:
        begun(family)
        module = _module(family)
        check_all = getattr(module, "check_all", None)
        if check_all is None or not program:
            found += module.check(table)
        elif table is program[0]:
            found += check_all(program)
    return tuple(
        sorted(found, key=lambda f: (f.code == "TK000", f.code, -1 if f.route is None else f.route))
    )


def _module(family: str) -> _Family:
    module: _Family = importlib.import_module(f"{__name__}.{family}")
    return module


class _Family(Protocol):
    """Protocol of the modules of this package: each has a check of a route table."""

    def check(self, table: RouteTable) -> Iterable[Finding]:
        """Findings of the family in ``table``."""
