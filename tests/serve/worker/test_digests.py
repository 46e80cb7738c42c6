"""Digests of what has to be the same in all workers."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.routing import HostMatches, PathMatches, Rule, RuleRouter
from tornado.web import Application, RequestHandler, url

from tornkit.serve.worker.digests import COOKIE_SECRET, ROUTES, digests

KEY, OTHER_KEY = b"k" * 16, b"o" * 16


class Page(RequestHandler):
    pass


class Other(RequestHandler):
    pass


def of(*applications: Application, key: bytes = KEY) -> dict[str, str]:
    return digests(applications, key)


def app(*rules: Any, **settings: Any) -> Application:
    return Application(list(rules), **settings)


def test_nothing_without_an_application() -> None:
    assert of() == {}


def test_no_secret_no_digest() -> None:
    assert of(app()).keys() == {ROUTES}


def test_a_secret_is_the_same_in_another_application() -> None:
    one, other = (of(app(cookie_secret="s3cret")) for _ in range(2))
    assert one == other
    assert one.keys() == {COOKIE_SECRET, ROUTES}


@pytest.mark.parametrize("other", ["other", b"other", {1: "one"}, b"one"])
def test_another_secret_has_another_digest(other: object) -> None:
    one = of(app(cookie_secret="one"))[COOKIE_SECRET]
    assert of(app(cookie_secret=other))[COOKIE_SECRET] != one


def test_key_versions_have_no_order() -> None:
    one, other = {1: "a", 2: "b"}, {2: "b", 1: "a"}
    assert of(app(cookie_secret=one)) == of(app(cookie_secret=other))


def test_digests_give_nothing_away_and_have_a_key() -> None:
    found = of(app(cookie_secret="s3cret"))
    assert "s3cret" not in str(found)
    again = of(app(cookie_secret="s3cret"), key=OTHER_KEY)
    assert all(found[name] != again[name] for name in found)


ROUTES_THAT_DIFFER = [
    app(),
    app(("/", Page)),
    app(("/", Other)),
    app(("/page", Page)),
    app(("/", Page), ("/page", Page)),
    app(("/page", Page), ("/", Page)),
    app((HostMatches("example.org"), [("/", Page)])),
    app((HostMatches("example.com"), [("/", Page)])),
    app(Rule(PathMatches("/"), RuleRouter([Rule(PathMatches("/"), Page)]))),
    app(Rule(PathMatches("/"), RuleRouter([Rule(PathMatches("/"), Other)]))),
]


def test_routes_that_differ() -> None:
    assert len({of(each)[ROUTES] for each in ROUTES_THAT_DIFFER}) == len(ROUTES_THAT_DIFFER)


def test_routes_that_do_not_differ() -> None:
    assert of(app(("/", Page, {"at": object()}))) == of(app(url("/", Page, {"at": object()})))


def test_the_order_of_applications_does_not_count() -> None:
    one, other = app(("/", Page), cookie_secret="1"), app(("/other", Other), cookie_secret="2")
    assert of(one, other) == of(other, one)
    assert of(one, other) != of(one)
