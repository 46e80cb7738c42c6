"""The table of codes, and its explanations: each example is loaded and checked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tornkit.appload import locate
from tornkit.appload.inspection import load_for_inspection
from tornkit.routing.findings.codes import ALL, CODES, FAMILIES, UNDECIDED, finding
from tornkit.routing.findings.explanations import CodePage, explanation
from tornkit.routing.findings.wanted import wanted
from tornkit.routing.report import report_on

EXPLAINED = [explanation(code) for code in CODES]


def test_a_code_belongs_to_the_checks_that_its_first_digit_names() -> None:
    assert {each.code: each.family for each in CODES.values() if each.code[3:] == "01"} == {
        "TK101": "names",
        "TK201": "reachability",
        "TK301": "reversal",
        "TK401": "handlers",
        "TK501": "patterns",
        "TK601": "references",
        "TK701": "backtracking",
    }
    assert CODES["TK202"].family == "reachability"
    assert CODES["TK203"].family == "overlap"
    assert CODES[UNDECIDED].family is None


def test_every_family_of_checks_has_codes() -> None:
    of_codes = {each.family for each in CODES.values() if each.code != UNDECIDED}
    assert of_codes == set(FAMILIES.values()) == {*ALL, "overlap"}


def test_a_finding_has_the_severity_of_its_code() -> None:
    for code, known in CODES.items():
        assert finding(code, "something").severity is known.severity


def test_only_what_is_often_meant_is_off_by_default() -> None:
    assert [code for code, known in CODES.items() if not known.by_default] == ["TK203"]


def codes_of(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the checks say about a program, loaded as a person's would be."""
    monkeypatch.chdir(folder)
    before = dict(sys.modules)
    (folder / "example.py").write_text(code)
    try:
        loaded = load_for_inspection(locate("example.py"))
        report = report_on(
            loaded.applications, "example", (*ALL, "overlap"), program=loaded.program
        )
    finally:
        for name in sys.modules.keys() - before.keys():
            if name.startswith("example"):
                del sys.modules[name]
    return {each.code for each in report.findings}


@pytest.mark.parametrize("explained", EXPLAINED, ids=lambda each: each.code)
class TestExplanations:
    def test_the_example_gives_the_code(
        self, explained: CodePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert explained.code in codes_of(explained.example, tmp_path, monkeypatch)

    def test_what_is_mended_gives_nothing_at_all(
        self, explained: CodePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reported = wanted().codes | {explained.code}
        assert not codes_of(explained.mended, tmp_path, monkeypatch) & reported

    def test_the_examples_fit_a_terminal(self, explained: CodePage) -> None:
        lines = (*explained.example.split("\n"), *explained.mended.split("\n"))
        assert max(map(len, lines)) <= 92

    def test_nothing_is_said_twice(self, explained: CodePage) -> None:
        parts = (explained.meaning, explained.example, explained.cure, explained.mended)
        assert len(set(parts)) == 4
        assert all(parts)
