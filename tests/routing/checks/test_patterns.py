from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.routing import HostMatches, PathMatches, Rule, RuleRouter
from tornado.web import Application, ErrorHandler, FallbackHandler, RequestHandler, url

from tornkit.routing.checks.patterns import check
from tornkit.routing.model import Finding, Origin, RouteTable, Source
from tornkit.routing.tables import route_table


class Page(RequestHandler):
    def get(self, *args: str, **kwargs: str) -> None: ...


def compiled(pattern: str, flags: int = 0) -> PathMatches:
    return PathMatches(re.compile(pattern, flags))


def found_in(application: object) -> list[Finding]:
    return list(check(route_table(application)))


def path_findings(pattern: Any) -> list[tuple[str, str | None]]:
    """Code and witness of what is said about one path pattern."""
    matcher = pattern if isinstance(pattern, PathMatches) else PathMatches(pattern)
    found = found_in(Application([Rule(matcher, Page)]))
    return [(each.code, each.witness) for each in found]


def host_findings(pattern: Any) -> list[tuple[str, str | None]]:
    application = Application()
    application.add_handlers(pattern, [(r"/", Page), (r"/a", Page)])
    found = found_in(application)
    assert {each.route for each in found} <= {0}
    return [(each.code, each.witness) for each in found]


@pytest.mark.parametrize(
    ("pattern", "code", "witness"),
    [
        (r"/favicon.ico", "TK501", "/favicon-ico"),
        (r"/(.*).json", "TK501", "/a-json"),
        (r"/a|/b", "TK503", "/aXYZ"),
        (r"^/a|/b$", "TK503", "/aXYZ"),
        (r"/a/.*|/b|/c", "TK503", "/bXYZ"),
        (r"/(?:a|b$)|/c", "TK503", "/aXYZ"),
        (compiled(r"(?:/a$|/b)"), "TK503", "/bXYZ"),
        (compiled(r"(/a\Z|/b)"), "TK503", "/bXYZ"),
        (compiled(r"(?>/a$|/b)"), "TK503", "/bXYZ"),
        (compiled(r"/a"), "TK504", "/aXYZ"),
        (compiled(r"/a/"), "TK504", "/a/XYZ"),
        (compiled(r"/a|/b"), "TK504", "/aXYZ"),
        (compiled(r"/a/(\d+)"), "TK504", "/a/1XYZ"),
        (compiled(r"/a/([^/]+)"), "TK504", "/a/a/XYZ"),
        (compiled(r"/a(/.*)?"), "TK504", "/aXYZ"),
        (compiled(r"/A", re.IGNORECASE), "TK504", "/AXYZ"),
        (r"/x\$", "TK504", "/x$XYZ"),
        ("(?x) /a # the end", "TK504", "/aXYZ"),
        (r"/posts/<int:id>", "TK506", "/posts/1"),
        (r"/posts/:id", "TK506", "/posts/a"),
        (r"/posts/{id}", "TK506", "/posts/a"),
        (compiled(r"/posts/<id>$"), "TK506", "/posts/a"),
    ],
)
def test_a_path_that_matches_more_than_it_looks(pattern: Any, code: str, witness: str) -> None:
    assert path_findings(pattern) == [(code, witness)]


@pytest.mark.parametrize(
    "pattern",
    [
        r"/favicon\.ico",
        r"/(?:a|b)",
        r"(/a|/b)",
        r"/a$|/b$",
        r"/a$|/b",
        r"/a/.*|/b",
        r"/a/(.*)|/b",
        r"/a(?!.)|/b",
        r"/a\\$",
        r"/posts/\{id\}",
        r"/a{3}",
        r"/a",
        compiled(r"/a$"),
        compiled(r"/a\Z"),
        compiled(r"(?:/a|/b)$"),
        compiled(r"(?:/a$|/b$)"),
        compiled(r"/a/.*"),
        compiled(r"/a/(.*)"),
        compiled(r"/a/.*?"),
        compiled(r"/(?:.|\n)*"),
        compiled(r"/a/[\s\S]*"),
        compiled(r"/a(?![a-z])"),
        compiled(r"/a(?=/|$)"),
        compiled(r"/a\b"),
        compiled(r"/(\S+)"),
        compiled(r""),
        compiled(r"^"),
    ],
)
def test_innocent_paths(pattern: Any) -> None:
    assert path_findings(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"example.com", [("TK502", "examplexcom")]),
        (r".*.example\.com", [("TK502", "axexample.com")]),
        (r"a\.com|b\.com", [("TK503", "a.com.evil.org")]),
        (r"a.com|b\.com", [("TK502", "axcom"), ("TK503", "a.com.evil.org")]),
        (re.compile(r"c\.com"), [("TK505", "c.com.evil.org")]),
        (re.compile(r"localhost|127\.0\.0\.1"), [("TK505", "localhost.evil.org")]),
        (r"d\.com\$", [("TK505", "d.com$.evil.org")]),
        (r"{tenant}\.e\.com", [("TK506", "a.e.com")]),
    ],
)
def test_a_host_that_lets_strangers_in(pattern: Any, expected: list[tuple[str, str]]) -> None:
    assert host_findings(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        r"example\.com",
        r"(?:a|b)\.com",
        r".*\.example\.com",
        r".*",
        re.compile(r"example\.com$"),
        re.compile(r"example\.com\Z"),
        re.compile(r".*"),
        re.compile(r"www\."),
        re.compile(r"localhost(:\d+)?$"),
    ],
)
def test_innocent_hosts(pattern: Any) -> None:
    assert host_findings(pattern) == []


