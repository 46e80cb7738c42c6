"""Tests of TK203: the pairs of routes it names."""

from __future__ import annotations

from collections.abc import Iterable

from tornado.web import Application, RequestHandler

from tests.routing.handmade import a_route, a_table, host, path
from tornkit.routing.checks.overlap import check
from tornkit.routing.model import Finding, Route, Severity, Source, Takes
from tornkit.routing.tables import route_table


def found(routes: Iterable[Route | str], start: int = 0) -> list[Finding]:
    return list(check(a_table(routes, start=start)))


def test_a_finding_names_the_earlier_route_and_stands_at_the_later() -> None:
    here = Source("/app.py", 3)
    (told,) = found(["/a/new", a_route("/a/(.*)", declared=here)], start=5)
    assert (told.code, told.severity) == ("TK203", Severity.INFO)
    assert (told.route, told.by, told.where) == (6, (5,), here)
    assert told.message == "route 5 /a/new takes some of what it matches"
    assert told.witness == "/a/new"


def test_a_route_without_a_pattern_is_called_by_its_number() -> None:
    (told,) = found([a_route(None, host(r"a\.com$")), "/x"])
    assert told.message == "route 0 takes some of what it matches"
    assert told.witness == "//a.com/x"


def test_a_route_that_is_dead_is_told_by_another_check() -> None:
    assert found(["/(.*)", "/a"]) == []
    assert found(["/a b", "/a.b"]) == []  # nor does one that nothing can be sent to take anything


def test_what_could_not_be_decided_is_not_told() -> None:
    assert found([r"/(a+)\1", "/a{4}"]) == []


def test_a_route_that_takes_no_request_overlaps_nothing() -> None:
    never = a_route("/(.*)", takes=Takes.NEVER)
    assert found([never, "/a", never]) == []


def test_routes_that_have_nothing_in_common_are_silent() -> None:
    assert (
        found(["/a", "/b/(.*)", a_route(path("/c$"), host("a$")), a_route("/c", host("b$"))]) == []
    )


class Home(RequestHandler):
    def get(self, *args: str) -> None: ...


def test_overlaps_are_told_with_a_url_that_the_earlier_one_gets() -> None:
    rules = [(pattern, Home) for pattern in ("/posts/new", "/posts/(.*)", "/(.*)/new", "/x")]
    findings = list(check(route_table(Application(rules))))
    assert [(f.code, f.route, f.by, f.witness) for f in findings] == [
        ("TK203", 1, (0,), "/posts/new"),
        ("TK203", 2, (0,), "/posts/new"),
        ("TK203", 2, (1,), "/posts//new"),
    ]
