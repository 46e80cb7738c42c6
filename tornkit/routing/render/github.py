"""GitHub's workflow commands: one line a finding, which becomes a note beside the code.

``::error file=shop.py,line=12,title=TK302::message``. Escaped as ``@actions/core`` does it
(``packages/core/src/command.ts``: escapeData, escapeProperty), so that a message of several lines
stays one command. What is still not printable gets `tornkit.printable`'s escapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tornkit.printable import printable
from tornkit.routing.findings.identity import relative
from tornkit.routing.model import Finding, Report, Route, Severity
from tornkit.routing.render.words import pattern

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def document(report: Report, base: Path) -> str:
    """A command for each finding; files are relative to ``base``, the repository's root."""
    routes = {route.index: route for route in report.routes}
    return "".join(f"{_command(finding, routes, base)}\n" for finding in report.findings)


def _command(finding: Finding, routes: Mapping[int, Route], base: Path) -> str:
    properties = {"title": finding.code}
    if finding.where is not None:
        place = {"file": relative(finding.where, base), "line": str(finding.where.line)}
        properties = {**place, **properties}
    listed = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    message = _escaped("\n".join(_said(finding, routes, base)), _DATA)
    return f"::{_COMMANDS[finding.severity]} {listed}::{message}"


def _said(finding: Finding, routes: Mapping[int, Route], base: Path) -> list[str]:
    """Lines of a finding's message: what is wrong, then its URL and the routes that cause it."""
    about = routes.get(finding.route) if finding.route is not None else None
    head = f"{' '.join(filter(None, (f'route {about.index}', about.name)))}: " if about else ""
    lines = [f"{head}{finding.message}"]
    if finding.witness is not None:
        lines.append(f"URL: {finding.witness}")
    for index in finding.by:
        if (culprit := routes.get(index)) is not None:
            place = f" at {relative(s, base)}:{s.line}" if (s := culprit.where) else ""
            lines.append(f"by route {index} {pattern(culprit)}{place}")
    return lines


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return printable(text.translate({ord(mark): code for mark, code in table.items()}))
