from __future__ import annotations

import logging
from typing import Any

import pytest
from tornado.routing import (
    AnyMatches,
    HostMatches,
    Matcher,
    PathMatches,
    ReversibleRuleRouter,
    Router,
    Rule,
    RuleRouter,
)
from tornado.web import Application, RequestHandler

from tornkit.routing.checks import findings
from tornkit.routing.matching.sendable import hosts
from tornkit.routing.model import Finding, Outcome, Reversal, Route, RouteTable, Severity
from tornkit.routing.reversing import reverse
from tornkit.routing.tables import route_table


class Home(RequestHandler): ...


class Other(RequestHandler): ...


def callback(request: object) -> None: ...


def table(*rules: Any, **settings: Any) -> RouteTable:
    return route_table(Application(list(rules), **settings))


def reversal(pattern: Any) -> Reversal:
    (route,) = table((pattern, Home, {}, "name")).routes
    assert route.reversal is not None
    return route.reversal


def reversal_of(route: Route) -> Reversal:
    assert route.reversal is not None
    return route.reversal


def codes(table: RouteTable) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.route) for finding in findings(table)]


def single(table: RouteTable) -> Finding:
    (finding,) = findings(table)
    return finding


@pytest.mark.parametrize(
    ("pattern", "args", "url"),
    [
        ("/", (), "/"),
        (r"/posts/(\d+)", ("1",), "/posts/1"),
        (r"^/posts/(\d+)$", ("1",), "/posts/1"),
        (r"/(?P<year>\d{4})/(?P<slug>[\w-]+)", ("1111", "a"), "/1111/a"),
        (r"/f/(.*)", ("a",), "/f/a"),
        (r"/f\.txt", (), "/f.txt"),
        (r"/100%", (), "/100%"),
        (r"/(%20)/x", (" ",), "/%20/x"),
        (PathMatches(r"/x/([a-z]+)"), ("a",), "/x/a"),
    ],
)
def test_reverses_with_arguments_that_fit(pattern: Any, args: tuple[str, ...], url: str) -> None:
    found = reversal(pattern)
    assert (found.outcome, found.args, found.url) == (Outcome.OK, args, url)


@pytest.mark.parametrize(
    ("pattern", "url", "because"),
    [
        (r"/a/?", "/a/?", "begins a query string"),
        (r"/a(/\d+)?", "/a/1?", "begins a query string"),
        (r"/a#b", "/a#b", "begins a fragment"),
        (r"/([)]+)/b", "/%29]+)/b", "the pattern does not match it"),
        (r"/a+", "/a+", "the pattern does not match it"),
        (r"/café", "/café", "a client sends it as /caf%C3%A9"),
        (r"/a b", "/a b", "a client sends it as /a%20b"),
        (r"/a{2}", "/a{2}", "a client sends it as /a%7B2%7D"),
        (r"/([^/]+@[^/]+)", "/a%40a", "the pattern does not match it"),
        (r"about", "about", "does not begin with '/'"),
        (r"/x/(\d+)|/y/(\d+)", "/x/1|/y/1", "come back as ('1', None)"),
    ],
)
def test_a_url_that_does_not_match(pattern: str, url: str, because: str) -> None:
    found = reversal(pattern)
    assert found.url == url
    assert found.outcome is Outcome.MISSES
    assert because in found.reason
    finding = single(table((pattern, Home, {}, "name")))
    assert (finding.code, finding.severity) == ("TK302", Severity.ERROR)
    assert finding.witness == url


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        (r"/(a(b)c)", "TypeError"),
        (r"/100%/(\d+)", "ValueError: unsupported format character"),
        (r"/(?:a|b)", "ValueError: Cannot reverse url regex"),
        (r"(?i)/a", "ValueError: Cannot reverse url regex"),
        (r"/\d", "ValueError: Cannot reverse url regex"),
        (r"/\(", "ValueError: Cannot reverse url regex"),
        (r"/a\Z", "ValueError: Cannot reverse url regex"),
        (r"/(?=zebra)([a-z]+)", "ValueError: Cannot reverse url regex"),
        (AnyMatches(), "does not find the name"),
    ],
)
def test_reverse_url_raises(pattern: Any, error: str) -> None:
    found = reversal(pattern)
    assert (found.outcome, found.url) == (Outcome.FAILS, None)
    assert error in found.reason
    finding = single(table((pattern, Home, {}, "name")))
    assert (finding.code, finding.severity) == ("TK301", Severity.ERROR)
    assert error in finding.message
    assert finding.where is not None
    assert finding.where.file == __file__


def test_named_and_unnamed_groups_never_become_a_route() -> None:
    """Nothing to report: Tornado refuses such a pattern when the application is made."""
    with pytest.raises(AssertionError, match="all named or all positional"):
        table((r"/(?P<a>\d+)/(\d+)", Home, {}, "name"))


def test_arguments_fit_their_groups() -> None:
    """``/a/(\\d+)`` with 'x' would give a URL that does not match, and no error."""
    for pattern in (r"/a/(\d+)", r"/a/([^a1]+)", r"/a/(x|y)", r"/a/(\S{3})"):
        assert reversal(pattern).outcome is Outcome.OK


