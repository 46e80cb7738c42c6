from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.routing.reports import a_report
from tornkit.routing.findings.codes import finding
from tornkit.routing.findings.identity import identities
from tornkit.routing.findings.sift import Sifted, sift
from tornkit.routing.findings.wanted import wanted
from tornkit.routing.model import Finding, Origin, Places, Report, Source

TAKEN = finding("TK201", "taken", route=2)
NAMED = finding("TK101", "twice", route=0)
PART = finding("TK203", "in part", route=1)
UNSURE = finding("TK000", "undecided", route=1)


def codes(sifted: Sifted) -> list[str]:
    return [each.code for each in sifted.report.findings]


def test_what_is_not_wanted_is_left_out(tmp_path: Path) -> None:
    report = a_report([NAMED, TAKEN, PART])
    assert codes(sift(report, wanted(), base=tmp_path)) == ["TK101", "TK201"]
    assert codes(sift(report, wanted(["TK2"]), base=tmp_path)) == ["TK201", "TK203"]
    assert sift(report, wanted(["TK1"]), base=tmp_path).ignored == 0


def test_what_is_undecided_is_never_passed_over_in_silence(tmp_path: Path) -> None:
    report = a_report([UNSURE, TAKEN])
    told = sift(report, wanted(["TK201"]), base=tmp_path)
    assert (codes(told), told.undecided) == (["TK201"], 1)
    shown = sift(report, wanted(), base=tmp_path)
    assert (codes(shown), shown.undecided) == (["TK000", "TK201"], 0)
    muted = sift(report, wanted(ignore=["TK000"]), base=tmp_path)
    assert (codes(muted), muted.undecided) == (["TK201"], 0)


def test_comments_are_counted(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text("x  # tornkit: ignore[TK201]\n")
    here = Source(str(app), 1)
    report = a_report([finding("TK201", "x", route=2, where=here), NAMED])
    told = sift(report, wanted(), base=tmp_path)
    assert (codes(told), told.ignored) == (["TK101"], 1)


def test_the_baseline_is_taken_off(tmp_path: Path) -> None:
    known = identities(a_report([TAKEN]), tmp_path)
    told = sift(a_report([TAKEN, TAKEN, NAMED]), wanted(), known, base=tmp_path)
    assert (codes(told), told.known, told.mended) == (["TK201", "TK101"], 1, 0)
    told = sift(a_report([NAMED]), wanted(), known, base=tmp_path)
    assert (codes(told), told.known, told.mended) == (["TK101"], 0, 1)


def test_what_was_not_looked_for_is_not_mended(tmp_path: Path) -> None:
    known = identities(a_report([TAKEN, NAMED]), tmp_path)
    told = sift(a_report([NAMED]), wanted(["TK1"]), known, base=tmp_path)
    assert (codes(told), told.known, told.mended) == ([], 1, 0)


def test_what_a_comment_silences_needs_no_entry(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text("x  # tornkit: ignore\n")
    found = finding("TK201", "x", route=2, where=Source(str(app), 1))
    known = identities(a_report([found]), tmp_path)
    told = sift(a_report([found]), wanted(), known, base=tmp_path)
    assert (told.ignored, told.known, told.mended) == (1, 0, 1)


class TestInstalledPackages:
    """Route 2 is a rule that a package wrote; the others are the user's."""

    def report(self, *found: Finding, declared: bool = False, own: bool = True) -> Report:
        made = a_report(found)
        (table,) = made.tables
        file = "/project/app.py"
        target = replace(table.routes[2].target, name="package.Handler")
        changed = replace(
            table.routes[2],
            origin=Origin.PACKAGE,
            target=target,
            declared=Source(file, 1) if declared else None,
        )
        table = replace(
            table,
            routes=(*table.routes[:2], changed, *table.routes[3:]),
            places=Places((file,) if own else ()),
        )
        return replace(made, tables=(table,))

    @pytest.mark.parametrize("code", ["TK101", "TK201", "TK203", "TK302", "TK401", "TK403"])
    def test_what_concerns_one_alone_is_counted_and_left_out(
        self, code: str, tmp_path: Path
    ) -> None:
        there, here = finding(code, "there", route=2), finding(code, "here", route=1)
        sifted = sift(self.report(there, here), wanted([code]), base=tmp_path)
        assert (sifted.report.findings, sifted.packages) == ((here,), 1)

    def test_so_is_what_is_undecided_about_it(self, tmp_path: Path) -> None:
        report = self.report(finding("TK000", "undecided", route=2))
        assert sift(report, wanted(), base=tmp_path).report.findings == ()
        assert sift(report, wanted(["TK1"]), base=tmp_path).undecided == 0

    def test_a_rule_of_the_users_in_its_way_is_the_users(self, tmp_path: Path) -> None:
        taken = finding("TK201", "taken", route=2, by=(1,))
        named = finding("TK102", "twice", route=1, by=(2,))
        sifted = sift(self.report(taken, named), wanted(), base=tmp_path)
        assert (codes(sifted), sifted.packages) == (["TK201", "TK102"], 0)

    def test_a_rule_for_it_in_the_users_file_is_the_users(self, tmp_path: Path) -> None:
        report = self.report(finding("TK401", "misfit", route=2), declared=True)
        assert codes(sift(report, wanted(), base=tmp_path)) == ["TK401"]

    def test_calls_and_host_patterns_are_the_users(self, tmp_path: Path) -> None:
        found = [finding(code, "", route=2) for code in ("TK502", "TK602", "TK701")]
        sifted = sift(self.report(*found), wanted(), base=tmp_path)
        assert codes(sifted) == ["TK502", "TK602", "TK701"]

    def test_an_application_that_is_installed_itself_is_checked(self, tmp_path: Path) -> None:
        report = self.report(finding("TK401", "misfit", route=2), own=False)
        assert codes(sift(report, wanted(), base=tmp_path)) == ["TK401"]
