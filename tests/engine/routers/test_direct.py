"""A handler class is found in place of its delegate only where nobody could tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from tornado import web
from tornado.routing import HostMatches, Rule, RuleRouter
from tornado.web import Application, RequestHandler, stream_request_body

from tests.engine.routers.asking import made, told
from tornkit.engine.routers import Compiled, direct
from tornkit.engine.routers.direct import METHODS, DirectMatch


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
