"""What ``--check`` says to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.routing.reports import RULES, Page, a_report
from tornkit.routing.findings.codes import finding
from tornkit.routing.findings.sift import Sifted
from tornkit.routing.model import Finding, Source
from tornkit.routing.render.findings import document, folded, summary, text
from tornkit.routing.render.spans import line_width, text_of

HERE = Path(__file__).resolve().parents[1]
TAKEN = finding("TK201", "taken by route 1", route=2, witness="/posts/7", by=(1,))
NAMED = finding("TK101", "given twice", route=0)
PART = finding("TK203", "in part", route=1)


def shown(*findings: Finding, **more: Any) -> list[str]:
    report = a_report(findings, **more)
    return text(document(Sifted(report), 19, HERE)).splitlines()


def summed_up(*findings: Finding, **counts: int) -> list[str]:
    return text(summary(Sifted(a_report(findings), **counts), 19)).splitlines()


def line_of(name: str) -> int:
    lines = (HERE / "reports.py").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(f"class {name}("))


def test_a_finding_with_all_its_parts() -> None:
    page, post = line_of("Page"), line_of("Post")
    assert shown(TAKEN) == [
        rf"route 2  /posts/(\d+)  Post  reports.py:{post}",
        "  error TK201  taken by route 1",
        "    URL   /posts/7",
        f"    by    route 1  /posts/([0-9]{{1,9}})  Post  reports.py:{post}",
        "",
        "1 error in 3 routes.",
        "tornkit routes --explain TK201 says what a code means, and the cure.",
    ]
    assert shown(NAMED)[0] == f"route 0 home  /  Page  reports.py:{page}"


def test_a_place_is_shown_where_it_is_another_than_the_routes() -> None:
    [_, _, at, *_] = shown(finding("TK401", "x", route=2, where=Source(str(HERE / "a.py"), 3)))
    assert at == "    at    a.py:3"
    [_, _, at, *_] = shown(finding("TK401", "x", route=2, where=Source("/elsewhere/a.py", 3)))
    assert at == "    at    /elsewhere/a.py:3"
    same = a_report().routes[2].where
    assert not any("    at" in line for line in shown(finding("TK401", "x", route=2, where=same)))


def test_findings_stand_together_by_route_the_worst_first() -> None:
    lines = shown(NAMED, TAKEN, finding("TK301", "can't be reversed", route=0), PART)
    assert [line.split("  ")[0] for line in lines if line.startswith("route")] == [
        "route 0 home",
        "route 1 post",
        "route 2",
    ]
    assert [line.split()[1] for line in lines if line.startswith("  ") and "TK" in line] == [
        "TK301",
        "TK101",
        "TK203",
        "TK201",
    ]


def test_findings_about_files_come_last() -> None:
    here = Source(str(HERE / "page.html"), 4)
    lines = shown(finding("TK601", "no such name", where=here), TAKEN, finding("TK602", "x"))
    assert lines[5:11] == [
        "page.html",
        "  error TK601  no such name",
        "    at    page.html:4",
        "",
        "the application",
        "  error TK602  x",
    ]


def test_what_is_undecided_for_the_same_reason_is_said_once() -> None:
    unsure = [finding("TK000", "undecided: a matcher", route=index) for index in (0, 1, 2)]
    assert shown(*unsure)[:3] == [
        "routes 0 home, 1 post, 2",
        "  info TK000  undecided: a matcher",
        "",
    ]


def test_what_is_wrong_is_said_of_each_route_with_its_own_proof() -> None:
    part = [finding("TK203", "in part", route=n, witness=f"/{n}", by=(0,)) for n in (1, 2)]
    lines = shown(*part)
    assert [line for line in lines if "URL" in line] == ["    URL   /1", "    URL   /2"]


def test_a_host_as_a_witness_is_called_one() -> None:
    rules = [(r"a.example.com", [("/", Page)])]
    lines = shown(finding("TK502", "x", route=0, witness="axexample.com"), hosts=rules)
    assert lines[0].startswith("route 0  a.example.com  /  Page  ")
    assert lines[2] == "    host  axexample.com"


def test_what_a_terminal_would_obey_is_shown_as_an_escape() -> None:
    lines = shown(
        finding("TK202", "two\nlines \x1b[31m", route=0), rules=[("/a\x1b]0;b", Page, {}, "c\x07")]
    )
    assert lines[0].startswith(r"route 0 c\x07  /a\x1b]0;b  Page")
    assert lines[1] == r"  error TK202  two lines \x1b[31m"


@pytest.mark.parametrize(
    ("findings", "counts", "says"),
    [
        ([], {}, "All is well: 3 routes, 19 checks."),
        ([], {"ignored": 2}, "All is well: 3 routes, 19 checks; 2 ignored."),
        ([], {"known": 1}, "Nothing new in 3 routes; 1 in the baseline."),
        ([], {"packages": 2}, "All is well: 3 routes, 19 checks; 2 in installed packages."),
        (
            [],
            {"undecided": 1, "ignored": 1},
            "Nothing wrong was found in 3 routes; 1 ignored, 1 undecided (--select TK000 shows "
            "them).",
        ),
        (
            [TAKEN, TAKEN, NAMED, PART, finding("TK000", "x", route=0)],
            {"ignored": 2, "known": 1},
            "2 errors, 1 warning, 1 remark, 1 undecided in 3 routes; 2 ignored, 1 in the baseline.",
        ),
        ([finding("TK000", "x", route=0)], {}, "1 undecided in 3 routes."),
        ([NAMED], {}, "1 warning in 3 routes."),
    ],
)
def test_the_line_that_sums_up(findings: list[Finding], counts: dict[str, int], says: str) -> None:
    assert summed_up(*findings, **counts) == [says]


def test_entries_of_the_baseline_that_are_mended_are_told() -> None:
    assert summed_up(mended=2)[1] == (
        "2 entries of the baseline are mended: write it anew with --write-baseline."
    )
    assert summed_up(mended=1)[1].startswith("1 entry of the baseline is mended")


def test_one_route_and_one_check() -> None:
    report = a_report(rules=RULES[:1])
    assert text(summary(Sifted(report), 1)) == "All is well: 1 route, 1 check.\n"


@pytest.mark.parametrize("width", [30, 50, 80])
def test_a_terminal_gets_lines_that_fit_and_nothing_is_lost(width: int) -> None:
    long = finding("TK302", "a message of many words " * 8, route=2, witness="/posts/" + "7" * 70)
    lines = document(Sifted(a_report([long])), 19, HERE)
    parts = folded(lines, width)
    assert max(line_width(part) for part in parts) <= width
    assert "".join(text_of(parts).split()) == "".join(text(lines).split())


def test_the_rest_of_a_folded_line_is_indented() -> None:
    long = finding("TK302", "a message of many words " * 8, route=2)
    parts = text_of(folded(document(Sifted(a_report([long])), 19, HERE), 40)).splitlines()
    first = next(n for n, line in enumerate(parts) if line.startswith("  error"))
    assert parts[first + 1].startswith("    ")


def test_severities_have_colours() -> None:
    lines = document(Sifted(a_report([TAKEN, NAMED, PART])), 19, HERE)
    styles = {span.text: span.style for line in lines for span in line.spans}
    assert styles["error TK201"] == "red"
    assert styles["warning TK101"] == "yellow"
    assert styles["info TK203"] == "cyan"
