"""One file for each family of checks; a check is ``RouteTable -> Iterable[Finding]``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tornkit.routing.checks import names, reversal
from tornkit.routing.model import Finding, RouteTable

Check = Callable[[RouteTable], Iterable[Finding]]

ALWAYS: tuple[Check, ...] = (names.check, reversal.check)
"""Cheap enough for every listing."""


def findings(table: RouteTable, checks: Iterable[Check] = ALWAYS) -> tuple[Finding, ...]:
    """What ``checks`` say about ``table``, by code and then by route."""
    found = [finding for check in checks for finding in check(table)]
    return tuple(
        sorted(found, key=lambda f: (f.code == "TK000", f.code, -1 if f.route is None else f.route))
    )
