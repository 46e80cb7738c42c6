"""One file for each family of checks; each has a ``check``: ``RouteTable -> Iterable[Finding]``.

They are named rather than imported: a plain listing pays for none but the two that it shows.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Protocol

from tornkit.routing.model import Finding, RouteTable

LISTED = ("names", "reversal")
"""Cheap enough for every listing, which shows what they say."""

ALL = (*LISTED, "reachability", "handlers", "patterns", "references", "backtracking")


def findings(table: RouteTable, families: Iterable[str] = LISTED) -> tuple[Finding, ...]:
    """What the checks of these families say about ``table``, by code and then by route."""
    found = [each for family in families for each in _module(family).check(table)]
    return tuple(
        sorted(found, key=lambda f: (f.code == "TK000", f.code, -1 if f.route is None else f.route))
    )


def _module(family: str) -> _Family:
    module: _Family = importlib.import_module(f"{__name__}.{family}")
    return module


class _Family(Protocol):
    """What a module of this package offers."""

    def check(self, table: RouteTable) -> Iterable[Finding]:
        """What it has to say about ``table``."""
