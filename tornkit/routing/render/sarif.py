"""SARIF 2.1.0 log of findings, which code hosts and editors read.

See OASIS, "Static Analysis Results Interchange Format", errata 01.

One run: the rules that were looked for, with their explanations, and a result for each finding.
Places are relative to ``%SRCROOT%``, which the reader knows. A fingerprint is made of what the
finding is about (`tornkit.routing.findings.identity`), so that it stays the same where lines move.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tornkit.routing.findings.codes import CODES
from tornkit.routing.findings.explanations import CodePage, explanation
from tornkit.routing.findings.identity import Identity, identities, relative
from tornkit.routing.model import Finding, Report, Route, Severity, Source
from tornkit.routing.render.words import handler_name, host, pattern

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
# `[a](1)` in a message is a link (3.11.6). Only where a text would be taken for one is a
# backslash set: not every reader takes it off again.
_LIKE_A_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")


def document(report: Report, codes: Sequence[str], base: Path, version: str) -> str:
    """The SARIF log of a report.

    :param codes: the codes that were looked for.
    :param base: the root of the sources: places are relative to it.
    :param version: tornkit's.
    """
    rules = sorted(codes)
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "tornkit routes",
                        "version": version,
                        "semanticVersion": version,
                        "rules": [_rule(code) for code in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True}],
                "results": _results(report, rules, base),
            }
        ],
    }
    return json.dumps(log, indent=2)  # ASCII: valid in whatever encoding standard output has


def _rule(code: str) -> dict[str, Any]:
    known, explained = CODES[code], explanation(code)
    return {
        "id": code,
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": _flowing(explained.meaning)},
        "help": {"text": _help(explained), "markdown": explained.markdown},
        "defaultConfiguration": {
            "level": _LEVELS[known.severity],
            "enabled": known.by_default,
        },
        "properties": {"tags": ["routing", *([known.family] if known.family else [])]},
    }


def _help(explained: CodePage) -> str:
    return "\n\n".join(
        (
            _flowing(explained.meaning),
            explained.example,
            _flowing(explained.cure),
            explained.mended,
        )
    )


def _flowing(text: str) -> str:
    """Paragraphs without the line ends within them."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _results(report: Report, rules: Sequence[str], base: Path) -> list[dict[str, Any]]:
    routes = {route.index: route for route in report.routes}
    seen: Counter[Identity] = Counter()
    results = []
    for finding, identity in zip(report.findings, identities(report, base), strict=True):
        seen[identity] += 1
        result = {
            "ruleId": finding.code,
            "ruleIndex": rules.index(finding.code),
            "level": _LEVELS[finding.severity],
            "message": _message(_said(finding, routes)),
            "locations": [_location(finding, routes, base)],
            "partialFingerprints": {"finding/v1": _fingerprint(identity, seen[identity])},
        }
        culprits = _culprits(finding, routes, base)
        if culprits:
            result["relatedLocations"] = culprits
        properties = {"route": finding.route, "witness": finding.witness}
        known = {key: value for key, value in properties.items() if value is not None}
        if known:
            result["properties"] = known
        results.append(result)
    return results


def _said(finding: Finding, routes: Mapping[int, Route]) -> str:
    if finding.route is None:
        return finding.message
    return f"{_called(routes[finding.route])}: {finding.message}"


def _called(route: Route) -> str:
    return " ".join(filter(None, (f"route {route.index}", route.name)))


def _location(finding: Finding, routes: Mapping[int, Route], base: Path) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if finding.where is not None:
        location["physicalLocation"] = _physical(finding.where, base)
    if finding.route is not None:
        route = routes[finding.route]
        described = " ".join(filter(None, (host(route), pattern(route))))
        location["logicalLocations"] = [
            {"name": described, "fullyQualifiedName": route.target.name, "kind": "function"}
        ]
    return location


def _physical(source: Source, base: Path) -> dict[str, Any]:
    file = relative(source, base)
    below = not file.startswith("/")
    uri = quote(file, errors="surrogateescape")  # what is no UTF-8 is bytes in a URI too
    artifact = {"uri": uri, "uriBaseId": "%SRCROOT%"} if below else {"uri": f"file://{uri}"}
    return {"artifactLocation": artifact, "region": {"startLine": max(source.line, 1)}}


def _culprits(finding: Finding, routes: Mapping[int, Route], base: Path) -> list[dict[str, Any]]:
    """Related locations of a finding: the routes that cause it and whose lines are known."""
    located: list[dict[str, Any]] = []
    for index in finding.by:
        route = routes.get(index)
        if route is None or route.where is None:
            continue
        said = f"{_called(route)}: {pattern(route)} ({handler_name(route.target)})"
        located.append(
            {
                "id": len(located) + 1,
                "message": _message(said),
                "physicalLocation": _physical(route.where, base),
            }
        )
    return located


def _message(text: str) -> dict[str, str]:
    """Message object of a text, its braces doubled: a pair would be a placeholder (3.11.5)."""
    plain = _LIKE_A_LINK.sub(r"\\[", text)
    return {"text": plain.replace("{", "{{").replace("}", "}}")}


def _fingerprint(identity: Identity, occurrence: int) -> str:
    """Fingerprint of a finding, equal in any revision; the second of two equal ones differs."""
    parts = (*identity.as_dict().items(), str(occurrence))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
