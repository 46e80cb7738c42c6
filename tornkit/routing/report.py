"""Makes a `Report` of live applications: extracts their routes, then checks them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import tornado

from tornkit.routing.checks import findings
from tornkit.routing.findings.codes import LISTED
from tornkit.routing.model import Report
from tornkit.routing.tables import route_tables

Progress = Callable[[str, int, int], None]
"""Called before a family of checks: its name, its number from 1, how many there are."""


def report_on(
    applications: Iterable[object],
    app: str,
    families: Sequence[str] = LISTED,
    progress: Progress | None = None,
    *,
    program: str | None = None,
    declared: bool = False,
) -> Report:
    """Everything that `tornkit routes` shows of the applications that one program serves.

    :param applications: each an ``Application``, another ``HTTPServerConnectionDelegate``, or
        an old-style callback.
    :param app: how to call them: what the user typed, or what was found for it.
    :param families: the checks to run, see `tornkit.routing.checks`.
    :param program: the file that was run as ``__main__``, if one was.
    :param declared: whether to look for the line of each rule, for which files are read.
    """
    tables = route_tables(applications, program=program)
    if declared:
        from tornkit.routing.reading.declared import with_declarations

        tables = tuple(with_declarations(table) for table in tables)
    numbers = itertools.count(1)

    def begun(family: str) -> None:
        if progress is not None:
            progress(family, next(numbers), len(tables) * len(families))

    found = (each for table in tables for each in findings(table, families, begun, tables))
    return Report(app, tornado.version, tables, tuple(found))
