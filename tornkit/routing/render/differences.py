"""Output of ``--diff``: lines for a person, JSON for a program, Markdown for a review.

JSON is one object. ``version`` is that of ``--format json``, and each route is an object as there::

    version, app, tornado      of the table as it is now
    base                       {name, revision, app, tornado}; revision is null for a file
    added, removed             routes
    changed                    [{old, new, fields: {FIELD: {old, new}}}]; both are routes
    moved                      [{route, ahead_of, behind}]; each of [{route, witness}]: the routes
                               that it is now tried before and after, and a URL that both match
                               (null: undecided)
    not_found                  [{application, old, new}]: what answers what no route takes
    findings                   {new, gone}: as in ``--format json``
    summary                    how many of each; different: whether there is any
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tornkit.printable import printable
from tornkit.routing.comparing.diff import Change, Changed, Differences, Finding, Moved, PassedRoute
from tornkit.routing.comparing.saved import SavedRoute, SavedTable
from tornkit.routing.render.below import count
from tornkit.routing.render.findings import FindingLine
from tornkit.routing.render.markdown import code, escaped
from tornkit.routing.render.spans import Span

MOST_PASSED = 5
"""Routes that a person is told of when another has moved past them; JSON has all."""

_STYLES = {"+": "green", "-": "red", "~": "yellow"}
_LABELS = {
    "default_host": "through default_host",
    "path": "pattern",
    "conditions": "all patterns",
    "target": "handler",
    "target_kind": "kind",
    "detail": "does",
    "authenticated": "@authenticated",
    "reverse_outcome": "reverse_url",
    "takes": "takes requests",
}


@dataclass(frozen=True)
class ComparedBase:
    """Base of a comparison. ``name`` is as it was typed, ``revision`` a commit's hash."""

    name: str
    table: SavedTable
    revision: str | None = None

    @property
    def shown(self) -> str:
        """Name of the base in a text: ``main (1a2b3c4)``."""
        return self.name if self.revision is None else f"{self.name} ({self.revision[:7]})"


def lines(found: Differences, new: SavedTable, base: ComparedBase) -> list[FindingLine]:
    """Lines of a comparison for a terminal or a pipe."""
    parts = [
        [_headed("-", route) for route in found.removed],
        [_headed("+", route) for route in found.added],
        [line for each in found.changed for line in _changed(each)],
        [line for each in found.moved for line in _moved(each)],
        [
            FindingLine(
                (Span("~ ", _STYLES["~"]), Span(printable(f"{what}: {_arrow(old, new)}"))), hang=2
            )
            for what, old, new in _others(found)
        ],
        [
            _finding(sign, finding, table)
            for sign, findings, table in _findings(found, new, base)
            for finding in findings
        ],
    ]
    said = [line for part in parts if part for line in (*part, FindingLine())]
    return [*said, FindingLine((Span(printable(summary(found, new, base))),))]


def summary(found: Differences, new: SavedTable, base: ComparedBase) -> str:
    """Summary of a comparison in one line.

    ``Against main (1a2b3c4): 1 route added, 2 changed; 1 finding new.``
    """
    if not found:
        return f"No difference from {base.shown}: {count(len(new.routes), 'route')}."
    routes = _counted(
        "route",
        added=len(found.added),
        removed=len(found.removed),
        changed=len(found.changed),
        moved=len(found.moved),
    )
    if found.not_found:
        routes.append("another answer to what no route takes")
    findings = _counted("finding", new=len(found.new_findings), gone=len(found.gone_findings))
    said = "; ".join(", ".join(part) for part in (routes, findings) if part)
    return f"Against {base.shown}: {said}."


def _counted(what: str, **numbers: int) -> list[str]:
    """Numbers in words, without those that are 0: ``["2 routes added", "1 removed"]``."""
    said = [(number, word) for word, number in numbers.items() if number]
    return [
        f"{number} {word}" if place else f"{count(number, what)} {word}"
        for place, (number, word) in enumerate(said)
    ]


