"""Reads a route table back from the JSON that ``--format json`` wrote.

Takes what an older tornkit wrote as well: what a document does not say is unknown (`UNKNOWN`),
which equals nothing and differs from nothing. Files and messages may name a folder that the
document was made in but that stands for another; `read` puts that one in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tornkit.regex.patterns.pattern import shown
from tornkit.regex.patterns.prefix import required_prefix
from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)

FORMAT = 1
"""The newest ``version`` of a document that is understood."""


class Unknown:
    """The value of a key that the document does not have."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class NotATable(ValueError):
    """The text is not a route table's JSON document. ``str(error)`` ends a sentence on why."""


@dataclass(frozen=True)
class SavedRoute:
    """A route of a saved table; ``row`` is its JSON object, an element of ``routes``."""

    row: Mapping[str, Any]

    def get(self, key: str) -> Any:
        """The value of a key, `UNKNOWN` where the document has none."""
        return self.row.get(key, UNKNOWN)

    @property
    def index(self) -> int:
        """Place of the route in match order."""
        return int(self.row["index"])

    @property
    def application(self) -> int:
        """Number of the program's application that the route is in."""
        return int(self.row.get("application", 0))

    @property
    def host(self) -> str:
        """Host rules of the route and its routers, as written; empty where any host will do."""
        return str(self.row.get("host") or "")

    @property
    def name(self) -> str | None:
        """Name by which ``reverse_url`` knows the route."""
        name = self.row.get("name")
        return None if name is None else str(name)

    @property
    def target(self) -> str:
        """The handler's dotted name."""
        return str(self.row.get("target", ""))

    @cached_property
    def conditions(self) -> tuple[Condition, ...] | None:
        """Conditions (host, path, matcher) of the route's routers and its own, outermost first.

        None where the document has none, or this Python can't compile a regex of it.
        """
        found = self.row.get("conditions")
        if not isinstance(found, list):
            return None
        try:
            return tuple(_condition(each) for each in found)
        except (re.error, KeyError, TypeError, ValueError, OverflowError, RecursionError):
            return None  # another version's syntax

    @cached_property
    def beginning(self) -> str:
        """Literal beginning of all paths that the route takes, as far as that is easy to see."""
        regexes = [each.regex for each in self.conditions or () if isinstance(each, PathCondition)]
        return max((required_prefix(regex) for regex in regexes), key=len, default="")

    @cached_property
    def pattern(self) -> str:
        """Path rules of the routers and the route, outermost first: ``/api/.* & /api/users``."""
        if self.conditions is None:
            return str(self.row.get("path") or "(any)")
        parts = [
            f"<{condition.label}{f' {condition.pattern}' if condition.pattern else ''}>"
            if isinstance(condition, CustomCondition)
            else shown(condition.regex)
            for condition in self.conditions
            if isinstance(condition, PathCondition | CustomCondition)
        ]
        return " & ".join(parts) or "(any)"


@dataclass(frozen=True)
class SavedTable:
    """A saved route table. ``not_found`` is the target of unmatched requests, by application."""

    app: str
    tornado: str
    routes: tuple[SavedRoute, ...]
    findings: tuple[Mapping[str, Any], ...] = ()
    not_found: tuple[tuple[int, str], ...] | None = None


def read(text: str, *, moved: tuple[str, str] | None = None) -> SavedTable:
    """Read a route table's JSON; routes come in match order, however they were sorted.

    :param moved: (folder, other): ``folder`` is replaced by ``other`` in all texts.
    :raises NotATable: it is something else, or only a part of a table.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotATable(f"it is not JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(document.get("routes"), list):
        raise NotATable("it has no routes")
    version = document.get("version", FORMAT)
    if not isinstance(version, int) or version > FORMAT:
        raise NotATable(f"a newer tornkit wrote it (version {version} of the format)")
    if moved is not None:
        document = _renamed(document, *moved)
    try:
        table = _table(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotATable("its routes are not of the form that tornkit writes") from None
    total = (document.get("summary") or {}).get("routes", len(table.routes))
    if total != len(table.routes):
        raise NotATable(
            f"it has {len(table.routes)} of {total} routes: make it without --grep and the like"
        )
    return table


def _table(document: Mapping[str, Any]) -> SavedTable:
    routes = [SavedRoute(dict(row)) for row in document["routes"]]
    findings = document.get("findings") or []
    summary = document.get("summary") or {}
    not_found = summary.get("not_found")
    return SavedTable(
        str(document.get("app", "")),
        str(document.get("tornado", "")),
        tuple(sorted(routes, key=lambda route: route.index)),
        tuple(dict(finding) for finding in findings),
        None
        if not_found is None
        else tuple((int(each["application"]), str(each["target"])) for each in not_found),
    )


def _condition(saved: Mapping[str, Any]) -> Condition:
    match saved["kind"]:
        case "path":
            return PathCondition(_regex(saved))
        case "host":
            return HostCondition(_regex(saved))
        case "default_host":
            return DefaultHostCondition(_regex(saved), saved["default_host"])
        case "custom":
            return CustomCondition(saved["matcher"], saved["regex"])
        case _:
            raise ValueError(saved["kind"])


def _regex(saved: Mapping[str, Any]) -> re.Pattern[str]:
    # With DEBUG, the pattern would be printed.
    return re.compile(saved["regex"], saved["flags"] & ~re.DEBUG)


def _renamed(value: Any, folder: str, other: str) -> Any:
    if isinstance(value, str):
        return value.replace(folder, other)
    if isinstance(value, list):
        return [_renamed(each, folder, other) for each in value]
    if isinstance(value, dict):
        return {key: _renamed(each, folder, other) for key, each in value.items()}
    return value
