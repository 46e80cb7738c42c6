"""Verdicts about routes against Tornado itself: random tables, and every kind by hand.

TORNKIT_TEST_TABLES sets how many random tables are made (5,000 for a thorough run).
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.routing import DefaultHostMatches, PathMatches, Rule, RuleRouter
from tornado.web import Application, RequestHandler

from tests.marks import some_of_many
from tornkit.regex.automata.alphabet import HOST, WIRE
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.search import SearchBudget, drawn
from tornkit.regex.automata.translate import Bound, translated
from tornkit.routing.conditions import HostCondition, PathCondition
from tornkit.routing.matching.search import Request
from tornkit.routing.model import Route, RouteTable
from tornkit.routing.reachability import Fate, Verdict, verdicts
from tornkit.routing.reachability.worlds import is_host
from tornkit.routing.tables import route_table

TABLES = int(os.environ.get("TORNKIT_TEST_TABLES", "160"))
BLOCKS = 8
DRAWN = 1000

SEGMENTS = [
    "a", "b", "ab", "[^/]+", r"(\d+)", r"(\w+)", "([a-z]+)", "(.*)", ".+", "[a-m]", "[^a]",
    "(a|b)", "(?:a|ab)", r"\d{2}", "(?!a)[^/]+", "(?P<x>[^/]*)", "a?", "[ab]*", "(?i:A)", r"a\.b",
    r"(?:[ab]\b)", "(a)(?=b)", ".",
]  # fmt: skip
TAILS = ["", "", "", "/?", "(/.*)?", "/.*", "|/b", "$", r"\$", "(?:/[^/]+)*"]
HOSTS = [r"a\.com", r"a.com|b.com", r".*\.com", r"www\.(a|b)\.com", r"[^.]+", r".*", r"[ab]\.com"]
EXTRA_HOSTS = ["a.com", "b.com", "www.a.com", "localhost", "x.org", "aXcom", "b.com.evil.org"]


def a_pattern(chance: random.Random) -> Any:
    text = "".join("/" + chance.choice(SEGMENTS) for _ in range(chance.randint(1, 3)))
    text += chance.choice(TAILS)
    if chance.random() < 0.04:
        text = chance.choice([".*", "/.*", "/", "a", "/a b", r"/(?P<x>a)(?P=x)"])
    try:
        re.compile(text)
    except re.error:
        return "/(.*)"  # two groups of one name
    if "(?P<" in text and re.search(r"\((?!\?)", text):
        return "/(.*)"  # Tornado refuses a mixture
    return re.compile(text) if chance.random() < 0.05 else text


def a_handler(number: int) -> type[RequestHandler]:
    return type(f"T{number}", (RequestHandler,), {})


def an_application(seed: int) -> Application:
    chance = random.Random(seed)
    numbers = iter(range(1000))

    def rules(most: int) -> list[Any]:
        return [
            Rule(PathMatches(a_pattern(chance)), a_handler(next(numbers)))
            for _ in range(chance.randint(1, most))
        ]

    application = Application(
        rules(7), default_host=chance.choice([None, None, "a.com", "localhost"])
    )
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        application.add_handlers(chance.choice(HOSTS), rules(3))
    if chance.random() < 0.2:
        router = RuleRouter([Rule(PathMatches("/a.*"), rules(3))])
        nested = Application(rules(3)) if chance.random() < 0.4 else rules(3)
        application.add_handlers(".*", [Rule(PathMatches("/[ab].*"), nested)])
        application.wildcard_router.rules.append(Rule(PathMatches("/.*"), router))
    return application


def reached_in_tornado(application: Any, request: Request) -> str | None:
    headers = HTTPHeaders({"Host": request.host})
    if request.behind_proxy:
        headers["X-Real-Ip"] = "10.0.0.1"
    connection: Any = object()
    delegate = application.find_handler(
        HTTPServerRequest(
            start_line=RequestStartLine("GET", request.path, "HTTP/1.1"),
            headers=headers,
            connection=connection,
        )
    )
    name: str | None = getattr(getattr(delegate, "handler_class", None), "__name__", None)
    return name


def own_paths(route: Route) -> list[str]:
    """A thousand paths that the route's own pattern matches, a shortest one first."""
    if not isinstance(route.condition, PathCondition):
        return ["/"]
    own = translated(route.condition.regex, WIRE, Bound.OVER).expression
    return drawn(language(own, WIRE), WIRE, SearchBudget(100_000, 20), count=DRAWN)