def test_no_example_is_undecided() -> None:
    found = table((r"/(zeb(?<!zeb)|.{3000})", Home, {}, "name"))
    assert reversal_of(found.routes[0]).outcome in (Outcome.UNDECIDED, Outcome.FAILS)
    undecided = table((r"/(.{3000})", Home, {}, "name"))
    finding = single(undecided)
    assert (finding.code, finding.severity) == ("TK000", Severity.INFO)
    assert reversal_of(undecided.routes[0]).url is None


def test_another_route_takes_the_url() -> None:
    found = table(("/(.*)", Other), ("/x", Home, {}, "x"))
    finding = single(found)
    assert (finding.code, finding.route, finding.by) == ("TK303", 1, (0,))
    assert finding.witness == "/x"
    assert "route 0 (Other) takes the URL" in finding.message


def test_one_argument_that_comes_back_is_enough() -> None:
    found = table(("/(a|1|b)", Other), (r"/(\w+)", Home, {}, "word"))
    assert findings(found) == ()
    assert reversal_of(found.routes[1]).url not in ("/a", "/1", "/b")


def test_a_nested_application_takes_the_url() -> None:
    inner = Application([("/in/x", Home)])
    found = table((PathMatches("/in/.*"), inner), ("/in/y", Home, {}, "y"))
    finding = single(found)
    assert (finding.code, finding.route, finding.by) == ("TK303", 1, ())
    assert "the 404 of the Application before it" in finding.message


def test_an_outer_pattern_that_reverse_url_does_not_add() -> None:
    found = table((PathMatches("/api/.*"), [("/users", Home, {}, "users")]))
    finding = single(found)
    assert (finding.code, finding.witness) == ("TK302", "/users")
    assert "the outer pattern /api/.* does not match it" in finding.message


def test_the_users_own_code_in_the_way_is_undecided() -> None:
    class Opaque(Router): ...

    class Custom(Matcher): ...

    found = table(
        ("/x.*", Opaque()), (Custom(), Home), ("/x", Home, {}, "x"), ("/y", Home, {}, "y")
    )
    assert codes(found) == [("TK000", 2), ("TK000", 3)]
    assert reversal_of(found.routes[2]).by == (0,)
    assert reversal_of(found.routes[3]).by == (1,)


def test_a_matcher_of_ones_own_that_reverses() -> None:
    class Custom(Matcher):
        def reverse(self, *args: Any) -> str:
            return "/somewhere"

    assert findings(table((Custom(), Home, {}, "x"), ("/.*", Other))) == ()


def test_an_overridden_reverse_url_is_not_judged() -> None:
    class App(Application):
        def reverse_url(self, name: str, *args: Any) -> str:
            return "https://example.com/prefix" + super().reverse_url(name, *args)

    found = route_table(App([("/x", Home, {}, "x"), ("/(?:y)", Home, {}, "y")]))
    assert codes(found) == [("TK301", 1), ("TK000", 0)]
    assert reversal_of(found.routes[0]).url == "https://example.com/prefix/x"


def test_an_overridden_reverse_url_that_gives_nothing() -> None:
    class App(Application):
        def reverse_url(self, name: str, *args: Any) -> Any:
            return None

    finding = single(route_table(App([("/x", Home, {}, "x")])))
    assert (finding.code, finding.message) == (
        "TK301",
        "can't be reversed: reverse_url gives None",
    )


class TestHosts:
    def application(self, default_host: str | None = None) -> Application:
        application = Application([("/", Home, {}, "home")], default_host=default_host)
        application.add_handlers(r"www\.(a|b)\.com", [("/", Other, {}, "host-home")])
        application.add_handlers(r"c\.com", [("/c", Other, {}, "c")])
        return application

    def test_each_goes_back_with_a_host_of_its_own(self) -> None:
        found = route_table(self.application())
        assert findings(found) == ()
        assert [reversal_of(route).host for route in found.routes] == [
            "www.a.com",
            "c.com",
            "localhost",
        ]

    def test_default_host_copies_reverse_and_are_not_judged(self) -> None:
        found = route_table(self.application(default_host="www.a.com"))
        assert [route.name for route in found.routes] == [
            "host-home",
            "c",
            "home",
            "host-home",
            "c",
        ]
        assert [reversal_of(route).url for route in found.routes] == ["/", "/c", "/", "/", "/c"]
        # The first copy is behind the application's own "/", the second is impossible: neither
        # is a fault of the name, which works at its host.
        assert reversal_of(found.routes[3]).outcome is Outcome.TAKEN
        assert reversal_of(found.routes[4]).outcome is Outcome.UNDECIDED
        assert findings(found) == ()

    def test_a_copy_goes_back_with_a_host_that_no_rule_has(self) -> None:
        application = Application([], default_host="localhost")
        application.add_handlers("localhost", [("/x", Home, {}, "x")])
        original, copy = route_table(application).routes
        assert reversal_of(original).host == "localhost"
        assert reversal_of(copy).outcome is Outcome.OK
        assert reversal_of(copy).host == "127.0.0.1"

    def test_hosts_that_contradict_each_other_are_undecided(self) -> None:
        rules: list[Any] = [(HostMatches("b"), [("/x", Home, {}, "x")])]
        found = table((HostMatches("a"), rules))
        assert hosts(found.routes[0]) == ()
        assert codes(found) == [("TK000", 0)]

    def test_a_host_rule_that_takes_every_host(self) -> None:
        application = Application([("/x", Home, {}, "x")])
        application.add_handlers(".*", [("/(.*)", Other)])
        assert codes(route_table(application)) == [("TK303", 1)]


