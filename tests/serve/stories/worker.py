"""One worker's process in a story: a real `Worker`, and a program for it to run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from tornado.tcpserver import TCPServer

from tests.serve.scripted import TARGET
from tests.serve.stories.lines import LineChannel
from tornkit import seams
from tornkit.appload.target import Kind
from tornkit.serve.config import ServeConfig
from tornkit.serve.wire.messages import Failed
from tornkit.serve.wire.orders import Orders
from tornkit.serve.worker.listening import Refused
from tornkit.serve.worker.serving_loops import ServingLoop
from tornkit.serve.worker.worker import Worker

# Of a program: an application listens once, and is ready only then.
ORDERS = Orders.of(replace(TARGET, kind=Kind.PROGRAM), ServeConfig(engine="tornado"))
_UNBINDABLE = 70000


class _NoHeartbeat:
    """Beats into nothing."""

    def beat(self, pulse: object) -> None:
        return

    def write_stacks_on_signal(self) -> None:
        return


class Killed(BaseException):
    """The process is no more."""


class _Crash(Exception):
    """The program's own."""


@dataclass(frozen=True)
class Step:
    """What a program does next.

    ``listen``, ``listen in a callback``, ``listen where it can't``, ``turn`` (its loop, once),
    ``wait`` (until the story goes on with it), ``crash``.
    """

    what: str


Program = tuple[Step, ...]


def random_program(chance: random.Random) -> Program:
    """A program: nearly all listen at once, and then perhaps again."""
    words = ["listen"] if chance.random() < 0.95 else []
    more = ("listen", "listen in a callback", "turn", "wait", "listen where it can't", "crash")
    for _ in range(chance.choice((0, 0, 1, 2, 3, 6))):
        words.append(chance.choices(more, (6, 4, 6, 4, 1, 0.3))[0])
    if chance.random() < 0.3:
        words.insert(0, "wait")
    return tuple(map(Step, words))


class _Connections:
    """Connections that are idle for ever; in the place of the engine's books."""

    requests = 0

    def __init__(self) -> None:
        self.held: list[socket.socket] = []
        self._release: Callable[[socket.socket, bytes], None] | None = None
        self._draining = False

    def __len__(self) -> int:
        return len(self.held)

    @property
    def in_flight(self) -> int:
        return 0

    def take(self, sock: socket.socket) -> None:
        self.held.append(sock)
        if self._draining:
            self.begin_drain(self._release)

    def begin_drain(
        self, release: Callable[[socket.socket, bytes], None] | None, streams: object = None
    ) -> None:
        self._draining, self._release = True, release
        for sock in self.held:
            if release is not None:
                release(sock, b"")
            sock.close()
        self.held.clear()

    async def drained(self, timeout: float) -> None:
        await asyncio.sleep(0)


class _Server(TCPServer):
    """Hands its connections to a `_Connections`."""

    def __init__(self, take: Callable[[socket.socket], None]) -> None:
        super().__init__()
        self._take = take

    def _handle_connection(self, connection: socket.socket, address: Any) -> None:
        self._take(connection)