def markdown(found: Differences, new: SavedTable, base: ComparedBase) -> str:
    """Markdown of a comparison, as a comment on a pull request: a table, and a list of findings."""
    parts = [escaped(summary(found, new, base)) + "\n"]
    rows = list(_markdown_rows(found))
    if rows:
        cells = [["", "methods", "pattern", "name", "handler", "what"], ["---"] * 6, *rows]
        parts.append("".join(f"| {' | '.join(row)} |\n" for row in cells))
    listed = [f"{escaped(what)}: {escaped(_arrow(old, now))}" for what, old, now in _others(found)]
    for sign, findings, table in _findings(found, new, base):
        word = "new" if sign == "+" else "gone"
        listed += [f"{word}: {escaped(_finding_text(each, table))}" for each in findings]
    if listed:
        parts.append("".join(f"- {each}\n" for each in listed))
    return "\n".join(parts)


def document(found: Differences, new: SavedTable, base: ComparedBase) -> str:
    """JSON document of a comparison, see the module's docstring."""
    made = {
        "version": 1,
        "app": new.app,
        "tornado": new.tornado,
        "base": {
            "name": base.name,
            "revision": base.revision,
            "app": base.table.app,
            "tornado": base.table.tornado,
        },
        "added": [route.row for route in found.added],
        "removed": [route.row for route in found.removed],
        "changed": [
            {
                "old": each.old.row,
                "new": each.new.row,
                "fields": {c.field: {"old": c.old, "new": c.new} for c in each.changes},
            }
            for each in found.changed
        ],
        "moved": [
            {
                "route": each.route.row,
                "ahead_of": [_passed_row(passed) for passed in each.ahead_of],
                "behind": [_passed_row(passed) for passed in each.behind],
            }
            for each in found.moved
        ],
        "not_found": [vars(each) for each in found.not_found],
        "findings": {"new": list(found.new_findings), "gone": list(found.gone_findings)},
        "summary": {
            "different": bool(found),
            "added": len(found.added),
            "removed": len(found.removed),
            "changed": len(found.changed),
            "moved": len(found.moved),
            "new_findings": len(found.new_findings),
            "gone_findings": len(found.gone_findings),
        },
    }
    return json.dumps(made, indent=2)


# ---- lines ----


def _headed(sign: str, route: SavedRoute) -> FindingLine:
    cells = [
        Span(" ".join(_texts(route.get("methods"))), "cyan"),
        Span(_host(route), "magenta"),
        Span(route.pattern, "bold"),
        Span(route.name or "", "green"),
        Span(_handler(route)),
        Span(_place(route.row), "dim"),
    ]
    spans = [Span(sign, _STYLES[sign])]
    for index, cell in enumerate(each for each in cells if each.text):
        spans += [Span("  " if index else " "), Span(printable(cell.text), cell.style)]
    return FindingLine(tuple(spans), hang=4)


def _changed(changed: Changed) -> Iterator[FindingLine]:
    yield _headed("~", changed.new)
    for change in changed.changes:
        for label, old, new in _told(change, changed):
            text = f"    {label}: {_arrow(old, new)}"
            yield FindingLine((Span(printable(text)),), hang=6)


def _moved(moved: Moved) -> Iterator[FindingLine]:
    yield _headed("~", moved.route)
    for sentence in _moves(moved):
        yield FindingLine((Span(printable(f"    {sentence}")),), hang=6)


def _moves(moved: Moved) -> Iterator[str]:
    for word, others in (("before", moved.ahead_of), ("after", moved.behind)):
        for passed in others[:MOST_PASSED]:
            why = (
                f"both match {passed.witness}"
                if passed.witness is not None
                else "whether both match a URL could not be decided"
            )
            other = passed.route
            yield f"now tried {word} {other.pattern} ({_handler(other)}): {why}"
        if len(others) > MOST_PASSED:
            yield f"and {word} {len(others) - MOST_PASSED} more"


