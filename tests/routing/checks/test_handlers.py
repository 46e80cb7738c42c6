"""TK401 to TK404, each said or not said of a route, and then a real request sent to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.routing import AnyMatches, HostMatches, PathMatches, Rule, RuleRouter, URLSpec
from tornado.web import (
    Application,
    ErrorHandler,
    FallbackHandler,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
)

from tests.routing.checks.specimens import (
    CLOSED,
    FILES,
    HERE,
    NAME,
    REGEX,
    Answering,
    AnsweringChild,
    Anything,
    ByKeyword,
    Configured,
    Elsewhere,
    FromMemory,
    Inherited,
    LanguageRedirect,
    Made,
    MadeOfOne,
    NotForwarding,
    One,
    OneByName,
    OneByPosition,
    Open,
    Optional,
    OwnFiles,
    OwnGet,
    Passed,
    Patch,
    Plain,
    Prepared,
    Rest,
    Silent,
    SilentChild,
    Slashed,
    Static,
    Unslashed,
    WithUser,
    codes,
    findings,
    message,
    status,
)
from tornkit.routing.checks.handlers import check
from tornkit.routing.model import RouteTable, Severity, Source
from tornkit.routing.tables import route_table

# rule, path of a request that it gets, what is to be said of it
CASES: list[tuple[Any, str, str | None]] = [
    # too many, too few, by the wrong name
    ((REGEX["one"], Plain), "/x/ab", "TK401"),
    (("/x", One), "/x", "TK401"),
    ((REGEX["two"], One), "/x/ab", "TK401"),
    ((REGEX["two"], Passed), "/x/ab", "TK401"),
    ((r"/x/(\w)(\w)(\w)", Optional), "/x/abc", "TK401"),
    ((r"/x/(?P<other>\w+)", One), "/x/ab", "TK401"),
    ((REGEX["one"], OneByName), "/x/ab", "TK401"),
    ((REGEX["named"], OneByPosition), "/x/ab", "TK401"),
    ((REGEX["named"], Rest), "/x/ab", "TK401"),
    ((REGEX["two"], Inherited), "/x/ab", "TK401"),
    ((REGEX["two"], WithUser), "/x/ab", "TK401"),
    (("/x", WithUser), "/x", "TK401"),
    ((REGEX["two"], Prepared), "/x/ab", "TK401"),
    ((REGEX["two"], Static), "/x/ab", "TK401"),
    (((AnyMatches()), One), "/x", "TK401"),
    ((HostMatches(".*"), One), "/x", "TK401"),
    ((PathMatches(r"/(\w)"), [("/.", One)]), "/x", "TK401"),  # the outer group is dropped
    ((r"/x(/y)?", Plain), "/x", "TK401"),  # a group that takes no part is passed as None
    # and what fits
    (("/x", Plain), "/x", None),
    ((REGEX["one"], One), "/x/ab", None),
    ((REGEX["named"], One), "/x/ab", None),
    ((REGEX["named"], OneByName), "/x/ab", None),
    ((REGEX["one"], OneByPosition), "/x/ab", None),
    ((r"/x(/y)?", One), "/x", None),
    ((REGEX["one"], Optional), "/x/ab", None),
    ((REGEX["two"], Optional), "/x/ab", None),
    ((REGEX["two"], Rest), "/x/ab", None),
    ((REGEX["named"], Anything), "/x/ab", None),
    (("/x", Anything), "/x", None),
    ((REGEX["one"], Passed), "/x/ab", None),
    ((REGEX["one"], WithUser), "/x/ab", None),
    ((REGEX["one"], Static), "/x/ab", None),
    ((REGEX["one"], Prepared), "/x/ab", None),
    ((r"/x/(?:\w)(\w)", One), "/x/ab", None),
    ((PathMatches(r"/(\w)"), [("/.", Plain)]), "/x", None),
    # answered before the method is called, or not
    ((REGEX["one"], Slashed), "/x/ab", None),
    ((r"/x/(\w)(/)", Unslashed), "/x/a/", None),
    ((r"/x/(\w+)/?", Slashed), "/x/ab/", "TK401"),
    ((r"/x/(\w+)/?", Unslashed), "/x/ab", "TK401"),
    # initialize
    (("/x", Configured), "/x", "TK402"),
    (("/x", Configured, {"db": 1, "cash": 2}), "/x", "TK402"),
    (("/x", Plain, {"db": 1}), "/x", "TK402"),
    (("/x", Configured, "name"), "/x", "TK402"),
    (("/x", Open, {"request": 1}), "/x", "TK402"),
    (("/x", ByKeyword), "/x", "TK402"),
    (("/x", Made), "/x", "TK402"),
    (("/x", Made, {"cash": 2, "db": 1}), "/x", "TK402"),
    (("/x", MadeOfOne), "/x", "TK402"),
    (("/x", MadeOfOne, {"db": 1, "cash": 2}), "/x", "TK402"),
    (("/x", RedirectHandler), "/x", "TK402"),
    (("/x/(.*)", StaticFileHandler), f"/x/{NAME}", "TK402"),
    (("/x", FallbackHandler), "/x", "TK402"),
    (("/x", ErrorHandler), "/x", "TK402"),
    (("/x", Configured, {"db": 1}), "/x", None),
    (("/x", Configured, {"db": 1, "cache": 2}), "/x", None),
    (("/x", ByKeyword, {"db": 1}), "/x", None),
    (("/x", Open, {"whatever": 1}), "/x", None),
    (("/x", Open), "/x", None),
    (("/x", Made, {"db": 1}), "/x", None),
    (("/x", MadeOfOne, {"db": 1}), "/x", None),
    (("/x", NotForwarding, {"db": 1}), "/x", None),
    # no method
    (("/x", Silent), "/x", "TK403"),
    (("/x", SilentChild), "/x", "TK403"),
    (("/x", Patch), "/x", "TK403"),  # it has a get, and supports only PATCH
    (("/x", Answering), "/x", None),
    (("/x", AnsweringChild), "/x", None),
    # static files
    (("/x", StaticFileHandler, FILES), "/x", "TK404"),
    ((r"/x/(?P<file>.*)", StaticFileHandler, FILES), f"/x/{NAME}", "TK404"),
    ((r"/x/(.*)", StaticFileHandler, {"path": "/no/where"}), "/x/a", "TK404"),
    ((r"/x/(.*)", StaticFileHandler, {"path": "no-where"}), "/x/a", "TK404"),
    ((r"/x/(.*)", StaticFileHandler, {"path": None}), "/x/a", "TK404"),
    ((r"/x/(.*)", StaticFileHandler, FILES), f"/x/{NAME}", None),
    ((r"/x/(.*)", StaticFileHandler, {"path": Path(HERE)}), f"/x/{NAME}", None),
    ((r"/x/(?P<path>.*)", StaticFileHandler, FILES), f"/x/{NAME}", None),
    ((r"/x/y()", StaticFileHandler, {"path": __file__}), "/x/y", None),  # one file
    ((r"/x/(.*)", OwnFiles, {"path": "."}), f"/x/{NAME}", None),
    ((r"/x/(.*)", FromMemory, {"path": "/no/where"}), "/x/a", None),
    ((r"/x/(?P<name>.*)", OwnGet, {"path": "/no/where"}), "/x/a", None),
    ((r"/x/(.*)", OwnGet, {"path": "/no/where"}), "/x/a", "TK401"),
    # redirects
    (("/x", RedirectHandler, {"url": "/{0}"}), "/x", "TK404"),
    ((REGEX["one"], RedirectHandler, {"url": "/{ident}"}), "/x/a", "TK404"),
    ((REGEX["named"], RedirectHandler, {"url": "/{0}"}), "/x/a", "TK404"),
    ((REGEX["one"], RedirectHandler, {"url": "/{}/{}"}), "/x/a", "TK404"),
    ((REGEX["one"], RedirectHandler, {"url": "/{0}/{}"}), "/x/a", "TK404"),
    ((REGEX["one"], RedirectHandler, {"url": "/{0:d}"}), "/x/a", "TK404"),
    ((REGEX["one"], RedirectHandler, {"url": "/{"}), "/x/a", "TK404"),
    (("/x", RedirectHandler, {"url": None}), "/x", "TK404"),
    (("/x", RedirectHandler, {"url": "/y"}), "/x", None),
    ((REGEX["one"], RedirectHandler, {"url": "/y"}), "/x/a", None),
    ((REGEX["one"], RedirectHandler, {"url": "/{0}"}), "/x/a", None),
    ((REGEX["two"], RedirectHandler, {"url": "/{1}/{0}"}), "/x/ab", None),
    ((REGEX["one"], RedirectHandler, {"url": "/{0:>9}/{{}}"}), "/x/a", None),
    ((REGEX["one"], RedirectHandler, {"url": "/{0[0]}"}), "/x/a", None),
    ((REGEX["named"], RedirectHandler, {"url": "/{ident}"}), "/x/a", None),
    ((r"/x(/y)?", RedirectHandler, {"url": "/z{0}"}), "/x", None),
    ((REGEX["one"], LanguageRedirect, {"url": "/{9}"}), "/x/a", None),
    ((REGEX["one"], Elsewhere, {"base": "/b"}), "/x/a", None),
]


@pytest.mark.parametrize(("rule", "path", "code"), CASES)
def test_what_is_said_is_what_happens(rule: Any, path: str, code: str | None) -> None:
    application = Application([rule])
    found = findings(application)
    assert [finding.code for finding in found] == ([code] if code else [])
    right = (200, 301, 302)
    wrong = {"TK401": (500,), "TK402": (CLOSED,), "TK403": (405,), "TK404": (404, 500)}
    assert asyncio.run(status(application, path)) in (wrong[code] if code else right)
    for each in found:
        assert (each.route, each.severity) == (0, Severity.ERROR)


def test_a_second_group_of_a_static_route_makes_head_fail() -> None:
    assert codes((r"/x/(.*)/(.)", StaticFileHandler, FILES)) == ["TK404"]
    with pytest.raises(TypeError):
        StaticFileHandler.head(None, "a", "b")  # type: ignore[call-arg, arg-type]


# ---- what is judged, and how it is said ----


def test_a_route_under_default_host_is_judged_once() -> None:
    application = Application(default_host="a.com")
    application.add_handlers(r"a\.com", [("/x", One)])
    assert len(route_table(application).routes) == 2
    assert [finding.route for finding in findings(application)] == [0]


def test_only_handlers_are_judged() -> None:
    def callback(request: Any) -> None: ...

    router = RuleRouter([Rule(PathMatches(r"/(.)"), callback, {"anything": 1})])
    assert codes((AnyMatches(), router), (r"/y/(.)", Application([]))) == []
    # A named rule that leads to a router has a line, and no handler.
    assert codes((PathMatches("/in/(.*)"), [("/in/x", Plain)], {}, "inside")) == []
    assert list(check(route_table(RuleRouter([(r"/(.)", One)])))) == []


def test_each_method_is_judged() -> None:
    class Both(One):
        def post(self, ident: str) -> None: ...

        def put(self) -> None: ...

        def options(self, ident: str, more: str) -> None: ...

    assert [each.message for each in findings(Application([(REGEX["one"], Both)]))] == [
        "put() takes no argument and is given 1: the pattern has 1 group",
        "options(ident, more) needs 'more' and is not given it: the pattern has 1 group",
    ]


def test_methods_of_which_the_same_is_true_are_said_together() -> None:
    class Both(RequestHandler):
        def get(self, slug: str) -> None: ...

        def delete(self, slug: str) -> None: ...

    assert message(("/x", Both)) == (
        "get(slug) and delete(slug) each needs 'slug' and is not given it: "
        "the pattern has no groups"
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            (r"/(?P<a>.)(?P<b>.)", One),
            "get(ident) takes no 'a' and 'b': the pattern's groups are named 'a' and 'b'",
        ),
        (
            (REGEX["two"], WithUser),
            "get(user, ident) takes only 2 arguments and is given 3: the pattern has 2 groups, and "
            "a decorator passes something else",
        ),
        (("/x", Plain, {"db": 1}), "Plain has no initialize that takes 'db'"),
        (
            ("/x", Configured, {"cache": 1}),
            "initialize(db, cache=...) needs 'db' and is not given it: the rule gives 'cache'",
        ),
        (
            ("/x", Plain, "name"),
            "the rule's third element is 'name' and no dict of keyword arguments; a name is the "
            "fourth, or name=...",
        ),
        (
            ("/x", Open, {"request": 1}),
            "Tornado itself passes 'request' to every handler: call it otherwise",
        ),
        (("/x", Silent), "Silent implements no method: every request is answered with 405"),
        (
            ("/x", StaticFileHandler, FILES),
            "a static route needs one group, unnamed or named 'path', for the file: "
            "the pattern has no groups",
        ),
        (
            ("/x", RedirectHandler, {"url": "https://me:secret@host/{a}"}),
            "its url 'https://me:***@host/{a}' can't be filled in (KeyError: 'a'), so that every "
            "request fails: the pattern has no groups",
        ),
    ],
)
def test_messages(rule: Any, said: str) -> None:
    assert message(rule) == said


def test_a_finding_points_to_the_rule_or_else_to_the_handler() -> None:
    table = route_table(Application([URLSpec("/x", One, name="x")]))
    (found,) = check(table)
    assert found.where is not None
    assert found.where == table.routes[0].target.source
    rule = Source("/app.py", 7)
    declared = (replace(table.routes[0], declared=rule),)
    (found,) = check(RouteTable(declared))
    assert found.where == rule
