"""Whether two routes can want the same request."""

from __future__ import annotations

import itertools
import re

import pytest

from tornkit.regex.patterns.sample import examples, host_examples
from tornkit.routing.comparing.meeting import NEVER, UNDECIDED, meeting
from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)
from tornkit.routing.matching.search import Answer, Request, answer


def path(regex: str, flags: int = 0) -> PathCondition:
    return PathCondition(re.compile(regex, flags))


def host(regex: str) -> HostCondition:
    return HostCondition(re.compile(regex))


APART: list[tuple[list[Condition], list[Condition]]] = [
    ([path("/a$")], [path("/b$")]),
    ([path(r"/(\d+)$")], [path("/([a-z]+)$")]),
    ([path("/a/[^/]+$")], [path("/a/[^/]+/b$")]),
    ([host(r"a\.com$"), path(".*$")], [host(r"b\.com$"), path(".*$")]),
    ([path("/api/.*$"), path("/x$")], [path("/x$")]),
    ([DefaultHostCondition(re.compile("b$"), "a"), path("/")], [path("/")]),
    ([path("/a b$")], [path("/a .*$")]),  # no client sends a space
]
MEETING: list[tuple[list[Condition], list[Condition]]] = [
    ([path("/a$")], [path("/(.*)$")]),
    ([path(r"/(\w+)$")], [path("/([^/]+)$")]),
    ([path("/[a-m]+$")], [path("/[m-z]+$")]),
    ([], [path("/x$")]),
    ([], []),
    ([host(r"a\.com$"), path(".*$")], [path("/x$")]),
    ([host(r".*\.com$"), path("/$")], [host(r"a\..*$"), path("/$")]),
    ([path("/A$", re.IGNORECASE)], [path("/[a-z]$")]),
    ([path("/(?!b).*$")], [path("/[a-c]$")]),
    ([DefaultHostCondition(re.compile("a$"), "a"), path("/$")], [path("/$")]),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_apart(one: list[Condition], other: list[Condition]) -> None:
    assert meeting(one, other) == NEVER
    assert meeting(other, one) == NEVER


@pytest.mark.parametrize(("one", "other"), MEETING)
def test_the_request_is_one_that_both_take(one: list[Condition], other: list[Condition]) -> None:
    for found in (meeting(one, other), meeting(other, one)):
        request = found.request
        assert request is not None
        assert all(answer(each, request) is Answer.YES for each in (*one, *other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([CustomCondition("Mine")], [path("/x$")]),
        ([path(r"/(a+)/\1$")], [path("/aa/a$")]),
        ([path("/" + "(a|b)" * 12 + "(x)?" * 400 + "$")], [path("/(ab|ba)*x*$")]),
    ],
)
def test_what_can_not_be_decided_is_not_guessed(
    one: list[Condition], other: list[Condition]
) -> None:
    found = meeting(one, other)
    assert found == UNDECIDED or found.request is not None


def test_a_matcher_of_ones_own_behind_another_beginning() -> None:
    """Whatever it does, the pattern beside it leaves nothing in common."""
    assert meeting([CustomCondition("Mine"), path("/x$")], [path("/y$")]) == NEVER


PATTERNS = [
    "/$",
    "/a$",
    "/a/?$",
    r"/a/(\d+)$",
    r"/(\w+)$",
    r"/([^/]+)/(.*)$",
    "/a|/b$",
    "/x\\$",
    "/pre",
    "(.*)$",
    "/(?:a|b)/[0-9a-f]{2}$",
    "/(?!a).*$",
    "/[^a]+$",
]


def test_no_pair_that_is_called_apart_has_an_example_in_common() -> None:
    for one, other in itertools.combinations(PATTERNS, 2):
        found = meeting([path(one)], [path(other)])
        assert found.sure
        texts = [e.text for p in (one, other) for e in examples(re.compile(p))]
        texts = [text for text in texts if text.startswith("/")]
        both = [t for t in texts if re.match(one, t) and re.match(other, t)]
        assert found.request is not None or not both, (one, other, both)


def test_hosts_of_both() -> None:
    rules = [r"a\.com$", r".*\.com$", "a.com|b.com$", r"www\.(a|b)\.com$", "[^.]+$"]
    for one, other in itertools.combinations(rules, 2):
        found = meeting([host(one)], [host(other)])
        names = [n for r in (one, other) for n in host_examples(re.compile(r))]
        both = [n for n in names if re.match(one, n) and re.match(other, n)]
        assert found.request is not None or not both, (one, other, both)
        if found.request is not None:
            request = Request("/", found.request.host)
            assert answer(host(one), request) is answer(host(other), request) is Answer.YES
