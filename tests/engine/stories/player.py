"""Plays stories to one server: some at a time, in step, each with connections of its own.

No step depends on time: the loop is run until nothing is left to do, and then everything that came
back is read (`tests.engine.differential.resting`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tests.engine.differential.case import Case
from tests.engine.differential.clients import Address, Client
from tests.engine.differential.resting import resting_loop
from tests.engine.stories.apps import Stage, callback, web
from tests.engine.stories.outcome import Moment, Outcome, bare
from tests.engine.stories.rules import Fired, Rules
from tests.engine.stories.story import Step, Story
from tornkit.engine import speedups
from tornkit.engine.server import HTTPServer

AT_ONCE = 100
_NONE = Story((), ())  # of a request that outlives its own


class _Playing:
    """One story, its clients, and how far it has come."""

    def __init__(self, number: int, story: Story, addresses: dict[str, Address]) -> None:
        self.number = number
        self.stage = Stage(story)
        self.steps = list(story.steps)
        self.steps.reverse()
        self.stalled: set[int] = set()
        self.read: dict[int, int] = {}
        self.moments: list[Moment] = []
        self.clients: dict[int, Client] = {}
        self._connections = {
            index: step.connection
            for step in story.steps
            if step.what == "send"
            for index in step.requests
        }
        for step in story.steps:
            if step.what == "send" and step.connection not in self.clients:
                kind = story.requests[step.requests[0]].kind
                address = addresses["callback" if kind == "callback" else "web"]
                self.clients[step.connection] = Client(Case("", b""), address)
                self.clients[step.connection].pieces.clear()

    def go_on(self) -> bool:
        """Take the next steps up to a rest; False where there is none."""
        if not self.steps:
            return False
        while self.steps:
            step = self.steps.pop()
            self._take(step)
            if step.rests:
                break
        return True

    def _take(self, step: Step) -> None:
        client = self.clients.get(step.connection)
        match step.what:
            case "send":
                assert client is not None
                client.send(b"".join(map(self._bytes_of, step.requests)))
            case "rest":
                [index] = step.requests
                connection = self._connections.get(index)
                request = self.stage.story.requests[index]
                if connection is not None:
                    self.clients[connection].send(b"r" * request.held)
            case "call":
                [index] = step.requests
                self.stage.call(index, step.call)
            case "go":
                gate = self.stage.gates.get(step.requests[0])
                if gate is not None:
                    gate.set()
            case "stall":
                self.stalled.add(step.connection)
            case "read":
                self.stalled.discard(step.connection)
            case "end" if client is not None:
                client.end()
            case "leave" if client is not None:
                client.socket.close()
                client.is_closed = True

    def _bytes_of(self, index: int) -> bytes:
        request = self.stage.story.requests[index]
        lines = [f"{request.method} /{self.number:08}/{index}/{request.kind} HTTP/1.1", "Host: x"]
        if request.close:
            lines.append("Connection: close")
        if request.body:
            lines.append(f"Content-Length: {request.body}")
        body = b"b" * (request.body - request.held)
        return "\r\n".join([*lines, "", ""]).encode() + body

    def receive(self) -> bool:
        """Read all that has come, and send what could not be sent; whether anything moved."""
        moved = False
        for number, client in self.clients.items():
            if client.socket.fileno() < 0:
                continue
            if client.is_behind and client.flush():
                moved = True
            while number not in self.stalled and not client.is_closed:
                before = len(client.received)
                client.read()
                if len(client.received) == before:
                    moved = moved or client.is_closed
                    break
                moved = True
        return moved

    def look(self) -> None:
        """Take down what can be seen."""
        # In which order connections have their turn is the loop's affair.
        order = sorted(self.stage.noted, key=lambda note: self._connections.get(note.index, -1))
        notes = tuple(map(str, order))
        # What waits is looked at again in the next moment.
        self.stage.noted = [note for note in self.stage.noted if _waits(note.value)]
        received = []
        for number, client in sorted(self.clients.items()):
            start = self.read.get(number, 0)
            received.append(bare(bytes(client.received[start:])))
            self.read[number] = len(client.received)
        closed = tuple(client.is_closed for _, client in sorted(self.clients.items()))
        self.moments.append(Moment(notes, tuple(received), closed))

    def probe(self) -> None:
        """Ask once more on each connection: whoever waits for a request answers this."""
        self.stalled.clear()
        index = len(self.stage.story.requests)  # of one that does nothing by itself
        for number, client in self.clients.items():
            if client.socket.fileno() >= 0 and not client.is_closed:
                kind = self.stage.story.requests[self._first(number)].kind
                path = f"/{self.number:08}/{index}/{'sync' if kind != 'callback' else kind}"
                client.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    def _first(self, connection: int) -> int:
        return next(
            step.requests[0]
            for step in self.stage.story.steps
            if step.what == "send" and step.connection == connection
        )

    def end(self) -> None:
        """The clients say that no more comes."""
        for client in self.clients.values():
            if client.socket.fileno() >= 0:
                client.end()

    def close(self) -> None:
        """Let everything go."""
        for client in self.clients.values():
            client.socket.close()
        for target in self.stage.begun:
            for stream in filter(None, target.taken):
                stream.close()
        for gate in self.stage.gates.values():
            gate.set()


def _waits(value: Any) -> bool:
    return hasattr(value, "done") and not value.done()


class _TakenStreams:
    """The streams that outlive a server: of tornkit's, those that handlers took, as its observer.

    Of Tornado's, all: it forgets a connection whose handler detached, and one whose loop has ended
    without closing it.
    """

    requests = 0

    def __init__(self) -> None:
        self.streams: list[Any] = []

    def opened(self, connection: object) -> None:
        return

    gone = opened

    def detached(self, stream: Any) -> None:
        self.streams.append(stream)

    def keep_all_of(self, server: Any) -> None:
        """Keep each stream that ``server``, one of Tornado's, makes."""
        handle = server.handle_stream

        def handle_stream(stream: Any, address: Any) -> None:
            self.streams.append(stream)
            handle(stream, address)

        server.handle_stream = handle_stream


