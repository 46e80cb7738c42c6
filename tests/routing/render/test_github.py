from __future__ import annotations

from pathlib import Path

from tests.routing.reports import a_report
from tornkit.routing.findings.codes import finding
from tornkit.routing.model import Source
from tornkit.routing.render.github import document

BASE = Path(__file__).resolve().parents[1]
HERE = Source(str(BASE / "shop.py"), 12)


def test_one_command_for_each_finding() -> None:
    report = a_report(
        [
            finding("TK201", "taken", route=2, where=HERE),
            finding("TK101", "twice", route=0, where=HERE),
            finding("TK000", "undecided", route=1, where=HERE),
        ]
    )
    assert document(report, BASE).splitlines() == [
        "::error file=shop.py,line=12,title=TK201::route 2: taken",
        "::warning file=shop.py,line=12,title=TK101::route 0 home: twice",
        "::notice file=shop.py,line=12,title=TK000::route 1 post: undecided",
    ]


def test_what_else_is_known_is_in_the_message() -> None:
    said = finding("TK201", "taken", route=2, witness="/posts/7", by=(1,), where=HERE)
    [command] = document(a_report([said]), BASE).splitlines()
    head, url, by = command.split("%0A")
    assert head.endswith("::route 2: taken")
    assert url == "URL: /posts/7"
    assert by.startswith("by route 1 /posts/([0-9]{1,9}) at reports.py:")


def test_a_message_stays_one_command() -> None:
    said = finding("TK202", "100% of\r\nit", where=HERE)
    assert document(a_report([said]), BASE) == (
        "::error file=shop.py,line=12,title=TK202::100%25 of%0D%0Ait\n"
    )


def test_properties_have_marks_of_their_own_to_escape() -> None:
    odd = Source(str(BASE / "a,b:c%.py"), 1)
    [command] = document(a_report([finding("TK601", "a,b:c", where=odd)]), BASE).splitlines()
    assert command == "::error file=a%2Cb%3Ac%25.py,line=1,title=TK601::a,b:c"


def test_without_a_place() -> None:
    assert document(a_report([finding("TK601", "x")]), BASE) == "::error title=TK601::x\n"


def test_a_file_outside_of_the_repository() -> None:
    said = finding("TK601", "x", where=Source("/usr/lib/x.py", 2))
    assert "file=/usr/lib/x.py,line=2" in document(a_report([said]), BASE)


def test_nothing() -> None:
    assert document(a_report(), BASE) == ""
