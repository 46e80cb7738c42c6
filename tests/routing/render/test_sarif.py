"""SARIF 2.1.0, as its readers take it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.routing.reports import RULES, Page, a_report
from tornkit.routing.findings.codes import CODES, finding
from tornkit.routing.model import Finding, Source
from tornkit.routing.render.sarif import document

BASE = Path(__file__).resolve().parents[1]
HERE = Source(str(BASE / "shop.py"), 12)
TAKEN = finding("TK201", "taken", route=2, witness="/posts/7", by=(1,), where=HERE)


def log(*findings: Finding, codes: list[str] | None = None, **more: Any) -> dict[str, Any]:
    text = document(a_report(findings, **more), codes or list(CODES), BASE, "1.2.3")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def run(*findings: Finding, **more: Any) -> dict[str, Any]:
    [only] = log(*findings, **more)["runs"]
    assert isinstance(only, dict)
    return only


def result(*findings: Finding, **more: Any) -> dict[str, Any]:
    [only] = run(*findings, **more)["results"]
    assert isinstance(only, dict)
    return only


def test_the_head() -> None:
    made = log()
    assert made["version"] == "2.1.0"
    assert made["$schema"].endswith("/sarif-schema-2.1.0.json")
    driver = made["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("tornkit routes", "1.2.3")
    assert made["runs"][0]["results"] == []  # present, which says that all was looked at


def test_there_is_a_rule_for_each_code_that_was_looked_for() -> None:
    rules = run(codes=["TK301", "TK201"])["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["TK201", "TK301"]
    for rule in run()["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"] == CODES[rule["id"]].title
        assert rule["help"]["markdown"].count("```python") == 2
        assert "\n\n" in rule["help"]["text"]
        assert rule["defaultConfiguration"]["enabled"] is CODES[rule["id"]].by_default
        levels = {"error": "error", "warning": "warning", "info": "note"}
        assert rule["defaultConfiguration"]["level"] == levels[CODES[rule["id"]].severity.value]


def test_a_result() -> None:
    made = result(TAKEN, codes=["TK101", "TK201"])
    assert (made["ruleId"], made["ruleIndex"], made["level"]) == ("TK201", 1, "error")
    assert made["message"] == {"text": "route 2: taken"}
    [location] = made["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "shop.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }
    assert location["logicalLocations"][0]["name"] == r"/posts/(\d+)"
    assert made["properties"] == {"route": 2, "witness": "/posts/7"}


def test_culprits_are_related_places() -> None:
    [related] = result(TAKEN)["relatedLocations"]
    assert related["id"] == 1
    assert related["message"]["text"] == "route 1 post: /posts/([0-9]{{1,9}}) (Post)"
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "reports.py"


def test_levels() -> None:
    kinds = [finding(code, "x", route=0) for code in ("TK201", "TK101", "TK000")]
    assert [made["level"] for made in run(*kinds)["results"]] == ["error", "warning", "note"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("a{3}", "a{{3}}"),  # a single pair would be a placeholder
        ("[a-z](1)", r"\[a-z](1)"),  # a link
        ("[a-z] (1)", "[a-z] (1)"),
        (r"[^/]+\.html", r"[^/]+\.html"),
    ],
)
def test_a_message_is_text(message: str, text: str) -> None:
    assert result(finding("TK601", message))["message"]["text"] == text


@pytest.mark.parametrize(
    ("file", "artifact"),
    [
        ("a b/ä#.py", {"uri": "a%20b/%C3%A4%23.py", "uriBaseId": "%SRCROOT%"}),
        ("/usr/lib/a b.py", {"uri": "file:///usr/lib/a%20b.py"}),
    ],
)
def test_places_are_uris(file: str, artifact: dict[str, str]) -> None:
    made = result(finding("TK601", "x", where=Source(str(BASE / file), 1)))
    assert made["locations"][0]["physicalLocation"]["artifactLocation"] == artifact


def fingerprints(*findings: Finding, **more: Any) -> list[str]:
    return [made["partialFingerprints"]["finding/v1"] for made in run(*findings, **more)["results"]]


def test_a_fingerprint_stays_where_lines_and_routes_move() -> None:
    moved = replace(TAKEN, route=3, where=replace(HERE, line=99), by=(2,), message="covered")
    assert fingerprints(TAKEN) == fingerprints(moved, rules=[("/new", Page), *RULES])


def test_fingerprints_differ_where_findings_do() -> None:
    others = (TAKEN, replace(TAKEN, route=1), replace(TAKEN, code="TK202"), TAKEN)
    assert len(set(fingerprints(*others))) == 4
    # The first of two equal ones keeps its own when there is a second.
    assert fingerprints(TAKEN, TAKEN)[0] == fingerprints(TAKEN)[0]


def test_without_a_place_or_a_route() -> None:
    made = result(finding("TK601", "x"))
    assert made["locations"] == [{}]
    assert "properties" not in made
