"""From live applications to a `Report`: extract, then check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import tornado

from tornkit.routing.checks import LISTED, findings
from tornkit.routing.extract import route_tables
from tornkit.routing.model import Report


def report_on(applications: Iterable[object], app: str, families: Sequence[str] = LISTED) -> Report:
    """Everything that `tornkit routes` shows of the applications that one program serves.

    :param applications: each an ``Application``, another ``HTTPServerConnectionDelegate``, or
        an old-style callback.
    :param app: how to call them: what the user typed, or what was found for it.
    :param families: the checks to run, see `tornkit.routing.checks`.
    """
    tables = route_tables(applications)
    found = (finding for table in tables for finding in findings(table, families))
    return Report(app, tornado.version, tables, tuple(found))
