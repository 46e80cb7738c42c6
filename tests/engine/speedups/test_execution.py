"""Handlers are started in the turn, the order and the context in which Tornado starts them."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tornado import gen, web
from tornado.web import Application, RequestHandler, authenticated, stream_request_body

from tests.engine.serving import EITHER_LOOP, until
from tests.engine.speedups.alone import a_request
from tests.engine.speedups.watching import installed
from tornkit.engine.fidelity import replaced
from tornkit.engine.routers.direct import DirectMatch
from tornkit.engine.speedups import execution

pytestmark = EITHER_LOOP

own_execute = web._HandlerDelegate.execute
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
Execute = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def speedups() -> Iterator[None]:
    with installed():
        yield


@pytest.fixture
def by_tornado(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The delegates that were left to Tornado's own."""
    left: list[Any] = []

    def own(delegate: Any) -> Any:
        left.append(delegate)
        return own_execute(delegate)

    monkeypatch.setattr(execution, "own_execute", own)
    return left


class Noting(RequestHandler):
    """Notes what it is given."""

    noted: list[Any]

    def initialize(self, **given: Any) -> None:
        self.given = given

    def get_current_user(self) -> str:
        return "me"

    def get(self, *args: Any, **kwargs: Any) -> Any:
        self.settings["noted"].append(("get", args, kwargs, self.given, variable.get()))


def an_application(**settings: Any) -> Application:
    settings.setdefault("log_function", lambda handler: None)
    return Application(noted=[], **settings)


def delegate_of(
    kind: Any, application: Application, method: str = "GET", **params: Any
) -> web._HandlerDelegate:
    delegate: web._HandlerDelegate = application.get_handler_delegate(
        a_request(method), kind, **params
    )
    return delegate


# ---- with a task, or without ----


