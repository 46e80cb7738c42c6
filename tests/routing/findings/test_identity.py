"""Tests of a finding's identity, part by part, and of what does not change it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.routing.handmade import PAGE, a_route, a_table, host, path
from tests.routing.reports import RULES, Page, a_report
from tornkit.routing.conditions import CustomCondition, DefaultHostCondition
from tornkit.routing.findings.codes import finding
from tornkit.routing.findings.identity import Identity, identities, identity, relative
from tornkit.routing.model import Report, Route, Source

BASE = Path("/project")
DEAD = finding("TK201", "dead", route=0)


def of(route: Route) -> Identity:
    return identity(DEAD, route, BASE)


class TestOfARoute:
    def test_conditions_of_all_routers_above_it_are_joined(self) -> None:
        default = DefaultHostCondition(re.compile("b$"), "b")
        route = a_route("/in/x", path("/in/.*$"), host(r"a\.com$"), default)
        assert (of(route).host, of(route).pattern) == (r"a\.com & b", "/in/.* & /in/x")

    def test_a_matcher_of_ones_own_is_part_of_the_pattern(self) -> None:
        route = a_route("/x", CustomCondition("Mine", "/hidden"))
        assert of(route).pattern == "Mine & /x"

    def test_a_pattern_is_known_as_its_author_wrote_it(self) -> None:
        assert of(a_route(path("/a$", re.IGNORECASE))).pattern == "(?i:/a)"

    def test_what_does_not_apply_is_empty(self) -> None:
        assert of(a_route(None)) == Identity("TK201", handler="app.Page")

    def test_addresses_of_objects_are_left_out_wherever_they_stand(self) -> None:
        name = "<app.One at 0x7F00ab>.<locals>.<app.Two at 0x10>"
        route = a_route("/x", target=replace(PAGE, name=name))
        assert of(route).handler == "<app.One>.<locals>.<app.Two>"

    def test_the_line_of_a_route_does_not_count(self, tmp_path: Path) -> None:
        file = tmp_path / "app.py"
        file.write_text("x\n")
        said = replace(DEAD, where=Source(str(file), 1))
        assert identity(said, a_route("/x"), tmp_path) == of(a_route("/x"))


class TestOfAPlace:
    """Findings without a route, and those about references: a file and the text of a line."""

    def place(self, folder: Path, content: bytes, line: int, code: str = "TK601") -> Identity:
        file = folder / "a.py"
        file.write_bytes(content)
        said = finding(code, "x", where=Source(str(file), line))
        return identity(said, None, folder)

    @pytest.mark.parametrize("line", [0, -1, 3])
    def test_a_line_that_the_file_has_no_more(self, tmp_path: Path, line: int) -> None:
        assert self.place(tmp_path, b"one\ntwo", line) == Identity("TK601", file="a.py")

    def test_the_last_line_needs_no_end(self, tmp_path: Path) -> None:
        assert self.place(tmp_path, b"one\ntwo", 2).text == "two"

    def test_space_around_it_does_not_count(self, tmp_path: Path) -> None:
        assert self.place(tmp_path, b"\t one  two\r\n", 1).text == "one  two"

    def test_a_form_feed_is_no_end_of_a_line(self, tmp_path: Path) -> None:
        """Count lines as Python and an editor do."""
        assert self.place(tmp_path, b"one\x0c\ntwo\n", 2).text == "two"

    def test_bytes_that_are_not_utf8_are_replaced(self, tmp_path: Path) -> None:
        assert self.place(tmp_path, b"caf\xe9\n", 1).text == "caf\ufffd"

    def test_a_folder_instead_of_a_file(self, tmp_path: Path) -> None:
        said = finding("TK601", "x", where=Source(str(tmp_path), 1))
        assert identity(said, None, tmp_path) == Identity("TK601", file=".")

    def test_without_any_place_the_code_is_all(self) -> None:
        assert identity(finding("TK602", "x"), None, BASE) == Identity("TK602")
        assert identity(finding("TK602", "x"), a_route("/x"), BASE) == Identity("TK602")

    def test_what_is_undecided_about_a_route_is_known_by_the_route(self) -> None:
        where = Source("/project/a.py", 1)
        assert identity(finding("TK000", "x", where=where), None, BASE).file == "a.py"
        assert identity(finding("TK000", "x", where=where), a_route("/x"), BASE).pattern == "/x"


class TestInAReport:
    """What makes a finding the same one later."""

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


def test_identities_stand_in_the_order_of_the_findings() -> None:
    tables = (a_table(["/a", "/b"]), a_table(["/c"], start=2))
    said = (
        finding("TK201", "x", route=2),
        finding("TK602", "x"),
        finding("TK201", "x", route=0),
        finding("TK602", "x", route=1),
    )
    found = identities(Report("app.py", "6.6", tables, said), BASE)
    assert [each.pattern for each in found] == ["/c", "", "/a", ""]


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("/project/app/a.py", "app/a.py"),
        ("/project/a.py", "a.py"),
        ("/projects/a.py", "/projects/a.py"),
        ("/elsewhere/a.py", "/elsewhere/a.py"),
    ],
)
def test_files_are_relative_where_they_are_below(file: str, shown: str) -> None:
    assert relative(Source(file, 1), BASE) == shown


def test_as_a_dictionary_it_has_no_empty_fields() -> None:
    assert Identity("TK602").as_dict() == {"code": "TK602"}
    whole = Identity("TK601", "h", "p", "n", "a.A", "f", "t")
    assert list(whole.as_dict()) == ["code", "host", "pattern", "name", "handler", "file", "text"]
    assert Identity(**whole.as_dict()) == whole


def test_they_are_sorted_by_code_first() -> None:
    one, two, three = Identity("TK101", name="z"), Identity("TK201", "a"), Identity("TK201", "b")
    assert sorted([three, one, two]) == [one, two, three]
