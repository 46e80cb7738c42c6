from __future__ import annotations

from pathlib import Path

from tests.routing.reports import a_report
from tornkit.routing.findings.codes import finding
from tornkit.routing.findings.identity import identities
from tornkit.routing.findings.sift import Sifted, sift
from tornkit.routing.findings.wanted import wanted
from tornkit.routing.model import Source

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