def not_wrapped(method: Any) -> Any:
    def inner(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return inner


def with_attribute(method: Any) -> Any:
    method.attribute = "a program's"
    return method


async def coroutine(self: Any) -> None:
    return None


def plain(self: Any) -> None:
    return None


async def generating(self: Any) -> Any:
    yield


class Calling:
    def __call__(self, *args: Any) -> None:
        return None


class Overriding(Noting):
    async def _execute(self, *args: Any, **kwargs: Any) -> None:
        await super()._execute(*args, **kwargs)


def handler(**methods: Any) -> type[Noting]:
    return type("Handler", (Noting,), methods)


AT_ONCE: dict[str, type[Noting]] = {
    "a coroutine": handler(get=coroutine),
    "one of Tornado's": handler(get=gen.coroutine(plain)),
    "a wrapped coroutine": handler(get=authenticated(coroutine)),
    "twice wrapped": handler(get=authenticated(authenticated(coroutine))),
    "a coroutine with an attribute": handler(get=with_attribute(authenticated(coroutine))),
    "prepare": handler(prepare=coroutine),
    "prepare by Tornado's": handler(prepare=gen.coroutine(plain)),
    "a partial function": handler(get=functools.partial(plain, None)),
    "an object": handler(get=Calling()),
    "a function in C": handler(get=len),
    "no method": handler(SUPPORTED_METHODS=("BREW",)),
    "another _execute": Overriding,
}
WITHOUT: dict[str, type[Noting]] = {
    "a function": Noting,
    "a function with an attribute": handler(get=with_attribute(not_wrapped(plain))),
    "a wrapped function": handler(get=authenticated(plain)),
    "a coroutine that is hidden": handler(get=not_wrapped(coroutine)),
    "a partial method": handler(get=functools.partialmethod(coroutine)),
    "a generator": handler(get=generating),
    "prepare": handler(prepare=plain),
    "nothing of its own": RequestHandler,  # type: ignore[dict-item]
    "an unknown method": handler(SUPPORTED_METHODS=("OTHER",)),
}


async def test_what_is_seen_to_wait_has_its_task_at_once() -> None:
    def tasks_of(kind: type[Noting]) -> int:
        before = asyncio.all_tasks()
        method = "BREW" if kind is AT_ONCE["no method"] else "GET"
        delegate_of(kind, an_application(), method).execute()
        return len(asyncio.all_tasks() - before)

    before = asyncio.all_tasks()
    assert {name: tasks_of(kind) for name, kind in AT_ONCE.items()} == dict.fromkeys(AT_ONCE, 1)
    assert {name: tasks_of(kind) for name, kind in WITHOUT.items()} == dict.fromkeys(WITHOUT, 0)
    await until(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize("kinds", [AT_ONCE, WITHOUT])
async def test_each_is_run_in_the_turn_in_which_tornado_runs_it(
    kinds: dict[str, type[Noting]],
) -> None:
    async def calls(execute: Execute, kind: type[Noting]) -> list[Any]:
        """What the connection was told by then, with what was scheduled around it."""
        delegate = delegate_of(kind, an_application())
        noted: list[Any] = delegate.request.connection.calls  # type: ignore[union-attr]
        loop = asyncio.get_running_loop()
        loop.call_soon(noted.append, "before")
        assert execute(delegate) is None
        loop.call_soon(noted.append, "after")
        assert type(delegate.handler) is kind
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await until(lambda: ("finish",) in noted)
        return noted

    for name, kind in kinds.items():
        assert await calls(execution.execute, kind) == await calls(own_execute, kind), name


# ---- what it is given ----

PARAMS: list[dict[str, Any]] = [
    {},
    {"path_args": [b"a", b"b"]},
    {"path_kwargs": {"one": b"a"}},
    {"path_args": [], "path_kwargs": {}},
    {"path_args": None, "path_kwargs": None, "target_kwargs": None},
    {"target_kwargs": {"a": 1}, "path_args": [b"a"]},
    {"target_kwargs": {}},
    {"path_args": [None], "path_kwargs": {"one": None}},
]


@pytest.mark.parametrize("params", PARAMS)
async def test_a_handler_is_given_what_the_route_gives(params: dict[str, Any]) -> None:
    async def given(start: Callable[[Application], object]) -> Any:
        application = an_application()
        start(application)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return application.settings["noted"]

    def directly(application: Application) -> None:
        found = DirectMatch(application, a_request(body=b"unread"), Noting, params)
        assert execution.start(found, an_exchange())
        assert found.request.body == b""

    expected = await given(lambda app: own_execute(delegate_of(Noting, app, **params)))
    assert (
        await given(lambda app: execution.execute(delegate_of(Noting, app, **params))) == expected
    )
    assert await given(directly) == expected


async def test_a_handler_has_the_variables_of_its_request() -> None:
    seen = []
    for execute in (own_execute, execution.execute):
        for kind in (Noting, handler(prepare=coroutine)):
            application = an_application()
            variable.set("when it was started")
            execute(delegate_of(kind, application))
            variable.set("later")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen += [noted[-1] for noted in application.settings["noted"]]
    assert seen == ["when it was started"] * 4


@pytest.mark.parametrize("kind", [Noting, handler(get=coroutine)])
async def test_its_transforms_are_made_for_its_request(kind: type[Noting]) -> None:
    made: list[Any] = []

    class Transform(web.OutputTransform):
        def __init__(self, request: Any) -> None:
            made.append(request)

    for execute in (own_execute, execution.execute):
        delegate = delegate_of(kind, an_application(transforms=[Transform, Transform]))
        made.clear()
        execute(delegate)
        assert made == [delegate.request] * 2
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [type(each) for each in delegate.handler._transforms] == [Transform] * 2


@pytest.mark.parametrize("kind", [Noting, handler(prepare=coroutine), Overriding])
async def test_a_failure_that_nobody_answers_is_told_to_the_loop(kind: type[Noting]) -> None:
    def fail(*args: Any) -> None:
        raise KeyboardError

    class KeyboardError(BaseException):
        """Is not the handler's to answer."""

    told: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    for execute in (own_execute, execution.execute):
        execute(delegate_of(type("Failing", (kind,), {"get": fail}), an_application()))
        await until(lambda: bool(told))
        assert [type(each["exception"]) for each in told] == [KeyboardError]
        assert "callback" in told[0]["message"]  # at once, and not by the collector
        told.clear()


# ---- what is Tornado's ----


@stream_request_body
class Streaming(Noting):
    pass


async def test_a_body_that_is_streamed_is_tornado_s(by_tornado: list[Any]) -> None:
    delegate: Any = delegate_of(Streaming, an_application())
    prepared = delegate.headers_received(None, None)
    assert by_tornado == [delegate]
    assert prepared is delegate.handler._prepared_future
    delegate.finish()
    await prepared
    await until(lambda: bool(delegate.application.settings["noted"]))
    usual = delegate_of(Noting, an_application())
    usual.execute()
    assert by_tornado == [delegate]


@pytest.mark.parametrize(
    ("settings", "tornado_s"),
    [
        ({}, False),
        ({"compiled_template_cache": True, "static_hash_cache": True}, False),
        ({"compiled_template_cache": False}, True),
        ({"static_hash_cache": False}, True),
        ({"static_hash_cache": None}, True),
        ({"debug": True, "autoreload": False}, True),
    ],
)
async def test_settings_by_which_something_is_read_anew_each_time(
    settings: dict[str, Any], tornado_s: bool, by_tornado: list[Any]
) -> None:
    application = an_application(**settings)
    delegate_of(Noting, application).execute()
    assert len(by_tornado) == tornado_s
    found = DirectMatch(application, a_request(), Noting, {})
    assert execution.start(found, an_exchange()) is not tornado_s
    await until(lambda: len(application.settings["noted"]) == 2 - tornado_s)


def with_a_task_factory(patch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(lambda loop, coro, **given: asyncio.Task(coro, loop=loop, **given))


def in_debug_mode(patch: pytest.MonkeyPatch) -> None:
    asyncio.get_running_loop().set_debug(True)


def with_tasks_replaced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replaced, "tasks_aside", True)


@pytest.mark.parametrize("change", [with_a_task_factory, in_debug_mode, with_tasks_replaced])
async def test_where_each_task_is_to_be_seen_it_is(
    change: Callable[[pytest.MonkeyPatch], None],
    by_tornado: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    application = an_application()
    replaced.is_aside(asyncio.get_running_loop())
    delegate_of(Noting, application).execute()
    assert by_tornado == []
    change(monkeypatch)
    delegate_of(Noting, application).execute()
    assert len(by_tornado) == 1
    assert not execution.start(DirectMatch(application, a_request(), Noting, {}), an_exchange())
    await until(lambda: len(application.settings["noted"]) == 2)


# ---- without a delegate ----


def an_exchange(**state: Any) -> Any:
    return SimpleNamespace(
        **{"read_finished": False, "write_finished": False, "detached": False, **state}
    )


@pytest.mark.parametrize("state", [{"write_finished": True}, {"detached": True}])
async def test_a_request_that_is_over_is_not_started(state: dict[str, Any]) -> None:
    application, exchange = an_application(), an_exchange(**state)
    request = a_request(body=b"unread")
    assert not execution.start(DirectMatch(application, request, Noting, {}), exchange)
    assert not exchange.read_finished
    assert request.body == b"unread"
    await asyncio.sleep(0)
    assert application.settings["noted"] == []


def test_nothing_is_started_where_no_loop_runs() -> None:
    exchange = an_exchange()
    found = DirectMatch(an_application(), a_request(), Noting, {})
    assert not execution.start(found, exchange)
    assert not exchange.read_finished


async def test_a_request_is_read_before_its_handler_is_made() -> None:
    exchange = an_exchange()
    seen: list[Any] = []

    class Looking(Noting):
        def initialize(self, **given: Any) -> None:
            seen.append((exchange.read_finished, self.request.body))
            raise KeyError("its own")

    with pytest.raises(KeyError, match="its own"):
        execution.start(DirectMatch(an_application(), a_request(body=b"x"), Looking, {}), exchange)
    assert seen == [(True, b"")]
