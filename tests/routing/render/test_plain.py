from __future__ import annotations

import re
from typing import Any

from tornado.routing import Matcher

from tests.routing.render.tables import FILE, Home, full, report_of, shown, simple
from tornkit.routing.model import Report
from tornkit.routing.render import plain
from tornkit.routing.render.rows import columns_in_use


def as_plain(report: Report, grep: str | None = None) -> str:
    return plain.document(*shown(report, grep))


def test_one_aligned_line_a_route() -> None:
    lines = as_plain(simple()).splitlines()
    assert lines[0].split() == ["#", "pattern", "methods", "handler", "defined", "at"]
    assert lines[1].split()[:4] == ["0", "/", "GET", "Home"]
    assert lines[2].split()[:4] == ["1", "/[a-z]+", "GET", "Home"]
    assert lines[1].split()[4].startswith(f"{FILE}:")
    for heading in ("pattern", "methods", "handler", "defined at"):
        place = lines[0].index(heading)
        assert {line[place - 1] for line in lines[:3]} == {" "}
        assert " " not in {line[place] for line in lines[:3]}
    assert lines[3:] == ["", "2 routes."]


def test_never_wrapped_cut_or_padded_at_the_end() -> None:
    long = "/" + "x" * 500
    text = as_plain(report_of((long, Home)))
    assert any(long in line and FILE in line for line in text.splitlines())
    assert not any(line.endswith(" ") for line in as_plain(full()).splitlines())


def test_two_spaces_part_the_same_fields_in_every_line() -> None:
    rows, below = shown(full())
    table = plain.document(rows, below).split("\n\n")[0].splitlines()
    assert len(table) == 1 + 15
    fields = [re.split(" {2,}", line) for line in table]
    assert {len(line) for line in fields} == {len(columns_in_use(rows))}
    assert "-" in fields[1]


def test_wide_letters_stay_aligned() -> None:
    report = report_of(("/\u4e2d\u6587", Home), ("/abcd", Home))
    first, second = as_plain(report).splitlines()[1:3]
    assert first.index("GET") + 2 == second.index("GET")


def test_the_columns_that_are_asked_for_in_their_order() -> None:
    rows, below = shown(full())
    lines = plain.document(rows, below, ["name", "index", "findings"]).splitlines()
    assert lines[0].split() == ["name", "#", "findings"]
    assert lines[8].split() == ["opt", "7", "TK302"]
    assert lines[17] == "15 routes."  # no legend: no marks were asked for


def test_marks_are_explained_between_table_and_summary() -> None:
    text = as_plain(full())
    for line in (
        "x  no request can reach it",
        "?  code of the application's own",
        "~  the regex is open at its end",
        "!  the name does not reverse",
    ):
        assert f"\n{line}" in text
    assert "no request can reach" not in as_plain(simple())


def test_findings_below() -> None:
    lines = as_plain(full()).splitlines()
    assert "15 routes." in lines
    assert any(line.startswith(f"Anything else: NotFound ({FILE}:") for line in lines)
    at = lines.index("2 of 5 names do not reverse to the route:")
    assert lines[at + 1].startswith("  TK301 route 8 xy: can't be reversed: ValueError")
    assert lines[at + 2].startswith("  TK302 route 7 opt: reverses to /opt/?, which")
    assert ":" in lines[at + 2].rsplit("(", 1)[1]
    assert len(lines) == at + 3


def test_all_names_reverse() -> None:
    def said(*names: str) -> str:
        rules: list[Any] = [(f"/{name}", Home, {}, name) for name in names]
        return as_plain(report_of(*rules)).splitlines()[-1]

    assert said("a", "b") == "All 2 names reverse."
    assert said("a") == "Its name reverses."


def test_what_is_undecided_shares_a_line() -> None:
    class Custom(Matcher): ...

    rules: list[Any] = [(Custom(), Home), ("/a", Home, {}, "a"), ("/b", Home, {}, "b")]
    lines = as_plain(report_of(*rules)).splitlines()
    assert lines[-2] == "2 of 2 names undecided:"
    assert lines[-1].startswith("  TK000 routes 1 a, 2 b: undecided: whether route 0 (Home)")


def test_findings_of_other_routes_are_counted() -> None:
    text = as_plain(full(), "/opt")
    assert "1 of 15 routes shown." in text
    assert "TK302 route 7" in text
    assert "TK301" not in text
    assert text.endswith("  and 1 finding about routes that are not shown\n")


def test_an_empty_table() -> None:
    assert as_plain(report_of()) == "0 routes.\n"
