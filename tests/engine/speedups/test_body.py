"""A request is run in the steps of Tornado's ``_execute``, in its order, and to the same end."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest
from tornado import gen
from tornado.web import Application, Finish, HTTPError, RequestHandler

from tests.engine.serving import EITHER_LOOP
from tests.engine.speedups.alone import a_request
from tests.engine.speedups.watching import installed
from tests.engine.tornados import LIMITED_QUERIES
from tornkit.engine.fidelity import variants
from tornkit.engine.request import LazyRequest
from tornkit.engine.speedups.body import begin
from tornkit.own_frames import FOLDER

pytestmark = EITHER_LOOP

Run = Callable[..., Coroutine[Any, Any, None]]
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
PARTS = "Content-Type: multipart/form-data; boundary=b\r\n"
A_PART = b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\ntext\r\n--b--\r\n'


@pytest.fixture(autouse=True)
def speedups(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(time, "time", lambda: 1359312200.9)
    with installed():
        yield


async def by_tornado(handler: RequestHandler, args: list[Any], kwargs: dict[str, Any]) -> None:
    await RequestHandler._execute(handler, [], *args, **kwargs)


async def by_speedup(handler: RequestHandler, args: list[Any], kwargs: dict[str, Any]) -> None:
    rest = begin(handler, [], args, kwargs)
    if rest is not None:
        await rest


class Noting(RequestHandler):
    """Notes each step, and what it has by then."""

    def initialize(self) -> None:
        self.noted: list[Any] = []

    def note(self, *what: Any) -> None:
        self.noted.append((*what, self._finished))

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        self.note("decode", value, name)
        return super().decode_argument(value, name)

    if variants.CROSS_ORIGIN_PROTECTION:

        def _cross_origin_protection(self) -> None:
            self.note("protected", self.request.arguments)
            super()._cross_origin_protection()

    def prepare(self) -> Awaitable[None] | None:
        self.note("prepare", self.path_args, self.path_kwargs)
        return None

    def get(self, *args: Any, **kwargs: Any) -> Any:
        self.note("get", args, kwargs)

    post = get

    def on_finish(self) -> None:
        self.note("finished", self.get_status())

    def log_exception(self, *info: Any) -> None:
        self.note("log", *map(repr, info[:2]), repr(info[1].__cause__))


async def outcome(
    run: Run,
    kind: type[RequestHandler],
    args: list[Any],
    kwargs: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    **asked: Any,
) -> dict[str, Any]:
    """All that is to be seen when a request is run in this way."""
    caplog.clear()
    application = Application(log_function=lambda handler: None, **settings)
    request = a_request(**asked)
    handler: Any = kind(application, request)
    task = asyncio.create_task(run(handler, args, kwargs))
    raised = ""
    try:
        await task
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - which one is compared
        raised = repr(error)
    connection: Any = request.connection
    own = ("application", "request", "noted", "_headers", "ui")
    return {
        "calls": connection.calls,
        "noted": getattr(handler, "noted", []),
        "kept": {n: v for n, v in vars(handler).items() if n not in own and not callable(v)},
        "raised": raised,
        "cancelled": (task.cancelled(), task.cancelling()),
        "arguments": (request.arguments, request.body_arguments, request.files),
        "logged": [(each.name, each.levelname, each.getMessage()) for each in caplog.records],
    }


class Compare:
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog
        caplog.set_level(logging.DEBUG)

    async def __call__(
        self,
        kind: type[RequestHandler] = Noting,
        args: list[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        **asked: Any,
    ) -> dict[str, Any]:
        """What was seen of Tornado's, after the speedup has come to the same."""
        given = kind, args or [], kwargs or {}, self.caplog, settings or {}
        theirs = await outcome(by_tornado, *given, **asked)
        for lazy in (False, True):
            assert await outcome(by_speedup, *given, lazy=lazy, **asked) == theirs
        return theirs


@pytest.fixture
def compare(caplog: pytest.LogCaptureFixture) -> Compare:
    return Compare(caplog)