def _finding(sign: str, finding: Finding, table: SavedTable) -> FindingLine:
    spans = (Span(sign, _STYLES["-" if sign == "+" else "+"]), Span(" "))
    return FindingLine((*spans, Span(printable(_finding_text(finding, table)))), hang=4)


# ---- words ----


def _told(change: Change, changed: Changed) -> Iterator[tuple[str, str, str]]:
    """Label, old and new text of a change; of keyword arguments, one for each that differs."""
    label = _LABELS.get(change.field, change.field)
    if change.field == "conditions":
        yield label, changed.old.pattern, changed.new.pattern
    elif isinstance(change.old, dict) and isinstance(change.new, dict):
        for key in dict.fromkeys((*change.old, *change.new)):
            old, new = change.old.get(key), change.new.get(key)
            if old != new:
                yield f"argument {key}", _text(old), _text(new)
    else:
        yield label, _text(change.old), _text(change.new)


def _text(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(_texts(value)) if isinstance(value, list) else str(value)


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _arrow(old: str, new: str) -> str:
    return f"{old} -> {new}"


def _host(route: SavedRoute) -> str:
    return f"{route.host} (default_host)" if route.get("default_host") is True else route.host


def _handler(route: SavedRoute) -> str:
    detail = route.get("detail")
    short = route.target.rpartition(".")[2]
    return f"{short} {detail}" if isinstance(detail, str) else short


def _place(row: Mapping[str, Any]) -> str:
    for key in ("declared", "source", "where"):
        where = row.get(key)
        if isinstance(where, dict):
            return f"{where.get('file')}:{where.get('line')}"
    return ""


def _others(found: Differences) -> Iterator[tuple[str, str, str]]:
    several = any(each.application for each in found.not_found)
    for each in found.not_found:
        which = f" (application {each.application})" if several else ""
        yield f"anything else{which}", each.old or "none", each.new or "none"


def _findings(
    found: Differences, new: SavedTable, base: ComparedBase
) -> Iterator[tuple[str, Sequence[Finding], SavedTable]]:
    yield "-", found.gone_findings, base.table
    yield "+", found.new_findings, new


def _finding_text(finding: Finding, table: SavedTable) -> str:
    """Text of a finding: ``TK302 /opt/? opt: no route takes the URL (app.py:12)``."""
    index = finding.get("route")
    route = next((each for each in table.routes if each.index == index), None)
    about = "" if route is None else f" {route.pattern}{f' {route.name}' if route.name else ''}:"
    where = _place(finding)
    message = " ".join(str(finding.get("message", "")).split())
    return f"{finding.get('code')}{about} {message}{f' ({where})' if where else ''}"


# ---- JSON and Markdown ----


def _passed_row(passed: PassedRoute) -> dict[str, Any]:
    return {"route": passed.route.row, "witness": passed.witness}


def _markdown_rows(found: Differences) -> Iterator[list[str]]:
    for route in found.removed:
        yield [*_markdown_cells("removed", route), ""]
    for route in found.added:
        yield [*_markdown_cells("added", route), ""]
    for each in found.changed:
        told = (
            f"{escaped(label)}: {_span(old)} -> {_span(new)}"
            for change in each.changes
            for label, old, new in _told(change, each)
        )
        yield [*_markdown_cells("changed", each.new), "<br>".join(told)]
    for moved in found.moved:
        said = "<br>".join(escaped(sentence) for sentence in _moves(moved))
        yield [*_markdown_cells("moved", moved.route), said]


def _markdown_cells(sign: str, route: SavedRoute) -> list[str]:
    pattern = f"{_host(route)} {route.pattern}".strip()
    return [
        sign,
        escaped(" ".join(_texts(route.get("methods")))),
        *(_span(text) for text in (pattern, route.name or "", _handler(route))),
    ]


def _span(text: str) -> str:
    return code(text).replace("|", r"\|")