def test_a_host_is_reported_once_and_not_for_its_copy_under_default_host() -> None:
    application = Application([(r"/own", Page)], default_host="example.com")
    application.add_handlers("example.com", [(r"/a.html", Page), (r"/b", Page)])
    found = [(each.code, each.route) for each in found_in(application)]
    assert found == [("TK502", 0), ("TK501", 0)]


def test_a_host_that_stands_at_the_route_itself() -> None:
    found = found_in(RuleRouter([Rule(HostMatches("example.com"), lambda request: None)]))
    assert [(each.code, each.route) for each in found] == [("TK502", 0)]


def test_an_outer_path_may_be_a_prefix_but_no_escaping_alternation() -> None:
    application = Application(
        [
            Rule(compiled(r"/api"), [(r"/api/a", Page)]),
            Rule(PathMatches(r"/v1.0/.*"), [(r"/v1\.0/a", Page), (r"/v1\.0/b", Page)]),
            Rule(PathMatches(r"/p|/q"), [(r"/p", Page)]),
        ]
    )
    found = [(each.code, each.route, each.witness) for each in found_in(application)]
    assert found == [("TK501", 1, "/v1-0/a"), ("TK503", 3, "/pXYZ")]


def test_a_named_router_is_judged_at_its_own_line() -> None:
    rule = Rule(PathMatches(r"/p|/q"), [(r"/p", Page)], name="pq")
    found = found_in(Application([rule]))
    assert [(each.code, each.route) for each in found] == [("TK503", 0)]


@pytest.mark.parametrize("target", [ErrorHandler, FallbackHandler, lambda request: None])
def test_what_is_mounted_under_a_prefix(target: Any) -> None:
    kwargs: dict[Any, dict[str, Any]] = {
        ErrorHandler: {"status_code": 404},
        FallbackHandler: {"fallback": print},
    }
    rule = Rule(compiled(r"/api"), target, kwargs.get(target))
    assert found_in(Application([rule])) == []


def test_the_rules_of_static_path_are_not_the_users(tmp_path: Path) -> None:
    assert found_in(Application([], static_path=str(tmp_path), static_url_prefix="/a.b/")) == []


def test_whose_rule_it_is() -> None:
    application = Application([url(r"/favicon.ico", Page)])
    table = route_table(application)
    file = "/project/app.py"

    def codes(**changes: Any) -> list[str]:
        route = replace(table.routes[0], **changes)
        places = replace(table.places, python=(file,))
        return [each.code for each in check(RouteTable((route,), places=places))]

    generic = replace(table.routes[0].target, name="tornado.web.StaticFileHandler")
    assert codes() == ["TK501"]
    assert codes(origin=Origin.PACKAGE, target=generic) == ["TK501"]
    assert codes(origin=Origin.PACKAGE, declared=Source(file, 3)) == ["TK501"]
    assert codes(origin=Origin.PACKAGE) == []
    assert codes(origin=Origin.TORNADO, target=generic) == []


def test_a_finding_says_where_and_what_to_do() -> None:
    application = Application([(r"/a|/b", Page)])
    (found,) = found_in(application)
    assert found.where == route_table(application).routes[0].where
    assert found.message == (
        "the pattern is anchored in some branches only, so that /aXYZ matches too: "
        "put the branches in a group, (?:...)"
    )


def test_a_parameter_is_told_with_what_was_meant() -> None:
    (found,) = found_in(Application([(r"/posts/<int:id>/x", Page)]))
    assert found.message == (
        "the pattern is a regex, in which <int:id> is plain text, so that /posts/1/x does not "
        r"match: write /posts/(\d+)/x"
    )


def test_a_pattern_without_an_example_is_undecided() -> None:
    (found,) = found_in(Application([Rule(compiled(r"/a{3000}"), Page)]))
    assert found.code == "TK000"
    assert "no example" in found.message


@pytest.mark.parametrize(
    "pattern", [r"/" + "(" * 50 + "a.b" + ")" * 50, r"/" + "(?:" * 50 + "a.b" + ")?" * 50]
)
def test_deep_nesting(pattern: str) -> None:
    assert path_findings(pattern) == [("TK501", "/a-b")]


def test_a_very_long_pattern() -> None:
    assert path_findings("/" + "a" * 1000 + "b.c") == [("TK501", "/" + "a" * 1000 + "b-c")]
    assert path_findings("/" + "a|/" * 3000 + "b")[0][0] == "TK503"