def steps(seen: dict[str, Any]) -> list[str]:
    return [step[0] for step in seen["noted"]]


def status_of(seen: dict[str, Any]) -> int:
    (status,) = (call[1] for call in seen["calls"] if call[0] == "write_headers")
    found: int = status
    return found


# ---- what a handler is given ----


async def test_the_steps_have_one_order(compare: Compare) -> None:
    seen = await compare(Noting, [b"a"], {"k": b"b"})
    protected = ["protected"] * variants.CROSS_ORIGIN_PROTECTION
    assert steps(seen) == ["decode", "decode", *protected, "prepare", "get", "finished"]
    assert seen["calls"][-1] == ("finish",)


@pytest.mark.parametrize("plain", [True, False])
async def test_arguments_of_the_path_are_decoded(plain: bool, compare: Compare) -> None:
    kind = type("Plain", (Noting,), {"decode_argument": RequestHandler.decode_argument})
    given: list[tuple[list[Any], dict[str, Any]]] = [
        ([b"a", "caf\u00e9".encode(), b""], {}),
        ([], {"one": b"a", "two": "\u2713".encode()}),
        ([b"\x00 a \x1f"], {"one": b" \x00"}),
        ([b"\xff"], {}),
        ([b"a"], {"one": b"\xff"}),
        ([None, b"a"], {}),
        ([], {"one": None}),
        (["text"], {}),
    ]
    for args, kwargs in given:
        await compare(kind if plain else Noting, args, kwargs)


@pytest.mark.parametrize("method", ["BREW", "get", "HEAD", "PATCH", "OPTIONS", ""])
async def test_a_method_is_supported_or_answered_alike(method: str, compare: Compare) -> None:
    seen = await compare(method=method)
    assert status_of(seen) == 405
    assert ("prepare" in steps(seen)) is (method in RequestHandler.SUPPORTED_METHODS)


async def test_a_class_says_which_methods_it_supports(compare: Compare) -> None:
    class Brewing(Noting):
        SUPPORTED_METHODS = ("BREW",)

        def brew(self) -> None:
            self.write("tea")

    assert status_of(await compare(Brewing, method="BREW")) == 200
    assert status_of(await compare(Brewing, method="GET")) == 405


# ---- the request's body ----


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ("", b"a=1", 200),
        (FORM, b"a=1&a=2&b=%20", 200),
        (FORM, b"", 200),
        pytest.param(FORM, b"a=" + b"&a=" * 2000, 400, marks=LIMITED_QUERIES),
        (FORM + "Content-Encoding: gzip\r\n", b"a=1", 400),
        (PARTS, A_PART, 200),
        (PARTS, b"no boundary", 400),
        ("Content-Type: multipart/form-data\r\n", A_PART, 400),
        ("Content-Type: text/plain\r\n", b"a=1", 200),
        ("Content-Type:\r\n", b"a=1", 200),
    ],
)
async def test_a_form_is_read_before_anything_is_decided(
    lines: str, body: bytes, status: int, compare: Compare
) -> None:
    seen = await compare(method="POST", target="/?a=0", lines=lines, body=body)
    assert status_of(seen) == status
    first = "protected" if variants.CROSS_ORIGIN_PROTECTION else "prepare"
    assert seen["noted"][0][0] == (first if status == 200 else "log")


async def test_arguments_that_a_program_has_put_into_the_body_are_moved(compare: Compare) -> None:
    class Putting(Noting):
        def initialize(self) -> None:
            super().initialize()
            self.request.body_arguments["a"] = [b"put"]

    seen = await compare(Putting, target="/?a=0")
    assert seen["arguments"][0] == {"a": [b"0", b"put"]}


async def test_a_body_that_is_no_form_is_not_looked_into() -> None:
    """A lazy request makes its arguments when they are read, and nobody has read them."""
    for lines, looked in (("", False), (FORM, True)):
        request = a_request(target="/?a=1", lines=lines, body=b"b=2", lazy=True)
        handler = RequestHandler(Application(log_function=lambda handler: None), request)
        assert begin(handler, [], [], {}) is None
        assert ("arguments" in vars(request)) is looked


