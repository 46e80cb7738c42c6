"""What is read from a handler class: methods, what they take, who is let in, what it replaces."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tornado import gen, web
from tornado.web import (
    Application,
    ErrorHandler,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
    authenticated,
)
from tornado.websocket import WebSocketHandler

from tornkit.routing.model import Operation, Parameter, ParameterKind, RouteTarget
from tornkit.routing.reading.source import source_of
from tornkit.routing.tables import route_table


def target(cls: type[RequestHandler], kwargs: Any = None, **settings: Any) -> RouteTarget:
    (*_, route) = route_table(Application([("/", cls, kwargs)], **settings)).routes
    return route.target


def operation(cls: type[RequestHandler]) -> Operation:
    (found,) = target(cls).operations
    return found


def wraps(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return wrapper


def forgets_to_wrap(method: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return wrapper


class Articles(RequestHandler):
    """Articles.

    All of them.
    """

    def initialize(self, db: object, *, page_size: int = 10) -> None: ...

    @wraps
    async def get(self, slug: str, page: int = 1) -> dict[str, int]:
        """One article.

        In full.
        """
        return {}

    def delete(self, slug): ...  # type: ignore[no-untyped-def]


def test_operations() -> None:
    found = target(Articles)
    assert found.methods == ("GET", "DELETE")
    get, delete = found.operations
    assert (get.method, delete.method) == ("GET", "DELETE")
    assert get.parameters == (
        Parameter("slug", annotation=str),
        Parameter("page", required=False, annotation=int),
    )
    assert get.returns == dict[str, int]
    assert get.doc == "One article.\n\nIn full."
    assert (delete.parameters, delete.returns, delete.doc) == ((Parameter("slug"),), None, None)
    for each in found.operations:
        assert each.source == source_of(getattr(Articles, each.method.lower()))
        assert each.source is not None


def test_the_class() -> None:
    found = target(Articles)
    assert found.doc == "Articles.\n\nAll of them."
    assert found.initialize == (
        Parameter("db", annotation=object),
        Parameter("page_size", ParameterKind.KEYWORD_ONLY, required=False, annotation=int),
    )
    assert found.live is Articles
    plain = target(type("Plain", (Articles,), {}))
    assert plain.doc is None  # it is the class above it that says what it is
    assert plain.initialize == found.initialize
    assert target(RequestHandler).initialize == ()


def test_what_is_no_handler() -> None:
    (route,) = route_table(lambda request: None).routes
    assert (route.target.operations, route.target.initialize, route.target.live) == ((), None, None)
    assert target(ErrorHandler, {"status_code": 404}).operations == ()


def test_sockets_open() -> None:
    class Socket(WebSocketHandler):
        def open(self, room: str) -> None:
            """Come in."""

        def post(self) -> None: ...

    socket, post = target(Socket).operations
    assert (socket.method, post.method) == ("WS", "POST")
    assert (socket.parameters, socket.doc) == ((Parameter("room", annotation=str),), "Come in.")


def test_tornados_own_methods() -> None:
    get, head = target(StaticFileHandler, {"path": "."}).operations
    assert get.parameters is not None
    assert [each.name for each in get.parameters] == ["path", "include_body"]
    # Their lines are found without parsing tornado/web.py, which takes longer than all else.
    for each in (get, head):
        assert each.source == source_of(getattr(StaticFileHandler, each.method.lower()))
    (redirect,) = target(RedirectHandler, {"url": "/"}).operations
    assert redirect.source == source_of(RedirectHandler.get)


class TestAuthenticated:
    @pytest.mark.parametrize(
        "decorate",
        [
            authenticated,
            lambda method: wraps(authenticated(method)),
            lambda method: forgets_to_wrap(authenticated(wraps(method))),
            lambda method: wraps(wraps(forgets_to_wrap(authenticated(method)))),
            lambda method: gen.coroutine(authenticated(method)),
            lambda method: authenticated(authenticated(method)),
        ],
    )
    def test_at_any_depth(self, decorate: Callable[..., Any]) -> None:
        class Handler(RequestHandler):
            @decorate
            def get(self, a: str) -> None: ...

        assert operation(Handler).authenticated

    def test_not_by_its_name_alone(self) -> None:
        def authenticated(method: Callable[..., Any]) -> Callable[..., Any]:
            return wraps(method)

        class Handler(RequestHandler):
            @authenticated
            def get(self) -> None: ...

        assert not operation(Handler).authenticated

    def test_each_method_for_itself(self) -> None:
        class Handler(RequestHandler):
            @authenticated
            def get(self) -> None: ...

            def post(self) -> None: ...

        assert [each.authenticated for each in target(Handler).operations] == [True, False]

    def test_prepare_guards_every_method(self) -> None:
        class Guarded(RequestHandler):
            @authenticated
            def prepare(self) -> None: ...

        class Child(Guarded):
            def get(self) -> None: ...

            def post(self) -> None: ...

        class Careless(Child):
            def prepare(self) -> None: ...

        assert [each.authenticated for each in target(Child).operations] == [True, True]
        assert [each.authenticated for each in target(Careless).operations] == [False, False]

    def test_a_handshake_is_guarded_by_get(self) -> None:
        class Socket(WebSocketHandler):
            @authenticated
            async def get(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
                await super().get(*args, **kwargs)

        assert operation(Socket).authenticated
        assert not operation(WebSocketHandler).authenticated

    def test_a_guarded_open_comes_behind_the_handshake(self) -> None:
        """Tornado answers 101 first, and then closes."""

        class Late(WebSocketHandler):
            @authenticated
            def open(self) -> None: ...

        class Early(Late):
            @authenticated
            def prepare(self) -> None: ...

        found = operation(Late)
        assert (found.authenticated, found.admits_first) == (True, True)
        found = operation(Early)
        assert (found.authenticated, found.admits_first) == (True, False)

    def test_a_decorator_that_goes_round_in_circles(self) -> None:
        def get(self: Any) -> None: ...

        get.__wrapped__ = get  # type: ignore[attr-defined]
        found = operation(type("Handler", (RequestHandler,), {"get": get}))
        assert not found.authenticated
        assert found.parameters is None


def test_what_a_class_replaces() -> None:
    class Mixin:
        def prepare(self) -> None: ...

    class Handler(Mixin, RequestHandler):
        def initialize(self) -> None: ...

    class Child(Handler):
        async def _execute(self, *args: Any, **kwargs: Any) -> None: ...

    class Files(StaticFileHandler):
        @classmethod
        def get_absolute_path(cls, root: str, path: str) -> str:
            return path

    assert target(RequestHandler).overrides == ()
    assert target(StaticFileHandler, {"path": "."}).overrides == ()
    assert target(WebSocketHandler).overrides == ()
    assert target(Handler).overrides == ("initialize", "prepare")
    assert target(Child).overrides == ("initialize", "prepare", "_execute")
    assert target(Files, {"path": "."}).overrides == ("get_absolute_path",)


def test_what_an_application_replaces() -> None:
    class Own(Application):
        def get_handler_delegate(self, *args: Any, **kwargs: Any) -> Any: ...

    (route,) = route_table(Own([("/", RequestHandler)])).routes
    assert route.target.overrides == ("get_handler_delegate",)


def test_a_class_is_read_once() -> None:
    rules = [(f"/{number}", Articles, {"db": number}) for number in range(3)]
    first, *others = route_table(Application(rules)).routes
    assert all(other.target is first.target for other in others)


def test_details_hold_no_secret() -> None:
    url = "https://me:hunter2@example.com/"
    assert target(RedirectHandler, {"url": url}).detail == "to https://me:***@example.com/"


def test_a_tornado_without_authenticated_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from tornkit.routing.reading import targets

    class Handler(RequestHandler):
        @web.authenticated
        def get(self) -> None: ...

    monkeypatch.setattr(targets, "_AUTHENTICATED", None)
    assert not operation(Handler).authenticated