@dataclass(eq=False)
class Process:
    """What there is of a worker's process. ``ends`` is called with its status, once."""

    pid: int
    channel: LineChannel
    program: Program
    ends: Callable[[int], None]
    boot: bool = True  # begins with the next message
    alive: bool = True
    killed: bool = False
    asking: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    worker: Worker = field(init=False)
    task: asyncio.Task[None] | None = None
    status: int = 0

    def __post_init__(self) -> None:
        self.worker = Worker(ORDERS, self.channel)  # type: ignore[arg-type]
        say_ready = self.worker._say_ready

        def say_ready_if_alive() -> None:
            if self.alive and not self.killed:
                say_ready()

        self.worker._say_ready = say_ready_if_alive  # type: ignore[method-assign]

    @property
    def listening(self) -> Any:
        return self.worker._listening

    @property
    def held(self) -> list[socket.socket]:
        return [sock for each in self.worker._loops for sock in each.connections.held]  # type: ignore[attr-defined]

    def begin(self, slot: int, loop: asyncio.AbstractEventLoop) -> None:
        """Boot."""
        self.worker.take(slot, _NoHeartbeat())  # type: ignore[arg-type]
        self.task = self.worker._serving = loop.create_task(self._live())
        # Not at the task's own end: one that is cancelled at once never begins.
        self.task.add_done_callback(lambda task: self._die())

    def kill(self, status: int) -> None:
        """End it from outside."""
        if self.alive and not self.killed:
            self.killed, self.status = True, status
            if self.task is None:
                self._die()
            elif not self.asking:
                self.task.cancel()

    def go_on(self) -> None:
        """Let the program go on where it waits."""
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def _live(self) -> None:
        try:
            await self._run()
        except (asyncio.CancelledError, Killed):
            pass
        except _Crash as error:
            self._fail("AppRaised", str(error))
        except Refused as error:
            self._fail("BindError", error.reason)

    async def _run(self) -> None:
        for step in self.program:
            match step.what:
                case "turn":
                    await asyncio.sleep(0)
                case "wait":
                    future = asyncio.get_running_loop().create_future()
                    self.waiting.append(future)
                    await future
                case "crash":
                    raise _Crash("crashed")
                case "listen in a callback":
                    asyncio.get_running_loop().call_soon(self._listen_and_survive)
                case "listen":
                    self._listen(0)
                case _:
                    with contextlib.suppress(Refused):
                        self._listen(_UNBINDABLE)
            if self.killed:
                raise Killed
        if not self.worker._joined:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if not self.worker._joined:
            self._fail("NotAnApplication", "it ended")
            return
        await asyncio.Event().wait()

    def _listen_and_survive(self) -> None:
        if not self.alive or self.killed:
            return
        try:
            self._listen(0)
        except Killed:
            assert self.task is not None
            self.task.cancel()

    def _listen(self, port: int) -> None:
        self.asking = True
        try:
            [sock] = self.listening.bind_sockets(port, "127.0.0.1")
        finally:
            self.asking = False
        server = _Server(self._take)
        self.listening.add_accept_handler(sock, server._handle_connection)

    def _take(self, sock: socket.socket) -> None:
        self.worker._loops.current().connections.take(sock)  # type: ignore[attr-defined]

    def _fail(self, kind: str, why: str) -> None:
        self.status = 1
        self.worker._report(Failed(kind, why))

    def _die(self) -> None:
        """As the system ends a process: every descriptor is closed."""
        if not self.alive:
            return
        self.alive = False
        self.worker._mailbox.offers.close()
        loop = asyncio.get_running_loop() if self.task is not None else None
        if loop is not None:
            loop.remove_reader(self.channel.fileno())
        if self.task is not None:
            for registration in self.listening._registrations:
                if registration.remove is not None:
                    registration.remove()
                registration.sock.close()
            placeholder = self.listening._placeholder
            assert placeholder is not None
            placeholder.close()
            self.listening.let_early_go(None)
        for sock in self.held:
            sock.close()
        for _, descriptors in (*self.worker._conduct._waiting, *self.worker._mailbox._queue):
            for descriptor in descriptors:
                os.close(descriptor)
        if self.worker._draining is not None:
            for task in self.worker._draining.tasks:
                task.cancel()
        self.channel.close()
        self.ends(self.status)


def _beat(self: ServingLoop, tell: Callable[[], None], interval: float) -> None:
    self.connections = _Connections()  # type: ignore[assignment]
    tell()


@contextlib.contextmanager
def in_one_process() -> Iterator[None]:
    """Let many workers live in this process: none changes Tornado or the log."""
    place = "tornkit.serve.worker."
    nothing: Callable[..., None] = lambda *args, **kwargs: None  # noqa: E731
    with contextlib.ExitStack() as stack:
        for name, value in (
            ("silence_autoreload", lambda watch: []),
            ("observe_websockets", nothing),
            ("observe_applications", seams.LiveApplications),
            ("observe_connections", nothing),
            ("install_serving_hooks", nothing),
            ("refresh_files", nothing),
        ):
            stack.enter_context(mock.patch.object(seams, name, value))
        for path, instead in (
            ("worker.set_up_access_log", nothing),
            ("entry.show_no_own_frames", nothing),
            ("worker.user_files", set),
            ("readiness.user_files", lambda own: set()),
            ("readiness.other_modules", lambda own: ()),
            ("readiness.digests", lambda applications, key: {}),
            ("worker.reopen_log_files", nothing),
            ("worker.attend", nothing),
            ("draining._REST", 0.0),
        ):
            stack.enter_context(mock.patch(place + path, instead))
        stack.enter_context(mock.patch.object(ServingLoop, "begin_to_beat", _beat))
        yield