async def test_a_request_of_a_program_s_own_is_asked_to_read_its_body() -> None:
    class Own(LazyRequest):
        def _parse_body(self) -> None:
            self.arguments = {"own": [b"1"]}

    request: Any = a_request(lazy=True)
    request.__class__ = Own
    handler = RequestHandler(Application(log_function=lambda handler: None), request)
    begin(handler, [], [], {})
    assert request.arguments == {"own": [b"1"]}


# ---- where it ends, and where it waits ----


def future(handler: Any, result: Any = None) -> asyncio.Future[Any]:
    loop = asyncio.get_running_loop()
    made = loop.create_future()
    loop.call_soon(made.set_result, result)
    return made


def waiting(kind: str) -> Callable[[Any], Any]:
    def by_coroutine(self: Any) -> Awaitable[None]:
        async def rest() -> None:
            self.note("before")
            await asyncio.sleep(0)
            self.note("after")

        return rest()

    def by_generator(self: Any) -> Any:
        @gen.coroutine
        def rest() -> Any:
            yield gen.moment
            self.note("after")

        return rest()

    def ending(self: Any) -> Awaitable[None]:
        async def rest() -> None:
            await asyncio.sleep(0)
            self.finish("ended")

        return rest()

    def at_once(self: Any) -> None:
        self.finish("ended")

    def failing(self: Any) -> Awaitable[None]:
        async def rest() -> None:
            await asyncio.sleep(0)
            raise KeyError("its own")

        return rest()

    steps: dict[str, Callable[[Any], Any]] = {
        "nothing": lambda self: None,
        "coroutine": by_coroutine,
        "generator": by_generator,
        "future": future,
        "done": lambda self: gen.maybe_future(None),
        "ends": ending,
        "ends at once": at_once,
        "fails": failing,
        "not awaitable": lambda self: 5,
        "false": lambda self: False,
    }
    return steps[kind]


KINDS = ["nothing", "coroutine", "generator", "future", "done", "ends", "ends at once", "fails"]
ODD = ["not awaitable", "false"]


@pytest.mark.parametrize("auto_finish", [True, False])
@pytest.mark.parametrize("kind", [*KINDS, *ODD])
@pytest.mark.parametrize("where", ["prepare", "get"])
async def test_whatever_a_step_gives_is_awaited(
    where: str, kind: str, auto_finish: bool, compare: Compare
) -> None:
    step = waiting(kind)

    def method(self: Any) -> Any:
        self.note(where)
        self._auto_finish = auto_finish
        return step(self)

    seen = await compare(type("Waiting", (Noting,), {where: method}))
    is_over = kind in ("ends", "ends at once", "fails", "not awaitable", "false")
    assert ("get" in steps(seen)) is (where == "get" or not is_over)
    assert (("finish",) in seen["calls"]) is (auto_finish or is_over)


@pytest.mark.parametrize("kind", [*KINDS, *ODD])
async def test_a_method_is_awaited_behind_a_prepare_that_waited(
    kind: str, compare: Compare
) -> None:
    both = {"prepare": waiting("coroutine"), "get": waiting(kind)}
    await compare(type("Waiting", (Noting,), both))


async def test_nothing_is_left_to_be_run_where_nothing_waits() -> None:
    kinds = [
        (Noting, None),
        (type("Ends", (Noting,), {"prepare": waiting("ends at once")}), None),
        (type("Prepares", (Noting,), {"prepare": waiting("coroutine")}), "some"),
        (type("Waits", (Noting,), {"get": waiting("coroutine")}), "some"),
    ]
    for kind, rest in kinds:
        handler: Any = kind(Application(log_function=lambda handler: None), a_request())
        left = begin(handler, [], [], {})
        assert (left is None) is (rest is None)
        if left is not None:
            assert "finished" not in [step[0] for step in handler.noted]
            await left
        assert "finished" in [step[0] for step in handler.noted]