def own_hosts(route: Route) -> list[str]:
    hosts = list(EXTRA_HOSTS)
    for condition in route.conditions:
        if isinstance(condition, HostCondition):
            own = translated(condition.regex, HOST, Bound.OVER).expression
            hosts += drawn(language(own, HOST), HOST, SearchBudget(100_000, 20), count=20)
    return [host for host in hosts if is_host(host.lower())]


def assert_dead(application: Any, route: Route, chance: random.Random) -> None:
    """No path of its own reaches it; from any host for some, from one each for the rest."""
    hosts = own_hosts(route)
    paths = own_paths(route)
    requests = [Request(path, host) for path in paths[:20] for host in hosts]
    requests += [Request(path, chance.choice(hosts)) for path in paths]
    requests += [Request(path, chance.choice(hosts), True) for path in paths[:100]]
    for request in requests:
        assert reached_in_tornado(application, request) != route.target.short_name, request


def assert_true(application: Any, route: Route, verdict: Verdict, chance: random.Random) -> None:
    match verdict.fate:
        case Fate.REACHED:
            assert verdict.witness is not None
            found = reached_in_tornado(application, verdict.witness)
            assert found == route.target.short_name, verdict.witness
        case Fate.COVERED:
            assert verdict.by or verdict.fallback
            assert_dead(application, route, chance)
        case Fate.UNSENDABLE:
            sendable = [path for path in own_paths(route) if re.fullmatch("/[!-~]*", path)]
            for path in sendable:  # its host rules are to blame, then
                for host in own_hosts(route):
                    found = reached_in_tornado(application, Request(path, host))
                    assert found != route.target.short_name
        case Fate.UNDECIDED:
            assert verdict.reason


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("block", some_of_many(BLOCKS, ordinary=3))
def test_verdicts_hold_in_tornado_on_random_tables(block: int) -> None:
    fates: Counter[Fate] = Counter()
    for seed in range(block, TABLES, BLOCKS):
        application = an_application(seed)
        chance = random.Random(seed)
        for route, verdict in verdicts(route_table(application)):
            fates[verdict.fate] += 1
            try:
                assert_true(application, route, verdict, chance)
            except AssertionError as error:
                error.add_note(f"table {seed}, route {route.index}: {verdict}")
                raise
    assert fates[Fate.REACHED] > 40
    assert fates[Fate.COVERED] > 5
    assert fates[Fate.UNDECIDED] < sum(fates.values()) / 20, fates


class Home(RequestHandler):
    pass


def fates_of(*patterns: Any, **settings: Any) -> list[Fate]:
    table = route_table(Application([(pattern, Home) for pattern in patterns], **settings))
    return [verdict.fate for _, verdict in verdicts(table)]


def last_verdict(*patterns: Any, **settings: Any) -> Verdict:
    table = route_table(Application([(pattern, Home) for pattern in patterns], **settings))
    return list(verdicts(table))[-1][1]


@pytest.mark.parametrize(
    ("patterns", "by"),
    [
        (["/a/.*", "/a/b"], (0,)),
        (["/x", "/a/.*", "/b", "/a/b"], (1,)),
        (["/a/[a-m].*", "/a/[^a-m].*", "/a/.+"], (0, 1)),
        (["/a", "/a/", "/a/?"], (0, 1)),
        ([r"/(\d+)", r"/(\w+)", "/([a-z]+)"], (1,)),
        (["(?i)/abc", "/ABC"], (0,)),
        (["/a(?!b).*", "/a(?:b.*|c)", "/ab?"], (0, 1)),
        ([r"/\w+\b.*", "/abc"], (0,)),
        ([r"/pre\$|/pre", "/pre"], (0,)),
        ([r"/a|/b", "/abc"], (0,)),
    ],
)
def test_what_is_covered_and_by_whom(patterns: list[Any], by: tuple[int, ...]) -> None:
    verdict = last_verdict(*patterns)
    assert (verdict.fate, verdict.by) == (Fate.COVERED, by)
    assert verdict.witness is not None
    assert re.match(patterns[-1], verdict.witness.path)


@pytest.mark.parametrize(
    "patterns",
    [
        ["/a/b", "/a/.*"],
        ["/a/[a-m].*", "/a/[^a-m].*", "/a/.*"],  # /a/ itself
        ["/.*", ".*"],  # the target of OPTIONS * and of a proxy's request
        ["/a/.+", "/a/?"],
        ["/(?!admin)(.*)", "/admin"],
        ["/abc", "(?i)/ABC"],
        [r"/\w+", "/%C3%A9"],
    ],
)
def test_what_can_be_reached(patterns: list[str]) -> None:
    verdict = last_verdict(*patterns)
    assert verdict.fate is Fate.REACHED


