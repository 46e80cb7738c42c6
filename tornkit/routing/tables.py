"""Live applications as route tables, with every name reversed."""

from __future__ import annotations

from collections.abc import Iterable

from tornkit.routing.model import RouteTable
from tornkit.routing.reading.extract import extracted
from tornkit.routing.reversing.reverse import with_reversals


def route_tables(
    applications: Iterable[object], *, program: str | None = None
) -> tuple[RouteTable, ...]:
    """The tables of all applications that one program serves; indices run on.

    :param program: the file that was run as ``__main__``, if one was.
    """
    tables: list[RouteTable] = []
    for application in applications:
        start = sum(len(table.routes) for table in tables)
        tables.append(route_table(application, start=start, program=program))
    return tuple(tables)


def route_table(application: object, *, start: int = 0, program: str | None = None) -> RouteTable:
    """One application's routes in match order, names reversed; indices begin at ``start``.

    :param application: an ``Application``, another ``HTTPServerConnectionDelegate``, or an
        old-style callback.
    :param program: the file that was run as ``__main__``, if one was.
    """
    found = extracted(application, start, program)
    return with_reversals(found.table, found.reversers)
