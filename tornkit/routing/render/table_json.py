"""JSON for programs: one object, described by ``schema.json`` beside this file.

Keys are only ever added; `VERSION` changes when one would change its meaning. Each route and each
finding is one line, so that two documents can be compared line by line. Everything is ASCII, and
so valid in whatever encoding standard output has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tornkit.regex.patterns.pattern import open_ended, shown
from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)
from tornkit.routing.model import (
    Finding,
    Operation,
    Outcome,
    Report,
    Route,
    Severity,
    Source,
    Takes,
)
from tornkit.routing.render import words
from tornkit.routing.render.below import goes_wrong, named
from tornkit.routing.render.rows import application_numbers

VERSION = 1


def document(report: Report, routes: Iterable[Route], base: Path) -> str:
    """JSON document of ``routes``, which may be some of the report's, in any order.

    All else in it is of the whole report.
    """
    numbers = application_numbers(report)
    return _lines(
        {
            "version": VERSION,
            "tornado": report.tornado,
            "app": report.app,
            "routes": [_route(route, numbers[route.index], base) for route in routes],
            "findings": [_finding(finding, base) for finding in report.findings],
            "summary": _summary(report, base),
        }
    )


def _lines(document: Mapping[str, Any]) -> str:
    """JSON with one line for each element of its lists.

    `json.dumps` with an indent takes its slow path: 10,000 routes were 1.5 s.
    """
    parts = []
    for key, value in document.items():
        text = json.dumps(value)
        if isinstance(value, list) and value:
            text = "[\n    " + ",\n    ".join(json.dumps(each) for each in value) + "\n  ]"
        parts.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}"


def _route(route: Route, application: int, base: Path) -> dict[str, Any]:
    regex = route.condition.regex if isinstance(route.condition, PathCondition) else None
    may_take = route.takes is not Takes.NEVER
    arguments = words.arguments(route)
    return {
        "index": route.index,
        "application": application,
        "host": words.host(route) or None,
        "default_host": any(isinstance(c, DefaultHostCondition) for c in route.conditions),
        "path": _path(route),
        "open_ended": regex is not None and open_ended(regex),
        "methods": list(route.target.methods),
        "name": route.name,
        "target": route.target.name,
        "target_kind": route.target.kind.value,
        "detail": route.target.detail,
        "arguments": None if arguments is None else list(arguments),
        "kwargs": {each.name: words.keyword(each, base) for each in route.kwargs},
        "authenticated": list(words.authenticated(route.target)),
        "operations": [_operation(each, base) for each in route.target.operations],
        "source": _source(route.target.source, base),
        "declared": _source(route.declared, base),
        **_reversal(route),
        "origin": route.origin.value,
        "takes": "maybe" if route.uncertain and may_take else route.takes.value,
        "conditions": [_condition(condition) for condition in route.conditions],
    }


def _operation(operation: Operation, base: Path) -> dict[str, Any]:
    lines = (operation.doc or "").strip().splitlines()
    return {
        "method": operation.method,
        "authenticated": operation.authenticated,
        "summary": lines[0].strip() if lines else None,
        "source": _source(operation.source, base),
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
    return None if source is None else {"file": words.relative(source, base), "line": source.line}