class Player:
    """One server class on one loop; with ``fast``, Tornado's methods are replaced meanwhile."""

    def __init__(
        self,
        server_class: Callable[..., Any],
        loop: str = "asyncio",
        *,
        fast: bool = False,
        rules: bool = False,
    ) -> None:
        self._fast = fast
        self._rules = rules
        self._resting = resting_loop(loop)
        self._folder = Path(tempfile.mkdtemp(prefix="tornkit-"))
        self._addresses = {
            name: Address("unix", self._folder, name, 1024) for name in ("web", "callback")
        }
        self._stages: dict[int, Stage] = defaultdict(lambda: Stage(_NONE))
        self._numbers = count()
        self._servers: list[Any] = []
        self._taken = _TakenStreams()
        with self._in_place():
            self._resting.complete(self._start(server_class))

    async def _start(self, server_class: Callable[..., Any]) -> None:
        for name, make in (("web", web), ("callback", callback)):
            server = server_class(make(self._stages))
            if isinstance(server, HTTPServer):
                server.observer = self._taken
            else:
                self._taken.keep_all_of(server)
            server.add_sockets([self._addresses[name].listener])
            self._servers.append(server)

    @contextlib.contextmanager
    def _in_place(self) -> Iterator[Fired]:
        logger = logging.getLogger("tornado")
        level, propagate = logger.level, logger.propagate
        logger.setLevel(logging.CRITICAL + 1)
        if self._fast:
            speedups.install()
        try:
            with Rules() if self._rules else contextlib.nullcontext(Fired()) as fired:
                yield fired
        finally:
            if self._fast:
                speedups.uninstall()
            logger.setLevel(level)
            logger.propagate = propagate

    def play(self, stories: Sequence[Story]) -> list[Outcome]:
        """What came of each."""
        outcomes: list[Outcome] = []
        with self._in_place() as fired:
            for start in range(0, len(stories), AT_ONCE):
                outcomes += self._play(stories[start : start + AT_ONCE], fired)
        return outcomes

    def _play(self, stories: Sequence[Story], fired: Fired) -> list[Outcome]:
        # No number is used again: what is left of a story must not be taken for another's.
        playing = [_Playing(next(self._numbers), each, self._addresses) for each in stories]
        self._stages.clear()
        self._stages.update({each.number: each.stage for each in playing})
        fired.clear()

        def close() -> None:
            for each in playing:
                each.close()

        self._resting.loop.set_exception_handler(lambda loop, context: None)
        try:
            self._settle(playing)
            going = playing
            while going := self._on_the_loop(lambda: [each for each in going if each.go_on()]):
                self._settle(going)
                for each in going:
                    each.look()
            for finally_ in (_Playing.probe, _Playing.end):
                for each in playing:
                    finally_(each)
                self._settle(playing)
                for each in playing:
                    each.look()
        finally:
            self._on_the_loop(close)
            self._resting.settle()
            self._on_the_loop(self._close_the_rest)
            self._resting.settle()
        return [Outcome(tuple(each.moments), fired.of(each.number)) for each in playing]

    def _on_the_loop(self, take: Callable[[], Any]) -> Any:
        """Call it in a callback of the loop."""
        result: list[Any] = []

        async def call() -> None:
            result.append(take())

        self._resting.complete(call())
        return result[0]

    def _settle(self, playing: Sequence[_Playing]) -> None:
        while True:
            self._resting.settle()
            moved = [each.receive() for each in playing]
            if not any(moved):
                return

    def close(self) -> None:
        """Stop the servers."""
        self._resting.complete(self._stop())
        self._resting.loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _close_the_rest(self) -> None:
        """Close what stories leave open: each descriptor would be there until the end of all."""
        for server in self._servers:
            for connection in tuple(server._connections):
                connection.stream.close()
        for stream in self._taken.streams:
            stream.close()
        self._taken.streams.clear()

    async def _stop(self) -> None:
        for server in self._servers:
            server.stop()
        self._close_the_rest()
        # Not `close_all_connections`: Tornado's waits for ever for a handler that has taken its
        # close callback away.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=0.1)
