"""A handler class is found in place of its delegate only where nobody could tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from tornado import web
from tornado.httputil import HTTPServerRequest
from tornado.routing import HostMatches, Matcher, PathMatches, Rule, RuleRouter, URLSpec
from tornado.web import Application, RequestHandler, stream_request_body

from tests.engine.routers.asking import calls_of, made, told
from tornkit.engine.routers import Compiled, direct, table
from tornkit.engine.routers.direct import METHODS, DirectMatch
from tornkit.engine.routers.index import Index


class Plain(RequestHandler):
    pass


@stream_request_body
class Streaming(RequestHandler):
    pass


class Guarded(Application):
    def get_handler_delegate(self, *args: Any, **kwargs: Any) -> Any:
        return super().get_handler_delegate(*args, **kwargs)


RULES: list[Any] = [
    ("/plain", Plain),
    ("/given", Plain, {"a": 1}),
    ("/by/([0-9]+)/(x)?", Plain),
    ("/named/(?P<name>.*)", Plain, {"a": 1}),
    ("/streaming", Streaming),
]
PATHS = ("/plain", "/given", "/by/1/", "/by/1/x", "/named/caf%C3%A9")


@pytest.fixture(autouse=True)
def open_way() -> Iterator[None]:
    direct.install(lambda found, exchange: False)
    yield
    direct.uninstall()


def test_a_plain_handler_is_found_with_all_that_its_delegate_would_be_given() -> None:
    app, stand_in = Application(RULES), Compiled()
    for path in PATHS:
        request = made(path)
        found = stand_in.find(app, request)
        assert isinstance(found, DirectMatch)
        assert found[:3] == (app, request, Plain)
        expected = told(app.find_handler(made(path)))
        assert told(found.delegate()) == expected
        assert told(stand_in.find_handler(app, made(path))) == expected


def test_in_nested_routers_too() -> None:
    app = Application(RULES)
    router = RuleRouter([Rule(HostMatches("a.com"), app)])
    found = Compiled().find(router, made("/given"))
    assert isinstance(found, DirectMatch)
    assert told(found.delegate()) == told(router.find_handler(made("/given")))


def test_not_until_somebody_starts_handlers() -> None:
    direct.uninstall()
    app, stand_in = Application(RULES), Compiled()
    assert type(stand_in.find(app, made("/plain"))) is web._HandlerDelegate
    direct.install(lambda found, exchange: False)
    assert isinstance(stand_in.find(app, made("/plain")), DirectMatch)


def test_who_streams_its_body_has_a_delegate() -> None:
    app, stand_in = Application(RULES), Compiled()
    assert type(stand_in.find(app, made("/streaming"))) is web._HandlerDelegate
    assert isinstance(stand_in.find(app, made("/plain")), DirectMatch)
    with mock.patch.object(Plain, "_stream_request_body", True):
        assert type(stand_in.find(app, made("/plain"))) is web._HandlerDelegate


@pytest.mark.parametrize("name", METHODS)
def test_a_delegate_that_somebody_has_changed_is_made(name: str) -> None:
    app, stand_in = Application(RULES), Compiled()
    assert isinstance(stand_in.find(app, made("/plain")), DirectMatch)
    own = getattr(web._HandlerDelegate, name)

    def changed(*args: Any) -> Any:
        return own(*args)

    with mock.patch.object(web._HandlerDelegate, name, changed):
        assert type(stand_in.find(app, made("/plain"))) is web._HandlerDelegate
    assert isinstance(stand_in.find(app, made("/plain")), DirectMatch)


def test_a_delegate_of_another_class_is_made() -> None:
    app, stand_in = Application(RULES), Compiled()
    other = type("Other", (web._HandlerDelegate,), {})
    with mock.patch.object(web, "_HandlerDelegate", other):
        assert type(stand_in.find(app, made("/plain"))) is other


def test_who_makes_it_otherwise_is_asked() -> None:
    assert type(Compiled().find(Guarded(RULES), made("/plain"))) is web._HandlerDelegate
    app: Any = Application(RULES)
    stand_in: Any = Compiled()
    assert isinstance(stand_in.find(app, made("/plain")), DirectMatch)
    app.get_handler_delegate = lambda *args, **kwargs: "its own"
    assert stand_in.find(app, made("/plain")) == "its own"
    app.get_handler_delegate = Guarded(RULES).get_handler_delegate
    assert type(stand_in.find(app, made("/plain"))) is web._HandlerDelegate
    del app.get_handler_delegate
    with mock.patch.object(Application, "get_handler_delegate", return_value="all's"):
        assert stand_in.find(app, made("/plain")) == "all's"


def class_of(stand_in: Compiled, app: Application, path: str, host: str = "a.com") -> type:
    found = stand_in.find(app, made(path, host))
    assert isinstance(found, DirectMatch)
    return found.handler_class


class Other(RequestHandler):
    pass


class Fickle(Matcher):
    """Matches every second request."""

    def __init__(self) -> None:
        self.asked = 0

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        self.asked += 1
        return None if self.asked % 2 else {}


def test_a_path_that_comes_again_is_not_looked_for() -> None:
    app, stand_in = Application(RULES), Compiled()
    look = Index.candidates.__code__
    assert calls_of(look, lambda: stand_in.find(app, made("/given"))) == 1
    for path in ("/given", "/plain", "/given"):
        found = stand_in.find(app, made(path))
        assert isinstance(found, DirectMatch)
        assert told(found.delegate()) == told(app.find_handler(made(path)))
    assert calls_of(look, lambda: stand_in.find(app, made("/given"))) == 0
    assert calls_of(look, lambda: stand_in.find(app, made("/by/1/"))) == 1
    assert calls_of(look, lambda: stand_in.find(app, made("/by/1/"))) == 1  # it has arguments


@pytest.mark.parametrize("matcher", [HostMatches("b.com"), Fickle()])
def test_it_is_where_another_rule_has_to_be_asked(matcher: Matcher) -> None:
    app, stand_in = Application([Rule(matcher, Other), URLSpec("/plain", Plain)]), Compiled()
    seen = [class_of(stand_in, app, "/plain", host) for host in ("a.com", "b.com") * 3]
    assert seen == [Plain, Other] * 3


def test_it_is_when_the_rules_or_what_they_give_have_changed() -> None:
    app, stand_in = Application([URLSpec("/plain", Plain, {"a": 1})]), Compiled()
    for _ in range(2):
        assert class_of(stand_in, app, "/plain") is Plain
    rules = app.wildcard_router.rules
    rules[0].target_kwargs = {"a": 2}
    found = stand_in.find(app, made("/plain"))
    assert isinstance(found, DirectMatch)
    assert found.params == {"target_kwargs": {"a": 2}}
    rules.insert(0, URLSpec("/plain", Other))
    for _ in range(table.PATIENCE * 2):
        assert told(stand_in.find_handler(app, made("/plain")))[0] == "Other"
    rules[0].matcher = PathMatches("/other")
    for _ in range(table.PATIENCE * 2):
        assert told(stand_in.find_handler(app, made("/plain")))[0] == "Plain"


def test_a_delegate_is_made_of_a_path_that_came_before_it_was_changed() -> None:
    app, stand_in = Application(RULES), Compiled()
    for _ in range(2):
        assert class_of(stand_in, app, "/plain") is Plain
    with mock.patch.object(Plain, "_stream_request_body", True):
        assert type(stand_in.find(app, made("/plain"))) is web._HandlerDelegate


def test_no_more_paths_are_remembered_than_are_worth_it() -> None:
    app, stand_in = Application([("/[a-z0-9]+", Plain)]), Compiled()
    inner: Any = table.Table(app.wildcard_router, lambda target, known: None)
    inner.read({})
    for number in range(3 * table._MOST_REMEMBERED):
        inner.find(made(f"/{number}"))
    assert 0 < len(inner._remembered) <= table._MOST_REMEMBERED
    inner.read({})
    inner.find(made("/" + "a" * table._LONGEST_REMEMBERED))
    assert not inner._remembered
    assert class_of(stand_in, app, "/abc") is Plain
    remembered = inner._remembered

    class Path(str):
        __slots__ = ()

    request = made("/abc")
    request.path = Path("/abc")
    inner.find(request)
    assert not remembered
