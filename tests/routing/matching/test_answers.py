"""`reply` against Tornado itself: the same request is sent to a server that runs.

What is said for sure has to come as the status; where a handler is said to be called, it tells
with which arguments it was.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado import version
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.routing import PathMatches, Rule, RuleRouter
from tornado.testing import bind_unused_port
from tornado.web import (
    Application,
    ErrorHandler,
    FallbackHandler,
    HTTPError,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
    authenticated,
)
from tornado.websocket import WebSocketHandler

from tests.clients.asynchronous import connect
from tests.clients.messages import Response
from tornkit.routing.matching.answers import MatchVerdict, Reply
from tornkit.routing.matching.asked import Asked, asked
from tornkit.routing.matching.explain import explain
from tornkit.routing.reading.extract import unreversed_tables


class Echo(RequestHandler):
    """Tells what it was called with."""

    def tell(self, *args: Any, **kwargs: Any) -> None:
        method = self.request.method or ""
        call = f"{type(self).__name__}.{method.lower()}"
        self.write(json.dumps({"call": call, "args": args, "kwargs": kwargs}))


class Get(Echo):
    get = Echo.tell


class Both(Echo):
    get = head = put = Echo.tell


class One(Echo):
    def get(self, only: str) -> None:
        self.tell(only)


class Named(Echo):
    def get(self, *, word: str, rest: str = "") -> None:
        self.tell(word=word, rest=rest)


class Brewing(Echo):
    SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, "BREW")
    brew = Echo.tell


class Nothing(RequestHandler): ...


class Chat(WebSocketHandler):
    def open(self, *args: str, **kwargs: str) -> None:
        self.close()


class Prepared(RequestHandler):
    def prepare(self) -> None:
        self.finish("{}")


class Missing(RequestHandler):
    def prepare(self) -> None:
        raise HTTPError(404)


class Gone(RequestHandler):
    def get(self, *args: str, **kwargs: str) -> None:
        self.set_status(410)
        self.write("{}")


class Refusing(ErrorHandler):
    def initialize(self) -> None:  # type: ignore[override]
        super().initialize(403)


def fallback(request: Any) -> None:
    accepted = ResponseStartLine("HTTP/1.1", 202, "Accepted")
    request.connection.write_headers(accepted, HTTPHeaders({"Content-Length": "0"}))
    request.connection.finish()


PATTERNS = [
    *(r"/", r"/a", r"/a/(\d+)", r"/(\w+)", r"/b/([^/]+)(/.*)?", r"/c/(?P<word>[^/]*)", r"/d/(.*)"),
    *(r"/e/(?P<word>[^/]+)/(?P<rest>.*)", r"/f/(.*)/(.*)"),
]
PATHS = [
    *("/", "/a", "/a/12", "/word", "/b/x", "/b/%FF", "/b/caf%C3%A9/more", "/c/x%20y", "/c/%c3"),
    *("/d/", "/d//x.com", "/d/answers.py", "/d/missing.txt", "/e/1/2", "/e/%80/2", "/q/q/q"),
    *("/f/x/y", "/f//z", "/d/%0a", "/d/%00", f"/d/{'x' * 300}", "/d/../x"),
]
METHODS = ["GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "OPTIONS", "BREW", "PROPFIND"]
HEADERS: list[list[str]] = [
    [],
    ["Upgrade: websocket"],
    ["Upgrade: websocket", "Connection: Upgrade"],
    ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 12"],
    ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"],
    [
        *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: dG9ybmtpdC1yb3V0ZXM=",
    ],
]


def application(chance: random.Random) -> Any:
    kinds: list[Callable[[], tuple[Any, dict[str, Any]]]] = [
        *(lambda cls=cls: (cls, {}) for cls in (Get, Both, One, Named, Brewing, Nothing, Chat)),
        *(lambda cls=cls: (cls, {}) for cls in (Missing, Gone, Refusing)),
        lambda: (ErrorHandler, {"status_code": chance.choice([404, 410, 403])}),
        lambda: (FallbackHandler, {"fallback": fallback}),
        lambda: (StaticFileHandler, {"path": str(Path(__file__).parent)}),
        lambda: (RedirectHandler, redirect(chance)),
    ]
    rules = []
    for pattern in chance.sample(PATTERNS, chance.randint(2, len(PATTERNS))):
        target, kwargs = chance.choice(kinds)()
        rules.append((pattern, target, kwargs))
    default = chance.choice([None, None, Prepared, Get, Missing, Gone, Refusing])
    found: Any = Application(rules, default_handler_class=default, log_function=lambda _: None)
    if chance.random() < 0.15:
        found = RuleRouter([Rule(PathMatches("/[abcd].*"), found)])
    return found


def redirect(chance: random.Random) -> dict[str, Any]:
    url = chance.choice(
        ["/new", "/new/{0}", "/{0}/x", "/to?x=1&y={0}", "{0}", "https://b.org/{1}", "/{word}"]
    )
    return {"url": url, **chance.choice([{}, {"permanent": False}, {"permanent": True}])}


async def send(port: int, request: Asked) -> Response:
    target = f"{request.path}?{request.query}" if request.query else request.path
    fields = [("Host", request.host), *request.headers]
    if request.header("Connection") is None:
        fields.append(("Connection", "close"))
    head = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    with await connect(("127.0.0.1", port)) as client:
        await client.send("\r\n".join([*head, "", ""]).encode("latin1"))
        return await client.read_response(request.method)


def run_with_server(app: Any, scenario: Callable[[int], Awaitable[None]]) -> None:
    async def main() -> None:
        server = HTTPServer(app)
        socket, port = bind_unused_port()
        server.add_socket(socket)
        try:
            await scenario(port)
        finally:
            server.stop()
            await server.close_all_connections()

    asyncio.run(main())


def assert_came_true(said: Reply, served: Response, request: Asked) -> None:
    match said.verdict:
        case MatchVerdict.HANDLER if said.call.startswith("StaticFileHandler."):
            assert served.status in (200, 403, 404, 500)  # only a file that is missing is sure
        case MatchVerdict.HANDLER:
            assert served.status == 200
            if request.method != "HEAD" and said.call != "Prepared.prepare":
                told = json.loads(served.body)
                assert told["call"] == said.call
                assert told["args"] == list(said.args)
                assert {k: v for k, v in told["kwargs"].items() if v} == {
                    k: v for k, v in said.kwargs.items() if v
                }
        case MatchVerdict.DELEGATE:
            assert served.status == 202
        case MatchVerdict.REDIRECT:
            assert (served.status, served.headers.get("Location")) == (said.status, said.location)
        case _:
            assert served.status == said.status


def what_is_said_of_one_application_comes_true(seed: int) -> set[MatchVerdict]:
    chance = random.Random(seed)
    app = application(chance)
    table = unreversed_tables([app])[0].table
    seen = set()

    async def scenario(port: int) -> None:
        for _ in range(15):
            query = chance.choice(["", "", "?x=1&y=&x=%C3%A9+b&&z"])
            url = f"http://localhost:{port}{chance.choice(PATHS)}{query}"
            request = asked(url, chance.choice(METHODS), chance.choice(HEADERS))
            said = explain(table, request, version).reply
            served = await send(port, request)
            try:
                assert_came_true(said, served, request)
            except AssertionError as error:
                came = f"{served.status} {served.headers.get('Location')} {served.body!r}"
                raise AssertionError(f"{seed}: {request}: {said}; came {came}") from error
            seen.add(said.verdict)

    run_with_server(app, scenario)
    return seen


@pytest.mark.thorough
def test_what_is_said_comes_true(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    seen = set()
    for seed in range(75, 100):
        seen |= what_is_said_of_one_application_comes_true(seed)
    assert seen == set(MatchVerdict)


@pytest.mark.thorough
def test_what_is_said_of_many_comes_true(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    for seed in range(75):
        what_is_said_of_one_application_comes_true(seed)


def reply_to(app: Any, url: str, method: str | None = None, headers: tuple[str, ...] = ()) -> Reply:
    return explain(unreversed_tables([app])[0].table, asked(url, method, headers), version).reply


def test_a_handshake_is_a_handshake() -> None:
    app = Application([(r"/chat/(.*)", Chat)])
    said = reply_to(app, "ws://localhost/chat/x")
    assert (said.verdict, said.status, said.call, said.args) == (
        MatchVerdict.WEBSOCKET,
        101,
        "Chat.open",
        ("x",),
    )

    async def scenario(port: int) -> None:
        served = await send(port, asked(f"ws://localhost:{port}/chat/x"))
        assert served.status == 101

    run_with_server(app, scenario)


def test_a_handshake_lacks_one_header_after_the_other() -> None:
    app = Application([("/chat", Chat)])
    headers: tuple[str, ...] = ()
    for status, header in (
        (400, "Upgrade: WebSocket"),
        (400, "Connection: keep-alive, Upgrade"),
        (426, "Sec-WebSocket-Version: 13"),
        (400, "Sec-WebSocket-Key: x"),
    ):
        said = reply_to(app, "/chat", headers=headers)
        assert said.status == status
        assert header.partition(":")[0] in said.reason
        headers = (*headers, header)
    assert reply_to(app, "/chat", headers=headers).status == 101
    with_origin = reply_to(app, "/chat", headers=(*headers, "Origin: http://elsewhere"))
    assert "check_origin" in with_origin.caveats[0]


def test_a_websockets_own_get_decides_about_the_handshake() -> None:
    class Own(WebSocketHandler):
        async def get(self, *args: Any, **kwargs: Any) -> None: ...

    said = reply_to(Application([("/chat", Own)]), "/chat")
    assert (said.verdict, said.status) == (MatchVerdict.WEBSOCKET, None)
    assert "its own get decides about the handshake" in said.caveats


def test_what_a_handlers_own_code_may_change_is_said() -> None:
    class Own(RequestHandler):
        def prepare(self) -> None: ...

        def decode_argument(self, value: bytes, name: str | None = None) -> str:
            return value.decode("latin1")

        @authenticated
        def get(self, word: str) -> None: ...

    app = Application([(r"/(.*)", Own)])
    said = reply_to(app, "/%FF")
    assert (said.verdict, said.args) == (MatchVerdict.HANDLER, (b"\xff",))
    assert [caveat.split()[2] for caveat in said.caveats] == ["decode_argument", "prepare", "a"]
    refused = reply_to(app, "/x", "POST")
    assert (refused.status, refused.allowed) == (405, ("GET",))
    assert "unless its own prepare answers first" in refused.caveats


def test_prepare_comes_before_a_handshake_is_refused_and_after_arguments_are_decoded() -> None:
    class Own(Chat):
        def prepare(self) -> None: ...

    app = Application([(r"/(.*)", Own)])
    assert reply_to(app, "/x").caveats == ("unless its own prepare answers first",)
    assert reply_to(app, "/%FF").caveats == ()


def test_a_class_that_answers_in_prepare_alone_answers() -> None:
    said = reply_to(Application([("/", Prepared)]), "/", "PUT")
    assert (said.verdict, said.call, said.answered) == (
        MatchVerdict.HANDLER,
        "Prepared.prepare",
        True,
    )
    assert said.caveats == ("405 if that does not answer",)


def test_arguments_that_the_method_does_not_take_end_in_500() -> None:
    app = Application([(r"/one/(.*)/(.*)", One), (r"/none", One)])
    assert reply_to(app, "/one/a/b").status == 500
    assert reply_to(app, "/one/a/b").reason == "One.get takes only 1 argument and is given 2"
    assert reply_to(app, "/none").reason == "One.get needs 'only' and is not given it"


def test_a_decorator_may_pass_other_arguments() -> None:
    def without_arguments(method: Any) -> Any:
        @functools.wraps(method)
        def wrapper(self: Any, *args: str) -> Any:
            return method(self)

        return wrapper

    class Decorated(RequestHandler):
        @without_arguments
        def get(self) -> None: ...

        @authenticated
        def put(self) -> None: ...

    app = Application([(r"/(.*)", Decorated)])
    assert reply_to(app, "/x").status is None
    assert reply_to(app, "/x", "PUT").reason == "Decorated.put takes no argument and is given 1"


def test_a_prepare_of_its_own_may_change_the_arguments() -> None:
    class Own(RequestHandler):
        def prepare(self) -> None:
            self.path_args = []

        def get(self) -> None: ...

    said = reply_to(Application([(r"/(.*)", Own)]), "/x")
    assert (said.verdict, said.status) == (MatchVerdict.HANDLER, None)
    assert "500 if called so: it takes no argument and is given 1" in said.caveats


def test_a_handler_that_can_not_be_made_gives_no_answer_at_all() -> None:
    class Own(RequestHandler):
        def initialize(self, size: int) -> None: ...

        def get(self) -> None: ...

    app = Application([("/", Own)])
    said = reply_to(app, "/")
    assert (said.verdict, said.status, said.answered) == (MatchVerdict.FAILS, None, False)
    assert said.reason.startswith("Own.initialize needs 'size' and is not given it")

    async def scenario(port: int) -> None:
        with pytest.raises(EOFError):
            await send(port, asked(f"http://localhost:{port}/"))

    run_with_server(app, scenario)


def test_who_says_404() -> None:
    inner = Application([("/in/there", Get)])
    app = Application([(PathMatches("/in/.*"), inner)])
    assert reply_to(app, "/in/x").reason == "no route of the Application under /in/.* takes it"
    assert reply_to(app, "/x").reason == "no route of the Application takes it"
    assert "Tornado itself" in reply_to(RuleRouter([(PathMatches("/a"), app)]), "/x").reason


def test_supported_methods_without_the_comma() -> None:
    class Text(Get):
        SUPPORTED_METHODS = "GET"  # type: ignore[assignment]

    app = Application([("/", Text)])
    assert reply_to(app, "/").call == "Text.get"
    assert reply_to(app, "/", "POST").allowed == ("GET",)


def test_a_class_that_runs_itself_is_left_alone() -> None:
    class Own(RequestHandler):
        async def _execute(self, *args: Any, **kwargs: Any) -> None: ...

    said = reply_to(Application([("/", Own)]), "/", "POST")
    assert said.answered
    assert "_execute of its own decides" in said.caveats[0]


def test_a_missing_file_is_a_404_and_what_lies_outside_is_left_open(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    (folder / "inside").mkdir(parents=True)
    (folder / "out").symlink_to(tmp_path)
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    app = Application([(r"/(.*)", StaticFileHandler, {"path": str(folder)})])
    missing = reply_to(app, "/inside/x.css")
    assert (missing.status, missing.reason) == (404, f"there is no file {folder / 'inside/x.css'}")
    for path in ("/inside", "/../x", "/out/x", "/dangling", "/%00"):
        assert reply_to(app, path).verdict is MatchVerdict.HANDLER, path
    # Since 3.14 `Path.exists` says no where the name is too long for the system.
    long = reply_to(app, f"/{'x' * 300}").verdict
    assert long in (MatchVerdict.HANDLER, MatchVerdict.NOT_FOUND)
