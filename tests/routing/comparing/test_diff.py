"""How one table differs from another."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from tornado.routing import AnyMatches, Matcher, Rule
from tornado.web import Application, RedirectHandler, RequestHandler, authenticated

from tests.routing.saved_tables import Form, Home, Other, document, saved, written
from tornkit.routing.comparing.diff import Differences, NotFound, differences
from tornkit.routing.comparing.saved import read


class Guarded(RequestHandler):
    @authenticated
    def get(self) -> None: ...


class Unguarded(RequestHandler):
    def get(self) -> None: ...


class Mine(Matcher):
    def match(self, request: Any) -> Any:
        return {}


def between(old: list[Any], new: list[Any], **settings: Any) -> Differences:
    return differences(saved(*old, **settings), saved(*new, **settings))


def fields(found: Differences) -> list[dict[str, tuple[Any, Any]]]:
    return [{c.field: (c.old, c.new) for c in each.changes} for each in found.changed]


def moves(found: Differences) -> list[tuple[str, list[Any], list[Any]]]:
    return [
        (
            each.route.pattern,
            [(passed.route.pattern, passed.witness) for passed in each.ahead_of],
            [(passed.route.pattern, passed.witness) for passed in each.behind],
        )
        for each in found.moved
    ]


RULES: list[Any] = [("/", Home, {}, "home"), ("/b", Form, {"size": 1}), (r"/(\d+)", Other)]


def test_nothing_differs_from_itself(tmp_path: Path) -> None:
    found = between(RULES, RULES, static_path=str(tmp_path), default_host="a.com")
    assert found == Differences()
    assert not found


def test_lines_and_files_are_no_difference() -> None:
    text = written(Application(RULES))
    other = json.loads(text)
    for route in other["routes"]:
        route["source"] = {"file": "elsewhere.py", "line": 1}
        route["declared"] = {"file": "elsewhere.py", "line": 2}
    assert not differences(read(text), read(json.dumps(other)))


def test_added_and_removed() -> None:
    found = between([("/a", Home), ("/b", Form)], [("/b", Form), ("/c", Other)])
    assert [route.pattern for route in found.added] == ["/c"]
    assert [route.pattern for route in found.removed] == ["/a"]
    assert not found.changed
    assert not found.moved


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (("/a", Home, {}, "x"), ("/a", Home, {}, "y"), {"name": ("x", "y")}),
        (("/a", Home, {}, "x"), ("/b", Home, {}, "x"), {"path": ("/a", "/b")}),
        (("/a", Home), ("/a", Home, {}, "x"), {"name": (None, "x")}),
        (
            ("/a", Form, {"size": 1}),
            ("/a", Form, {"size": 2}),
            {"kwargs": ({"size": "1"}, {"size": "2"})},
        ),
        (
            ("/a", RedirectHandler, {"url": "/x"}),
            ("/a", RedirectHandler, {"url": "/y"}),
            {"detail": ("to /x", "to /y"), "kwargs": ({"url": "'/x'"}, {"url": "'/y'"})},
        ),
    ],
)
def test_what_of_a_route_changed(old: Any, new: Any, expected: dict[str, Any]) -> None:
    found = between([old], [new])
    assert fields(found) == [expected]
    assert not found.added
    assert not found.removed


def test_another_handler() -> None:
    (changes,) = fields(between([("/a", Home)], [("/a", Form)]))
    assert changes.keys() == {"target", "methods"}
    assert changes["methods"] == (["GET"], ["GET", "POST"])
    (changes,) = fields(between([("/a", Guarded)], [("/a", Unguarded)]))
    assert changes["authenticated"] == (["GET"], [])


def test_the_order_of_methods_is_no_difference() -> None:
    old, new = document(("/a", Form)), document(("/a", Form))
    new["routes"][0]["methods"].reverse()
    assert not differences(read(json.dumps(old)), read(json.dumps(new)))


def test_a_host_rule() -> None:
    old, new = Application(), Application()
    old.add_handlers(r"a\.com", [("/a", Home, {}, "x")])
    new.add_handlers(r"b\.com", [("/a", Home, {}, "x")])
    found = differences(read(written(old)), read(written(new)))
    assert fields(found) == [{"host": (r"a\.com", r"b\.com")}]


def test_a_router_above_alone() -> None:
    old, new = document(("/a", Home, {}, "x")), document(("/a", Home, {}, "x"))
    outer = {"kind": "path", "regex": "/.*$", "flags": 32}
    new["routes"][0]["conditions"].insert(0, outer)
    found = differences(read(json.dumps(old)), read(json.dumps(new)))
    assert [list(each) for each in fields(found)] == [["conditions"]]


def test_keys_that_one_side_lacks_are_no_difference() -> None:
    old, new = document(*RULES), document(*RULES)
    for route in old["routes"]:
        for key in ("kwargs", "authenticated", "takes", "operations"):
            del route[key]
    del old["summary"]
    for route in new["routes"]:
        route["of tomorrow"] = 1
    assert not differences(read(json.dumps(old)), read(json.dumps(new)))
    assert not differences(read(json.dumps(new)), read(json.dumps(old)))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("'/tmp/a/very/lo...", "'/tmp/a/very/long...", True),
        ("'/tmp/a...", "'/tmp/a/b'", True),
        ("'/tmp/a...", "'/tmp/b...", False),
        ("'/tmp/a'", "'/tmp/ab'", False),
        ("'...", "'x'", True),
    ],
)
def test_texts_that_were_cut_off(old: str, new: str, same: bool) -> None:
    """What follows is not known, so it is not called different."""
    first, second = document(("/a", Form)), document(("/a", Form))
    first["routes"][0]["kwargs"] = {"path": old}
    second["routes"][0]["kwargs"] = {"path": new}
    assert bool(differences(read(json.dumps(first)), read(json.dumps(second)))) is not same


def test_what_answers_everything_else() -> None:
    old, new = saved(("/", Home)), saved(("/", Home), default_handler_class=Other)
    (only,) = differences(old, new).not_found
    assert only.old == "tornado.web.ErrorHandler"
    assert only.new is not None
    assert only.new.endswith(".Other")
    more = read(written(Application([("/", Home)]), Application()))
    assert differences(old, more).not_found == (NotFound(1, None, "tornado.web.ErrorHandler"),)


# ---- order ----

SPECIFIC, GENERAL, APART = ("/posts/new", Home), (r"/posts/([^/]+)", Form), ("/about", Other)


def test_a_swap_that_matters() -> None:
    found = between([SPECIFIC, GENERAL], [GENERAL, SPECIFIC])
    assert len(found.moved) == 1
    (pattern, ahead, behind) = moves(found)[0]
    assert {pattern, *(name for name, _ in (*ahead, *behind))} == {"/posts/new", "/posts/([^/]+)"}
    assert [witness for _, witness in (*ahead, *behind)] == ["/posts/new"]


def test_a_swap_that_nobody_can_notice() -> None:
    assert not between([SPECIFIC, APART], [APART, SPECIFIC])
    assert not between([APART, SPECIFIC, GENERAL], [SPECIFIC, GENERAL, APART])


def test_who_moved_and_past_whom() -> None:
    catch_all = ("/(.*)", Other)
    found = between([SPECIFIC, GENERAL, catch_all], [catch_all, SPECIFIC, GENERAL])
    ((pattern, ahead, behind),) = moves(found)
    assert (pattern, behind) == ("/(.*)", [])
    assert [name for name, _ in ahead] == ["/posts/new", "/posts/([^/]+)"]
    assert all(re.fullmatch(name, witness) for name, witness in ahead)
    found = between([catch_all, SPECIFIC, GENERAL], [SPECIFIC, GENERAL, catch_all])
    (only,) = moves(found)
    assert only[:2] == ("/(.*)", [])
    assert [name for name, _ in only[2]] == ["/posts/new", "/posts/([^/]+)"]


def test_routes_that_come_and_go_move_nobody() -> None:
    found = between([APART, SPECIFIC, GENERAL], [("/x", RedirectHandler), SPECIFIC, GENERAL])
    assert not found.moved


def test_hosts_tell_routes_apart() -> None:
    def table(*hosts: str) -> Any:
        app = Application()
        for host in hosts:
            app.add_handlers(host, [("/(.*)", Home, {}, f"n{host}")])
        return read(written(app))

    assert not differences(table(r"a\.com", r"b\.com"), table(r"b\.com", r"a\.com"))
    found = differences(table(r"a\.com", r".*\.com"), table(r".*\.com", r"a\.com"))
    ((_, ahead, behind),) = moves(found)
    assert [witness for _, witness in (*ahead, *behind)] == ["//a.com/"]


def test_where_it_can_not_be_decided_the_move_is_told() -> None:
    own = Rule(Mine(), Home)
    found = between([own, GENERAL], [GENERAL, own])
    ((_, ahead, behind),) = moves(found)
    assert [witness for _, witness in (*ahead, *behind)] == [None]


def test_applications_do_not_stand_in_each_others_way() -> None:
    one, other = Application([("/(.*)", Home)]), Application([("/(.*)", Form)])
    found = differences(read(written(one, other)), read(written(other, one)))
    assert not found.moved


@pytest.mark.parametrize("seed", range(20))
def test_as_few_as_possible_are_called_moved(seed: int) -> None:
    """All want the same requests, so what is left in order is a longest ascending sequence."""
    chosen = random.Random(seed)
    order = list(range(chosen.randrange(2, 8)))
    chosen.shuffle(order)

    def rules(numbers: list[int]) -> list[Any]:
        return [(Rule(AnyMatches(), Home, {}, f"n{number}")) for number in numbers]

    found = between(rules(sorted(order)), rules(order))
    ascending = max(
        size
        for mask in range(1 << len(order))
        if (part := [n for place, n in enumerate(order) if mask >> place & 1]) == sorted(part)
        for size in [len(part)]
    )
    assert len(found.moved) == len(order) - ascending
    for moved in found.moved:
        assert moved.ahead_of or moved.behind


# ---- findings ----


def test_findings_that_are_new_or_gone() -> None:
    wrong: tuple[Any, ...] = ("/opt/?", Home, {}, "opt")
    right: tuple[Any, ...] = ("/opt", Home, {}, "opt")
    found = between([right], [wrong])
    assert [each["code"] for each in found.new_findings] == ["TK302"]
    assert not found.gone_findings
    found = between([wrong], [right])
    assert [each["code"] for each in found.gone_findings] == ["TK302"]
    assert not found.new_findings


def test_a_finding_whose_route_only_has_another_index_stays() -> None:
    twice: list[Any] = [("/a", Home, {}, "x"), ("/b", Form, {}, "x")]
    assert saved(*twice).findings
    found = between(twice, [("/new", Other), *twice])
    assert not found.new_findings
    assert not found.gone_findings


def test_a_finding_with_another_culprit_is_another() -> None:
    old = [("/x/.*", Home), ("/x/y", Form)]
    new = [("/x/y", Other), ("/x/.*", Home), ("/x/y", Form)]
    families = ("reachability",)
    found = differences(saved(*old, families=families), saved(*new, families=families))
    assert [each["code"] for each in found.new_findings] == ["TK201"]
    assert [each["code"] for each in found.gone_findings] == ["TK201"]


def test_findings_of_places_are_known_by_file_and_message() -> None:
    def table(line: int, *messages: str) -> Any:
        found = document(("/", Home))
        found["findings"] = [
            {
                "code": "TK601",
                "message": message,
                "route": None,
                "by": [],
                "where": {"file": "a.py", "line": line},
            }
            for message in messages
        ]
        return read(json.dumps(found))

    assert not differences(table(1, "no route x"), table(9, "no route x"))
    found = differences(table(1, "no route x"), table(1, "no route x", "no route x"))
    assert len(found.new_findings) == 1


def test_only_codes_that_both_were_searched_for() -> None:
    old, new = saved(("/opt", Home, {}, "opt")), saved(("/opt/?", Home, {}, "opt"))
    found = differences(old, new, comparable=lambda code: code.startswith("TK1"))
    assert not found.new_findings
    assert found.changed


def test_a_long_table_in_another_order() -> None:
    rules: list[Any] = [(f"/{number}/([a-z]+)", Home, {}, f"n{number}") for number in range(600)]
    assert not between(rules, list(reversed(rules))).moved
