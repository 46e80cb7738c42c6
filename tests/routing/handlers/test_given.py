"""Tests of the arguments that a route hands to its handler, and of what may change them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tornado import gen
from tornado.web import RequestHandler

from tests.routing.handmade import a_route, a_scope, host, path
from tornkit.routing.conditions import Condition, CustomCondition
from tornkit.routing.handlers.forwarding import Given
from tornkit.routing.handlers.given import changed_by, doubt, given, said
from tornkit.routing.model import Route, RouteTarget, TargetKind

GET = frozenset({"get"})


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        (Given(), "the pattern has no groups"),
        (Given(1), "the pattern has 1 group"),
        (Given(2), "the pattern has 2 groups"),
        (Given(0, ("a",)), "the pattern's group is named 'a'"),
        (Given(0, ("a", "b")), "the pattern's groups are named 'a' and 'b'"),
    ],
)
def test_groups_in_a_sentence(groups: Given, sentence: str) -> None:
    assert said(groups) == sentence


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (path("/x$"), Given()),
        (path(r"/(\d+)/(?:a|b)/(x)?$"), Given(2)),
        (path(r"/(?P<year>\d+)/(?P<slug>.*)$"), Given(0, ("year", "slug"))),
        (path(r"/(?P<year>\d+)/(x)$"), Given(0, ("year",))),  # an unnamed one is dropped
        (None, Given()),
        (host(r"(a|b)\.com$"), Given()),
        (CustomCondition("Mine", "/(x)"), None),
    ],
)
def test_what_a_rule_hands_on(condition: Condition | None, expected: Given | None) -> None:
    assert given(a_route(condition)) == expected


def test_groups_of_the_routers_above_are_not_handed_on() -> None:
    assert given(a_route(path("/in/x$"), path(r"/(\w+)/.*$"))) == Given()
    assert given(a_route(path(r"/in/(x)$"), CustomCondition("Mine"))) == Given(1)


class TestDoubt:
    def test_there_is_none_where_all_is_tornados(self) -> None:
        assert doubt(a_route("/(x)", path("/.*"))) is None
        assert doubt(of_target("get", "prepare")) is None  # that is `changed_by`'s

    def test_about_a_router_that_replaces_a_method(self) -> None:
        scopes = (a_scope(), a_scope(number=1, overrides=("find_handler", "get_target_delegate")))
        assert doubt(a_route("/(x)", scopes=scopes)) == (
            "Router overrides find_handler, which may pass other arguments"
        )

    def test_about_an_application_that_makes_the_delegate(self) -> None:
        said = doubt(of_target("prepare", "get_handler_delegate"))
        assert said == (
            "the application overrides get_handler_delegate, which may pass other arguments"
        )


def of_target(*overrides: str) -> Route:
    return a_route("/(x)", target=RouteTarget("app.H", TargetKind.HANDLER, overrides=overrides))


# ---- what may change the arguments, or what answers ----


class Plain(RequestHandler):
    def initialize(self) -> None:
        self.page = 1

    def get(self, ident: str) -> None: ...


class Reading(RequestHandler):
    def prepare(self) -> None:
        print(self.path_kwargs)


class Nested(RequestHandler):
    async def prepare(self) -> None:
        def shorten() -> None:
            self.path_args = [each for each in self.path_args if each]

        shorten()


class AsClassmethod(RequestHandler):
    @classmethod
    def change(cls, handler: Any) -> None:
        handler.path_args.clear()


class AsStaticmethod(RequestHandler):
    @staticmethod
    def change(handler: Any) -> None:
        handler.path_args.clear()


class Socket(RequestHandler):
    def prepare(self) -> None:
        self.open_args: list[str] = []


class Giving(RequestHandler):
    def initialize(self) -> None:
        self.get = self.prepare


class GivingByName(RequestHandler):
    def initialize(self) -> None:
        setattr(self, "get", None)  # noqa: B010 - so that the name is a text


class SettingByName(RequestHandler):
    def prepare(self) -> None:
        setattr(self, "path_args", [])  # noqa: B010 - so that the name is a text


class Keeping(RequestHandler):
    def initialize(self, **settings: object) -> None:
        for name, value in settings.items():
            setattr(self, name, value)


class Talking(RequestHandler):
    def prepare(self) -> None:
        self.write("get")
        self.write("path_args")


def logged(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any) -> None:
        return method(self, *args)

    return wrapper


class Decorated(RequestHandler):
    @logged
    def prepare(self) -> None:
        self.path_args = self.path_args[:1]


class AsCoroutine(RequestHandler):
    @gen.coroutine
    def prepare(self) -> Any:
        self.path_args = self.path_args[:1]


class GivingByNames(RequestHandler):
    def initialize(self) -> None:
        for name in ("get", "post"):
            setattr(self, name, self.prepare)


class Helped(RequestHandler):
    def prepare(self) -> None:
        shorten(self)


def shorten(handler: RequestHandler) -> None:
    handler.path_args = handler.path_args[:1]


class Greeting(RequestHandler):
    def prepare(self) -> None:
        greet(self)


def greet(handler: RequestHandler) -> None:
    handler.write("hello")


class PlainCoroutine(RequestHandler):
    @gen.coroutine
    def prepare(self) -> Any:
        self.page = 1


@pytest.mark.parametrize(
    ("cls", "method"),
    [
        (Reading, "prepare"),  # what is read may be changed in place
        (Nested, "prepare"),
        (AsClassmethod, "change"),
        (AsStaticmethod, "change"),
        (Socket, "prepare"),
        (Giving, "initialize"),
        (GivingByName, "initialize"),
        (SettingByName, "prepare"),
        (Decorated, "prepare"),
        (AsCoroutine, "prepare"),
        (GivingByNames, "initialize"),
        (Helped, "prepare"),
        (Plain, None),
        (Keeping, None),
        (Talking, None),
        (Greeting, None),  # what it calls does not touch them
        (PlainCoroutine, None),  # nor does Tornado's decorator
        (RequestHandler, None),  # whose own methods set all of them
    ],
)
def test_which_method_may_change_them(cls: type, method: str | None) -> None:
    assert changed_by(cls, GET) == method


def test_methods_of_base_classes_count() -> None:
    class Page(Reading):
        def get(self) -> None: ...

    class Mixed(Plain, AsStaticmethod): ...

    assert changed_by(Page, GET) == "prepare"
    assert changed_by(Mixed, GET) == "change"


def test_what_answers_comes_too_late_to_change_anything() -> None:
    class Page(RequestHandler):
        def get(self) -> None:
            self.path_args = []

        def post(self) -> None:
            self.path_args = []

    assert changed_by(Page, GET) == "post"
    assert changed_by(Page, frozenset({"get", "post"})) is None


def test_only_a_method_that_answers_makes_a_difference_when_it_is_set() -> None:
    assert changed_by(Giving, frozenset({"post"})) is None
    assert changed_by(GivingByName, frozenset({"post"})) is None