class TestNames:
    def test_twice_in_one_router(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.CRITICAL, "tornado.application"):
            found = table(("/a", Home, {}, "x"), ("/b/(.)", Home, {}, "x"), ("/c", Home, {}, "x"))
        assert codes(found) == [("TK101", 0), ("TK101", 1)]
        first = findings(found)[0]
        assert (first.severity, first.by, first.witness) == (Severity.WARNING, (2,), "/c")
        assert [reversal_of(route).outcome for route in found.routes] == [
            Outcome.SHADOWED,
            Outcome.SHADOWED,
            Outcome.OK,
        ]

    def test_across_routers_the_outer_one_answers(self) -> None:
        found = table((HostMatches("h"), [("/in", Home, {}, "x")]), ("/out", Home, {}, "x"))
        (finding,) = findings(found)
        assert (finding.code, finding.route, finding.by) == ("TK102", 0, (1,))
        assert finding.severity is Severity.WARNING
        assert reversal_of(found.routes[0]).url == "/out"

    def test_across_routers_the_first_host_answers(self) -> None:
        application = Application([("/w", Home, {}, "x")])
        application.add_handlers("a", [("/a", Home, {}, "x")])
        application.add_handlers("b", [("/b", Home, {}, "x")])
        found = route_table(application)
        assert codes(found) == [("TK102", 1), ("TK102", 2)]
        assert {finding.by for finding in findings(found)} == {(0,)}

    def test_the_owner_is_the_one_that_tornado_finds(self) -> None:
        deep: list[Any] = [("/deep", Home, {}, "x")]
        application = Application(
            [
                (HostMatches("a"), [(HostMatches("b"), deep), ("/mid", Home, {}, "x")]),
                (HostMatches("c"), [("/late", Home, {}, "x")]),
            ]
        )
        assert application.reverse_url("x") == "/mid"
        found = route_table(application)
        assert {finding.by for finding in findings(found)} == {(1,)}

    def test_a_router_that_reverse_url_does_not_enter(self) -> None:
        found = table(
            (AnyMatches(), RuleRouter([Rule(PathMatches("/in"), callback, name="x")])),
            ("/out", Home, {}, "y"),
        )
        assert codes(found) == [("TK301", 0)]

    def test_no_router_to_reverse(self) -> None:
        found = route_table(RuleRouter([Rule(PathMatches("/in"), callback, name="x")]))
        assert single(found).message == "can't be reversed: no router above it can reverse names"
        reversible = ReversibleRuleRouter([Rule(PathMatches("/in"), callback, name="x")])
        assert findings(route_table(reversible)) == ()

    def test_each_application_has_names_of_its_own(self) -> None:
        first = Application([("/a/x", Home, {}, "x"), ("/a/z", Home, {}, "z")])
        second = Application([("/b/x", Home, {}, "x"), ("/b/y", Home, {}, "y")])
        rules = [(PathMatches("/a/.*"), first), (PathMatches("/b/.*"), second)]
        # As its handlers would ask. The outer application's reverse_url would not even get to
        # the second one: the first raises KeyError.
        outer = Application([*rules, ("/x", Home, {}, "x")])
        with pytest.raises(KeyError):
            outer.reverse_url("y")
        assert findings(route_table(outer)) == ()
        assert findings(route_table(RuleRouter(rules))) == ()

    def test_the_name_of_a_router(self) -> None:
        rules: list[Any] = [(PathMatches("/in/.*"), [("/in/.x", Home)], {}, "inside")]
        assert codes(table(*rules)) == [("TK302", 0)]
        catch_all: list[Any] = [(PathMatches("/in/.*"), [("/in/.*", Home)], {}, "inside")]
        assert codes(table(*catch_all)) == []
        assert codes(table(("/in/.*", Other), *catch_all)) == [("TK303", 1)]


def test_a_name_that_takes_too_long_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = reverse._reversal
    asked: list[str | None] = []

    def busy(route: Route, *others: Any) -> Reversal:
        asked.append(route.name)
        while route.name == "slow":
            pass
        return made(route, *others)

    monkeypatch.setattr(reverse, "_reversal", busy)
    monkeypatch.setattr(reverse, "_PATIENCE", 0.05)
    found = table(("/a", Home, {}, "a"), ("/b", Home, {}, "slow"), ("/c", Home, {}, "c"))
    outcomes = [reversal_of(route).outcome for route in found.routes]
    assert outcomes == [Outcome.OK, Outcome.UNDECIDED, Outcome.OK]
    assert asked == ["a", "slow", "a", "slow", "c"]
