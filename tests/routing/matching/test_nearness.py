"""Why a route was passed over."""

from __future__ import annotations

import re

import pytest

from tornkit.routing.conditions import (
    Condition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
    Scope,
    ScopeKind,
)
from tornkit.routing.matching.nearness import Miss, Why, miss, path_miss
from tornkit.routing.matching.search import Request
from tornkit.routing.model import Route, RouteTarget, TargetKind


def why(pattern: str | re.Pattern[str], path: str) -> Miss:
    regex = re.compile(f"{pattern}$") if isinstance(pattern, str) else pattern
    assert not regex.match(path)
    found = path_miss(regex, path)
    if found.instead is not None:
        assert regex.match(found.instead)
    return found


def test_a_slash_at_the_end() -> None:
    assert why("/posts/", "/posts") == Miss(
        Why.TRAILING_SLASH, "all but a slash at the end, which the path lacks", "/posts/"
    )
    assert why("/posts", "/posts/").text == "all but the slash at the end of the path"
    assert why(r"/posts/(\d+)/", "/posts/7").instead == "/posts/7/"
    assert why("/posts", "/posts//").instead == "/posts"


def test_letter_case() -> None:
    assert why("/About", "/about").why is Why.LETTER_CASE
    assert why("/caf%C3%A9", "/caf%c3%a9").why is Why.LETTER_CASE
    assert why(r"/Posts/(\d+)", "/posts/7").why is Why.LETTER_CASE


def test_a_pattern_for_the_decoded_path() -> None:
    found = why("/café", "/caf%C3%A9")
    assert found.why is Why.PERCENT
    assert "'/café'" in found.text
    assert why("/a b", "/a%20b").why is Why.PERCENT


def test_a_pattern_that_ends_before_the_path_does() -> None:
    assert why("/posts", "/posts/7/edit") == Miss(
        Why.ENDS_BEFORE, "ends before '/7/edit'", "/posts"
    )
    assert why(r"/posts/(\d+)", "/posts/7/edit").text == "ends before '/edit'"
    assert why("/posts/", "/posts/7").text == "ends before '7'"


def test_the_root_is_no_near_miss_of_everything() -> None:
    assert not why("/", "/posts").near
    assert not why(r"/(\d+)", "/").near
    assert not why("/posts", "/").near


def test_a_path_that_lacks_segments() -> None:
    assert why(r"/posts/(\d+)", "/posts") == Miss(
        Why.NEEDS_MORE, "needs one more segment, as in /posts/1", "/posts/1"
    )
    assert why(r"/posts/(\d+)", "/posts/").instead == "/posts/1"
    assert why(r"/users/(\d+)/posts", "/users/42").instead == "/users/42/posts"
    assert why(r"/users/(\d+)/posts/(\w+)", "/users/42").text.startswith("needs 2 more segments")


def test_a_segment_that_does_not_fit_its_group() -> None:
    found = why(r"/posts/(\d+)", "/posts/x")
    assert found == Miss(Why.SEGMENT, "'x' does not fit; it takes, say, /posts/1", "/posts/1")
    assert why(r"/u/(\d+)/posts", "/u/me/posts").instead == "/u/1/posts"


def test_a_segment_of_a_group_needs_company_to_be_near() -> None:
    assert not why(r"/(\d+)", "/about").near
    assert not why(r"/(\d{4})/(\w+)", "/about/us").near


def test_a_misspelling() -> None:
    assert why("/topics/(general|help)/", "/topics/generl/").instead == "/topics/general/"
    assert why(r"/posts/(\d+)", "/post/7") == Miss(
        Why.SPELLING, "is spelt otherwise: /posts/7", "/posts/7"
    )
    assert why("/login", "/logn").why is Why.SPELLING
    assert why("/login", "/logout").why is Why.PATH
    assert why("/users", "/posts").why is Why.PATH


def test_another_path_says_where_it_parts() -> None:
    assert why("/login", "/posts").text == "another path"
    assert why("/api/v1/users", "/api/v1/posts/7").text == "another path after '/api/v1/'"
    assert why(r"/api/v1/(?:\d+)x", "/api/v1/?").text == "another path after '/api/v1/'"
    assert why("/a|/b", "/c").text == "another path"


@pytest.mark.parametrize(
    "pattern",
    [
        re.compile("(?!)"),
        re.compile(r"/(a)\1"),
        re.compile(r"(?<=x)/a"),
        re.compile(r"/(?i:A)/(?P<x>\d)$"),
        re.compile(r"/[\ud800-\udfff]"),
        re.compile("/a{5000}"),
        re.compile("/ a # b", re.VERBOSE),
    ],
)
def test_odd_patterns_have_reasons_too(pattern: re.Pattern[str]) -> None:
    for path in ("*", "//", "/q/w", "/%FF/%", "/%00"):
        assert why(pattern, path).text


def route(*outer: Condition, own: str = "/a", kind: TargetKind = TargetKind.HANDLER) -> Route:
    scopes = tuple(
        Scope(number, ScopeKind.RULES, "_ApplicationRouter", condition)
        for number, condition in enumerate(outer)
    )
    return Route(0, scopes, PathCondition(re.compile(f"{own}$")), RouteTarget("app.Home", kind))


def host(pattern: str) -> HostCondition:
    return HostCondition(re.compile(f"{pattern}$"))


def test_another_host() -> None:
    found = miss(route(host(r"a\.com")), Request("/a", "b.com"))
    assert found == Miss(Why.HOST, r"another host: a\.com does not match 'b.com'")
    assert found.near


def test_a_host_rule_with_a_port_or_in_upper_case() -> None:
    with_port = miss(route(host(r"a\.com:8888")), Request("/a", "a.com:8888"))
    assert with_port.text.endswith("which is compared without the port")
    in_case = miss(route(host(r"A\.com")), Request("/a", "A.com"))
    assert in_case.text.endswith("which is compared in lower case")


def test_another_host_and_another_path_is_not_near() -> None:
    found = miss(route(host("b"), own="/about"), Request("/abou", "a"))
    assert (found.why, found.near) == (Why.HOST_AND_PATH, False)


def test_x_real_ip_switches_default_host_off() -> None:
    condition = DefaultHostCondition(re.compile("a$"), "a")
    found = miss(route(condition), Request("/a", "localhost", behind_proxy=True))
    assert found == Miss(Why.BEHIND_PROXY, "the header X-Real-Ip switches default_host off")


def test_a_default_host_that_is_no_host_of_the_rule() -> None:
    condition = DefaultHostCondition(re.compile("b$"), "a")
    found = miss(route(condition), Request("/a", "localhost", behind_proxy=True))
    assert found == Miss(Why.DEFAULT_HOST, "default_host, 'a', is not one of its hosts")


def test_only_the_outer_router_declines() -> None:
    outer = PathCondition(re.compile("/api/.*$"))
    found = miss(route(outer, own="/users"), Request("/users"))
    assert found.why is Why.OUTER_PATH
    assert found.text == "matches by itself; its router's pattern /api/.* does not"


def test_the_outer_router_declines_and_the_route_too() -> None:
    outer = PathCondition(re.compile("/api/.*$"))
    found = miss(route(outer, own="/users"), Request("/user"))
    assert (found.why, found.near) == (Why.PATH, False)


def test_a_target_that_can_not_answer() -> None:
    assert miss(route(kind=TargetKind.NOTHING), Request("/a")).why is Why.NO_TARGET
