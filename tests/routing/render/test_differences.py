"""What ``--diff`` says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tornado.web import Application, RedirectHandler

from tests.routing.saved_tables import Form, Home, Other, saved, written
from tornkit.routing.comparing.diff import differences
from tornkit.routing.comparing.saved import SavedTable, read
from tornkit.routing.render.differences import ComparedBase, document, lines, markdown, summary
from tornkit.routing.render.findings import text

OLD: list[Any] = [
    ("/gone", RedirectHandler, {"url": "/"}),
    ("/page/(a|b)", Form, {"size": 10, "same": 1}, "page"),
    ("/x/y", Home),
    ("/x/(.*)", Other),
]
NEW: list[Any] = [
    ("/x/(.*)", Other),
    ("/page/(a|b)", Form, {"size": 20, "same": 1, "more": "yes"}, "pages"),
    ("/new/?", Home, {}, "new"),
    ("/x/y", Home),
]


def shown(old: SavedTable, new: SavedTable, revision: str | None = None) -> list[str]:
    found = differences(old, new)
    return text(lines(found, new, ComparedBase("main", old, revision))).splitlines()


def test_every_kind() -> None:
    said = shown(saved(*OLD), saved(*NEW), "1a2b3c4d5e6f")
    blocks = "\n".join(said).split("\n\n")
    assert blocks[0].startswith("- GET  /gone  RedirectHandler to /")
    assert blocks[1].startswith("+ GET  /new/?  new  Home  ")
    changed = blocks[2].splitlines()
    assert changed[0].startswith("~ GET POST  /page/(a|b)  pages  Form  ")
    assert changed[1:] == [
        "    name: page -> pages",
        "    argument size: 10 -> 20",
        "    argument more: none -> 'yes'",
    ]
    moved = blocks[3].splitlines()
    assert len(moved) == 2
    assert moved[1].startswith("    now tried ")
    assert moved[1].endswith(": both match /x/y")
    assert blocks[4].startswith("+ TK302 /new/? new: ")
    assert blocks[5] == (
        "Against main (1a2b3c4): 1 route added, 1 removed, 1 changed, 1 moved; 1 finding new."
    )


def test_no_difference() -> None:
    assert shown(saved(*OLD), saved(*OLD)) == ["No difference from main: 4 routes."]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], OLD[1:3], "Against main: 2 routes added."),
        (OLD[1:3], OLD[1:2], "Against main: 1 route removed."),
        ([("/a/?", Home, {}, "x")], [("/a/", Home, {}, "x")], "Against main: 1 route changed; "),
        ([("/a", Home, {}, "x")], [("/a", Home, {}, "y")], "Against main: 1 route changed."),
    ],
)
def test_the_summary(old: list[Any], new: list[Any], expected: str) -> None:
    before, after = saved(*old), saved(*new)
    said = summary(differences(before, after), after, ComparedBase("main", before))
    assert said.startswith(expected)


def test_findings_alone() -> None:
    old, new = json.loads(written(Application(OLD))), json.loads(written(Application(OLD)))
    finding: dict[str, Any] = {
        "code": "TK601",
        "message": "no route is\nnamed 'x'",
        "route": None,
        "by": [],
        "where": {"file": "a.html", "line": 3},
    }
    new["findings"] = [finding]
    before, after = read(json.dumps(old)), read(json.dumps(new))
    assert shown(before, after) == [
        "+ TK601 no route is named 'x' (a.html:3)",
        "",
        "Against main: 1 finding new.",
    ]
    assert shown(after, before)[0] == "- TK601 no route is named 'x' (a.html:3)"


def test_another_default_handler() -> None:
    old, new = saved(*OLD), saved(*OLD, default_handler_class=Other)
    said = shown(old, new)
    assert said[0].startswith("~ anything else: tornado.web.ErrorHandler -> ")
    assert said[-1] == "Against main: another answer to what no route takes."


def test_routes_of_default_host_are_told_apart() -> None:
    def table(*rules: Any) -> SavedTable:
        app = Application(default_host="a.com")
        app.add_handlers(r"a\.com", list(rules))
        return read(written(app))

    said = shown(table(), table(("/a", Home)))
    assert said[0].startswith(r"+ GET  a\.com  /a  Home")
    assert said[1].startswith(r"+ GET  a\.com (default_host)  /a  Home")


def test_many_that_were_passed_are_counted() -> None:
    rules: list[Any] = [(f"/{number}", Home, {}, f"n{number}") for number in range(9)]
    catch_all = ("/(.*)", Other)
    said = shown(saved(*rules, catch_all), saved(catch_all, *rules))
    assert sum("both match" in line for line in said) == 5
    assert "    and before 4 more" in said


def test_what_a_terminal_would_obey_is_escaped() -> None:
    said = shown(saved(), saved(("/a\x1bc", Home, {}, "x\ny")))
    assert "\x1b" not in "\n".join(said)
    assert "x\\ny" in said[0]


def test_json_has_it_all() -> None:
    old, new = saved(*OLD), saved(*NEW)
    base = ComparedBase("main", old, "1a2b3c4d")
    made = json.loads(document(differences(old, new), new, base))
    assert made["base"]["revision"] == "1a2b3c4d"
    assert [route["path"] for route in made["added"]] == ["/new/?"]
    assert [route["path"] for route in made["removed"]] == ["/gone"]
    (changed,) = made["changed"]
    assert changed["old"]["name"] == "page"
    assert changed["fields"].keys() == {"name", "kwargs"}
    (moved,) = made["moved"]
    assert [each["witness"] for each in (*moved["ahead_of"], *moved["behind"])] == ["/x/y"]
    assert [each["code"] for each in made["findings"]["new"]] == ["TK302"]
    assert made["summary"] == {
        "different": True,
        "added": 1,
        "removed": 1,
        "changed": 1,
        "moved": 1,
        "new_findings": 1,
        "gone_findings": 0,
    }


def test_json_without_any() -> None:
    table = saved(*OLD)
    made = json.loads(document(differences(table, table), table, ComparedBase("x.json", table)))
    assert made["summary"]["different"] is False
    assert made["base"]["revision"] is None
    assert made["added"] == made["findings"]["new"] == []


def test_markdown_is_a_table_and_a_list() -> None:
    old, new = saved(*OLD), saved(*NEW)
    said = markdown(differences(old, new), new, ComparedBase("main", old)).splitlines()
    assert said[0].startswith("Against main: 1 route added")
    table = [line for line in said if line.startswith("|")]
    assert [line.split(" | ")[0] for line in table[2:]] == [
        "| removed",
        "| added",
        "| changed",
        "| moved",
    ]
    assert r"`/page/(a\|b)`" in table[4]
    assert "argument size: `10` -> `20`<br>" in table[4]
    # No cell more than the heading has.
    assert len({line.replace(r"\|", "").count("|") for line in table}) == 1
    assert said[-1].startswith("- new: TK302 ")


def test_markdown_without_any() -> None:
    table = saved(*OLD)
    said = markdown(differences(table, table), table, ComparedBase("main", table))
    assert said == "No difference from main: 4 routes.\n"
