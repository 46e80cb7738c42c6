"""Applications whose handlers do what a story says.

    /STORY/REQUEST      the handler of this request of that story's; KIND is its method of a path

A handler that has begun is a `Target` of its story from then on, for as long as the story lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.template import DictLoader
from tornado.web import Application, RequestHandler, stream_request_body

from tests.engine.stories.calls import CALLS, Target
from tests.engine.stories.outcome import Noted
from tests.engine.stories.story import Story


class Stage:
    """One story while it is played: the requests that have begun, and what was noted."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.targets: dict[int, Target] = {}
        self.begun: list[Target] = []  # each, also where one index was asked for on two connections
        self.gates: dict[int, asyncio.Event] = {}
        self.noted: list[Noted] = []

    def begin(self, index: int, request: HTTPServerRequest, handler: Any = None) -> None:
        """A request has begun, and can be called from now on."""
        self.gates[index] = asyncio.Event()
        target = Target(index, request, handler)
        target.note = lambda what: self.note(index, what)
        target.stream = getattr(request.connection, "stream", None)
        self.targets[index] = target
        self.begun.append(target)

    def note(self, index: int, what: str, value: Any = None) -> None:
        if what == "data_received" and self.noted and self.noted[-1].what == what:
            # A body comes in pieces as it is read; all of them together are the body.
            self.noted[-1].value += value
            return
        self.noted.append(Noted(index, what, value))

    def call(self, index: int, name: str) -> None:
        """Make a call, and note what comes of it."""
        target = self.targets.get(index)
        if target is None:
            self.note(index, name, "has not begun")
            return
        part = name.partition(".")[0]
        if part != "connection" and getattr(target, part, None) is None:
            return
        try:
            value = CALLS[name](target)
        except Exception as error:  # noqa: BLE001 - what it raises is what is looked at
            value = error
        self.note(index, name, value)

    def perform(self, index: int, calls: tuple[str, ...]) -> None:
        """What a handler does by itself."""
        for name in calls:
            self.call(index, name)


Stages = Mapping[int, Stage]


class Actor(RequestHandler):
    """Does what the story says, and then ends as any handler does."""

    stage: Stage
    index = 0

    def initialize(self, stages: Stages) -> None:
        _, story, index, *_ = (self.request.path or "").split("/")
        self.stage, self.index = stages[int(story)], int(index)
        self.stage.begin(self.index, self.request, self)

    @property
    def script(self) -> Any:
        return self.stage.story.request(self.index)

    def act(self) -> Any:
        self.stage.perform(self.index, self.script.during)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(f"error {status_code} {self.index}")

    def on_finish(self) -> None:
        self.stage.note(self.index, "on_finish")

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.stage.note(self.index, "on_connection_close")

    def get(self) -> Any:
        return self.act()

    def head(self) -> Any:
        return self.act()

    def post(self) -> Any:
        return self.act()


class Waiting(Actor):
    """Waits in between."""

    async def act(self) -> None:
        self.stage.perform(self.index, self.script.during)
        await self.stage.gates[self.index].wait()
        self.stage.perform(self.index, self.script.after)

    async def get(self) -> None:
        await self.act()

    async def head(self) -> None:
        await self.act()

    async def post(self) -> None:
        await self.act()


class Plain(Actor):
    """Says its answer at once: what nearly all do."""

    def act(self) -> None:
        self.finish(f"plain {self.index}")
        self.stage.perform(self.index, self.script.during)


@stream_request_body
class Streamed(Actor):
    """Does its part before its body was read, and the rest behind it."""

    def prepare(self) -> None:
        self.stage.perform(self.index, self.script.during)

    def data_received(self, chunk: bytes) -> None:
        stream = self.stage.targets[self.index].stream
        if stream is not None and stream.closed():
            # How much of the body was read by then is chance: both read 64 KiB at a time.
            if self.stage.noted[-1] != (rest := Noted(self.index, "data_received of the rest")):
                self.stage.noted.append(rest)
            return
        self.stage.note(self.index, "data_received", len(chunk))

    def act(self) -> None:
        self.stage.perform(self.index, self.script.after)


KINDS = {"sync": Actor, "waiting": Waiting, "plain": Plain, "streamed": Streamed}


def web(stages: Stages) -> Application:
    """An `Application` with a handler of each kind."""
    return Application(
        [(rf"/\d+/\d+/{kind}", handler, {"stages": stages}) for kind, handler in KINDS.items()],
        log_function=lambda handler: None,
        template_loader=DictLoader({"page.html": "page {{ number }}"}),
    )


def callback(stages: Stages) -> Callable[[HTTPServerRequest], None]:
    """An application without ``tornado.web``, which calls the connection alone."""

    def answer(request: HTTPServerRequest) -> None:
        _, story, index, *_ = (request.path or "").split("/")
        stage = stages[int(story)]
        stage.begin(int(index), request)
        stage.perform(int(index), stage.story.request(int(index)).during)

    return answer
