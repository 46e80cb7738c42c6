"""The file of accepted findings, and what makes a finding the same one later."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.routing.reports import RULES, Page, a_report
from tornkit.routing.findings.baseline import BadBaseline, Compared, compare, read, write
from tornkit.routing.findings.codes import finding
from tornkit.routing.findings.identity import Identity, identities
from tornkit.routing.model import Source

BASE = Path("/project")


class TestIdentity:
    def test_of_a_route(self) -> None:
        report = a_report(
            [finding("TK201", "x", route=0)],
            hosts=[(r"a\.com", [("/there", Page, {}, "there")])],
        )
        [found] = identities(report, BASE)
        assert found == Identity(
            "TK201",
            host=r"a\.com",
            pattern="/there",
            name="there",
            handler="tests.routing.reports.Page",
        )

    def test_neither_message_nor_place_nor_index_counts(self) -> None:
        one = finding("TK201", "taken by route 0", route=1, by=(0,), where=Source("/p/a.py", 3))
        other = finding("TK201", "covered by route 1", route=2, where=Source("/p/b.py", 9))
        moved = [("/new", Page), *RULES]
        assert identities(a_report([one]), BASE) == identities(a_report([other], moved), BASE)

    def test_code_pattern_and_name_do(self) -> None:
        findings = [
            finding("TK201", "x", route=0),
            finding("TK202", "x", route=0),
            finding("TK201", "x", route=1),
        ]
        renamed = [("/", Page, {}, "start"), *RULES[1:]]
        found = identities(a_report(findings), BASE) + identities(
            a_report(findings[:1], renamed), BASE
        )
        assert len(set(found)) == 4

    def test_of_a_place_in_a_file(self, tmp_path: Path) -> None:
        page = tmp_path / "templates" / "page.html"
        page.parent.mkdir()
        page.write_text('<p>\n  {{ reverse_url("psot") }}\n')
        said = finding("TK601", "x", where=Source(str(page), 2))
        [found] = identities(a_report([said]), tmp_path)
        assert found == Identity(
            "TK601", file="templates/page.html", text='{{ reverse_url("psot") }}'
        )
        # The same line further down, in another folder's copy of the project.
        page.write_text('<p>\n<p>\n{{ reverse_url("psot") }}\n')
        again = replace(said, where=Source(str(page), 3), route=1)
        assert identities(a_report([again]), tmp_path) == (found,)

    def test_of_a_file_that_is_gone(self) -> None:
        [found] = identities(
            a_report([finding("TK601", "x", where=Source("/nowhere/a.py", 3))]), BASE
        )
        assert found == Identity("TK601", file="/nowhere/a.py")

    def test_an_objects_address_does_not_count(self) -> None:
        rules = [("/", object())]
        (first,) = identities(a_report([finding("TK403", "x", route=0)], rules), BASE)
        (second,) = identities(a_report([finding("TK403", "x", route=0)], [("/", object())]), BASE)
        assert first == second
        assert "0x" not in first.handler


A = Identity("TK201", pattern="/a", handler="app.A")
B = Identity("TK301", host=r"b\.com", pattern="/b", name="b", handler="app.B")
C = Identity("TK601", file="templates/ä.html", text='{{ reverse_url("c") }}')


class TestFile:
    def test_what_was_written_is_read(self) -> None:
        assert read(write([C, A, B, A])) == (A, A, B, C)

    def test_it_is_sorted_and_has_no_empty_fields(self) -> None:
        assert write([B, A]) == write([A, B])
        assert json.loads(write([A])) == {
            "version": 1,
            "findings": [{"code": "TK201", "pattern": "/a", "handler": "app.A"}],
        }
        assert "ä" in write([C])

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "it is not JSON"),
            ("{", "it is not JSON"),
            ("[" * 100_000, "it is not JSON"),
            ("[]", "no baseline"),
            ('{"routes": []}', "no baseline"),
            ('{"version": true, "findings": []}', "no baseline"),
            ('{"version": 2, "findings": []}', "its version is 2, and this tornkit knows 1"),
            ('{"version": 1}', "no list of findings"),
            ('{"version": 1, "findings": {}}', "no list of findings"),
            ('{"version": 1, "findings": [{"code": "TK201"}, 1]}', "its finding 2"),
            ('{"version": 1, "findings": [{"pattern": "/a"}]}', "its finding 1"),
            ('{"version": 1, "findings": [{"code": "TK201", "line": "3"}]}', "its finding 1"),
            ('{"version": 1, "findings": [{"code": 201}]}', "its finding 1"),
        ],
    )
    def test_what_is_none(self, text: str, says: str) -> None:
        with pytest.raises(BadBaseline, match=says):
            read(text)


class TestCompare:
    def test_each_entry_stands_for_one_finding(self) -> None:
        assert compare([A, A, B], [A]) == Compared(new=(1, 2), known=1, mended=0)
        assert compare([A, A], [A, A]) == Compared(new=(), known=2, mended=0)

    def test_what_is_no_longer_found_is_mended(self) -> None:
        assert compare([A], [A, A, B]) == Compared(new=(), known=1, mended=2)
        assert compare([], [A]) == Compared(new=(), known=0, mended=1)

    def test_nothing(self) -> None:
        assert compare([A], []) == Compared(new=(0,), known=0, mended=0)