@pytest.mark.parametrize(
    "pattern", ["foo", "/a b", "/café", r"/x\?y", "/a#b", "/[é-ü]+", "/a(?!)", "/a$b", "/a^b"]
)
def test_what_no_client_can_send(pattern: str) -> None:
    assert fates_of(pattern) == [Fate.UNSENDABLE]


@pytest.mark.parametrize("pattern", ["/caf%C3%A9", r"http://.*", r"\*", "/[é/]+", "/a?b"])
def test_what_looks_odd_and_can_be_sent(pattern: str) -> None:
    assert fates_of(pattern) == [Fate.REACHED]


def of_hosts(*groups: tuple[str, list[str]], **settings: Any) -> RouteTable:
    application = Application(**settings)
    for host, patterns in groups:
        application.add_handlers(host, [(pattern, Home) for pattern in patterns])
    return route_table(application)


def test_a_host_rule_covers_only_its_hosts() -> None:
    table = of_hosts((r"a\.com", [".*"]), (r".*\.com", ["/x"]), (r"a\.com", ["/x"]))
    assert [verdict.fate for _, verdict in verdicts(table)] == [
        Fate.REACHED,
        Fate.REACHED,
        Fate.COVERED,
    ]


def test_hosts_are_covered_by_a_union() -> None:
    table = of_hosts((r"a\.com", [".*"]), (r"b\.com", [".*"]), (r"[ab]\.com", ["/x"]))
    *_, (_, verdict) = verdicts(table)
    assert (verdict.fate, verdict.by) == (Fate.COVERED, (0, 1))


def test_a_host_rule_that_no_host_satisfies() -> None:
    table = of_hosts(("A.com", ["/x"]), (r"a b\.com", ["/x"]), (r"a_b\.com", ["/x"]))
    assert [verdict.fate for _, verdict in verdicts(table)] == [
        Fate.UNSENDABLE,
        Fate.UNSENDABLE,
        Fate.REACHED,
    ]


def test_default_host_counts_only_without_a_proxy() -> None:
    application = Application([("/x", Home)], default_host="a.com")
    rule = Rule(DefaultHostMatches(application, re.compile(r"a\.com$")), [("/x", Home)])
    router = application.wildcard_router
    router.rules.insert(0, router.process_rule(rule))
    *_, (_, verdict) = verdicts(route_table(application))
    assert verdict.fate is Fate.REACHED
    assert verdict.witness is not None
    assert verdict.witness.behind_proxy


def test_a_nested_application_answers_404_and_so_covers() -> None:
    inner = Application([("/a/x", Home)])
    application = Application([Rule(PathMatches("/a/.*"), inner), ("/a/y", Home)])
    *_, (_, verdict) = verdicts(route_table(application))
    assert verdict.fate is Fate.COVERED
    assert verdict.fallback is not None
    assert verdict.by == ()


def test_what_the_users_code_decides_covers_nothing() -> None:
    class Picky(PathMatches):
        def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
            return None

    application = Application([Rule(Picky("/.*"), Home), ("/a", Home)])
    assert [v.fate for _, v in verdicts(route_table(application))] == [Fate.REACHED] * 2


def test_a_back_reference_is_decided_by_an_example_or_not_at_all() -> None:
    assert fates_of(r"/(a|b)\1", "/.*", "/aa") == [Fate.REACHED, Fate.REACHED, Fate.COVERED]
    verdict = last_verdict(r"/(a+)\1", "/aaaa")
    assert verdict.fate is Fate.UNDECIDED
    assert verdict.reason


@pytest.mark.parametrize(
    "pattern",
    [
        "/" + "(" * 50 + "a" + ")" * 50,
        "/" + "(?:" * 50 + "a" + ")*" * 50,
        "/" + "a" * 10_000,
        "/" + "(?:a|b)" * 2_000,
        pytest.param("/(?:a{1,100}){100}", marks=pytest.mark.thorough),  # 4 s
        "/[a-z]{4000}",
        "/(?:a?){500}b",
        "/.*a.{40}b.{40}c",
        "/(?>a+)b",
        "/a++b",
        "/(a)?(?(1)b|c)",
        "/(?<=/)a(?<!b)",
        r"/(?:\ba\b|(?=c)[^d])+x",
        "/(?:(?!a)b)*c",
        "/(?x: a  b )",
        r"/(?s:.)(?a:\w)(?-i:B)",
        "/(?:" + "|".join(f"w{number}" for number in range(3000)) + ")",
    ],
)
@pytest.mark.thorough
def test_hostile_patterns_get_a_verdict_in_time(pattern: str) -> None:
    before = "/[a-c]{2,9}x"
    assert len(fates_of(before, "/.*b.{12}", pattern, before + "$|" + pattern)) == 4