# ---- errors ----


def raising(error: Callable[[], BaseException]) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise error()

    return method


def raising_later(error: Callable[[], BaseException]) -> Any:
    def method(self: Any) -> Awaitable[None]:
        async def rest() -> None:
            await asyncio.sleep(0)
            raise error()

        return rest()

    return method


ERRORS: dict[str, Callable[[], BaseException]] = {
    "HTTPError": lambda: HTTPError(409, "why"),
    "ValueError": lambda: ValueError("broken"),
    "Finish": Finish,
    "Finish with a body": lambda: Finish("body"),
    "CancelledError": asyncio.CancelledError,
}
PLACES = ["prepare", "get", "decode_argument", "finish", "on_finish"]
PLACES += ["_cross_origin_protection"] * variants.CROSS_ORIGIN_PROTECTION


@pytest.mark.parametrize("name", ERRORS)
async def test_an_error_is_answered_and_logged_alike(name: str, compare: Compare) -> None:
    for place in PLACES:
        kind = type("Failing", (Noting,), {place: raising(ERRORS[name])})
        await compare(kind, [b"a"], method="POST")
    for place in ("prepare", "get"):
        kind = type("FailingLater", (Noting,), {place: raising_later(ERRORS[name])})
        await compare(kind)
    for place in ("write_error", "log_exception", "_handle_request_exception", "send_error"):
        both = {place: raising(ERRORS[name]), "get": raising(lambda: KeyError("first"))}
        if name == "CancelledError":
            continue  # which the loop has to say something about
        seen = await compare(type("FailingTwice", (Noting,), both))
        assert seen["raised"] == ""


def cancelling(when: str, sends: str) -> type[Noting]:
    class Cancelled(Noting):
        def get(self) -> Any:
            task = asyncio.current_task()
            assert task is not None
            if when == "at once":
                task.cancel("enough")
                raise asyncio.CancelledError("enough")
            asyncio.get_running_loop().call_soon(task.cancel, "enough")
            return self.rest()

        async def rest(self) -> None:
            if when == "finished":
                self.finish("body")
            await asyncio.sleep(5)

        def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
            self.note("send_error", status_code, sorted(kwargs))
            if sends == "fails":
                raise KeyError("its own")
            super().send_error(status_code, **kwargs)

    return Cancelled


@pytest.mark.parametrize("sends", ["answers", "fails"])
@pytest.mark.parametrize("when", ["at once", "waiting", "finished"])
async def test_a_cancelled_task_is_answered_and_stays_cancelled(
    when: str, sends: str, compare: Compare
) -> None:
    seen = await compare(cancelling(when, sends))
    assert seen["cancelled"] == (True, 1)
    answered = variants.CANCELLED_ANSWERED and when != "finished"
    assert ("send_error" in steps(seen)) is answered
    said = [("tornado.application", "ERROR", "Exception in exception handler")]
    assert seen["logged"] == (said if sends == "fails" and answered else [])
    assert "log" not in steps(seen)


async def test_the_traceback_of_an_error_is_the_program_s_alone() -> None:
    seen: list[list[str]] = []

    class Failing(RequestHandler):
        def get(self) -> Any:
            try:
                raise KeyError("first")
            except KeyError:
                raise ValueError("second")  # noqa: B904 - its context is looked at, too

        post = raising_later(lambda: ValueError("later"))

        def log_exception(self, *info: Any) -> None:
            error = info[1]
            while error is not None:
                frames = traceback.extract_tb(error.__traceback__)
                seen.append([frame.filename for frame in frames])
                error = error.__context__

    for method in ("GET", "POST"):
        handler = Failing(Application(log_function=lambda handler: None), a_request(method))
        await by_speedup(handler, [], {})
    assert len(seen) == 3
    assert all(files for files in seen)
    assert not [name for files in seen for name in files if name.startswith(FOLDER)]
