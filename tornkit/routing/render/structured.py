"""For programs: one JSON object.

Keys are only ever added: ``tornado`` (version), ``app``, ``routes``, ``findings``, ``summary``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tornkit.routing.model import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    Finding,
    HostCondition,
    Outcome,
    PathCondition,
    Report,
    Route,
    Severity,
    Source,
    Takes,
)
from tornkit.routing.pattern import open_ended, shown
from tornkit.routing.render.rows import goes_wrong, host, named, relative


def document(report: Report, routes: Iterable[Route], base: Path) -> str:
    """``routes`` may be some of the report's; findings and summary are of the whole."""
    chosen = {route.index for route in routes}
    return json.dumps(
        {
            "tornado": report.tornado,
            "app": report.app,
            "routes": [
                _route(route, number, base)
                for number, table in enumerate(report.tables)
                for route in table.routes
                if route.index in chosen
            ],
            "findings": [_finding(finding, base) for finding in report.findings],
            "summary": _summary(report, base),
        },
        indent=2,
        ensure_ascii=False,
    )


def _route(route: Route, application: int, base: Path) -> dict[str, Any]:
    regex = route.condition.regex if isinstance(route.condition, PathCondition) else None
    may_take = route.takes is not Takes.NEVER
    return {
        "index": route.index,
        "application": application,
        "host": host(route) or None,
        "default_host": any(isinstance(c, DefaultHostCondition) for c in route.conditions),
        "path": _path(route),
        "open_ended": regex is not None and open_ended(regex),
        "methods": list(route.target.methods),
        "name": route.name,
        "target": route.target.name,
        "target_kind": route.target.kind.value,
        "detail": route.target.detail,
        "source": _source(route.target.source, base),
        **_reversal(route),
        "origin": route.origin.value,
        "takes": "maybe" if route.uncertain and may_take else route.takes.value,
        "conditions": [_condition(condition) for condition in route.conditions],
    }


def _path(route: Route) -> str | None:
    """The route's own pattern as written; those of routers above it are in ``conditions``."""
    match route.condition:
        case PathCondition(regex):
            return shown(regex)
        case CustomCondition(_, pattern):
            return pattern
        case _:
            return None


def _reversal(route: Route) -> dict[str, Any]:
    reversal = route.reversal
    if reversal is None:
        return {"reverse": None, "reverse_args": None, "reverse_outcome": None}
    return {
        "reverse": reversal.url,
        "reverse_args": list(reversal.args),
        "reverse_outcome": reversal.outcome.value,
    }


def _condition(condition: Condition) -> dict[str, Any]:
    match condition:
        case PathCondition(regex):
            return {"kind": "path", "regex": regex.pattern, "flags": int(regex.flags)}
        case HostCondition(regex):
            return {"kind": "host", "regex": regex.pattern, "flags": int(regex.flags)}
        case DefaultHostCondition(regex, default_host):
            return {
                "kind": "default_host",
                "regex": regex.pattern,
                "flags": int(regex.flags),
                "default_host": default_host,
            }
        case CustomCondition(label, pattern):
            return {"kind": "custom", "matcher": label, "regex": pattern}


def _finding(finding: Finding, base: Path) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "route": finding.route,
        "message": finding.message,
        "witness": finding.witness,
        "by": list(finding.by),
        "where": _source(finding.where, base),
    }


def _summary(report: Report, base: Path) -> dict[str, Any]:
    names = named(report)
    outcomes = [route.reversal.outcome for route in names if route.reversal is not None]
    severities = [finding.severity for finding in report.findings]
    return {
        "routes": len(report.routes),
        "named": len(names),
        "reversed": outcomes.count(Outcome.OK),
        "not_reversed": sum(1 for route in names if goes_wrong(route)),
        "undecided": outcomes.count(Outcome.UNDECIDED),
        "errors": severities.count(Severity.ERROR),
        "warnings": severities.count(Severity.WARNING),
        "not_found": [
            {
                "application": number,
                "target": fallback.target.name,
                "source": _source(fallback.target.source, base),
            }
            for number, table in enumerate(report.tables)
            for fallback in table.fallbacks
        ],
    }


def _source(source: Source | None, base: Path) -> dict[str, Any] | None:
    return None if source is None else {"file": relative(source, base), "line": source.line}
