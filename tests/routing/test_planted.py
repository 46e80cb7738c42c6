"""A table with a defect of every kind, and innocent ones beside them: all found, no false alarm."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tornkit.appload.inspection import load_for_inspection
from tornkit.appload.locate import locate
from tornkit.routing.findings.codes import ALL, CODES
from tornkit.routing.model import Finding, Report
from tornkit.routing.report import report_on

PLANTED = Path(__file__).parent / "planted"
EXPECT = re.compile(r"expect: ([TK\d ]+)")


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    before = dict(sys.modules)
    try:
        loaded = load_for_inspection(locate(str(PLANTED / "app.py"), None, ()))
        yield report_on(loaded.applications, loaded.label, families=ALL, declared=True)
    finally:
        for name in sys.modules.keys() - before.keys():
            del sys.modules[name]


def place(finding: Finding) -> tuple[str, int, str]:
    assert finding.where is not None, finding
    return Path(finding.where.file).name, finding.where.line, finding.code


def expected() -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for path in [*PLANTED.rglob("*.py"), *PLANTED.rglob("*.html")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for codes in EXPECT.findall(line):
                found.update((path.name, number, code) for code in codes.split())
    return found


def test_the_table_is_what_it_says(report: Report) -> None:
    assert len(report.routes) >= 90
    planted = {code for _, _, code in expected()}
    assert planted == {code for code, each in CODES.items() if each.by_default}


def test_every_defect_is_found_where_it_is_and_nothing_else(report: Report) -> None:
    found = Counter(map(place, report.findings))
    messages = {place(finding): finding.message for finding in report.findings}
    missed = expected() - found
    false = {each: messages[each] for each in found - expected()}
    assert (sorted(missed), false) == ([], {})
