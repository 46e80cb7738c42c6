from __future__ import annotations

from collections.abc import Iterator

from tornkit.routing.model import Finding, RouteTable


def check(table: RouteTable) -> Iterator[Finding]:
    yield from ()
