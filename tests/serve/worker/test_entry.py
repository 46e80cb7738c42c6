"""Entry of a worker: from its first message to its life, and its word where it can't begin."""

from __future__ import annotations

import errno
import faulthandler
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tornado.httpserver import HTTPServer

from tests.serve.scripted import TARGET
from tornkit import seams
from tornkit.devtools import install as devtools
from tornkit.engine import loops as engine_loops
from tornkit.engine import speedups
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.serve.config import ServeConfig
from tornkit.serve.failures import CANNOT_START
from tornkit.serve.sources import snapshot_imports, sources
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.encoding import decode, encode
from tornkit.serve.wire.messages import (
    Boot,
    Claim,
    Failed,
    Lesson,
    Message,
    Offer,
)
from tornkit.serve.wire.orders import Orders
from tornkit.serve.worker import entry, reexec

pytestmark = pytest.mark.usefixtures("no_leaks")

ORDERS = Orders.of(TARGET, ServeConfig())
PREPARE = decode(encode(ORDERS.message()))  # as it arrives
BOOT = Boot(3, 7, Lesson(not_http=(81,)))


class Scene:
    """A process that becomes a worker, and its supervisor. ``calls`` is what was done, in order."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.channel, self.supervisor = Channel(ours), Channel(theirs)
        self.calls: list[Any] = []
        self.end: Callable[[], int] = lambda: 0
        self.begin: Callable[[], None] | None = None
        self.kept: list[int] = []
        self.memory: list[int] = []
        self.offered: tuple[tuple[Offer, ...], list[int]] = ((), [])

    def send(self, *messages: Message, descriptors: Sequence[int] = ()) -> None:
        for message in messages:
            self.supervisor.send(message, descriptors if isinstance(message, Boot) else ())

    def exit_of(self, *messages: Message, descriptors: Sequence[int] = ()) -> object:
        """The status with which it exits that is told this."""
        self.send(*messages, descriptors=descriptors)
        with pytest.raises(SystemExit) as ended:
            entry.main_on(self.channel, lambda: self.calls.append("rehearses"))
        return ended.value.code

    def told(self) -> list[Message]:
        """Messages that the supervisor has heard by now."""
        self.channel.close()
        try:
            return [message for message, _ in self.supervisor.receive_ready()]
        except ChannelClosed:
            return []

    # ---- entry.Worker ----

    def __call__(self, orders: Orders, channel: Channel) -> Scene:
        assert channel is self.channel
        self.calls.append(("made", orders))
        return self

    def may_reexecute(self, begin: Callable[[], None], kept: Sequence[int]) -> None:
        self.begin, self.kept = begin, list(kept)
        self.calls.append("may be executed again")

    def boot(self, boot: Boot, offered: Sequence[int]) -> None:
        self.calls.append(boot.lesson)
        self.offered = (boot.offers, list(offered))

    def live(self, slot: int, heartbeat: Any) -> int:
        self.calls.append(("lives", slot))
        return self.end()


class Warm:
    """A number of modules that are warm."""

    environment: Mapping[str, str] = {"GIVEN": "1"}

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def take_module_variables(self) -> None:
        """As they are before any of the program's code."""


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene()
    monkeypatch.setattr(entry, "leave_to_supervisor", lambda: scene.calls.append("signals"))
    monkeypatch.setattr(entry, "prepare", lambda orders: scene.calls.append("prepared"))
    monkeypatch.setattr(entry, "Worker", scene)
    monkeypatch.setattr(entry, "Heartbeat", scene.memory.append)
    monkeypatch.setattr(snapshot_imports, "install", lambda each: scene.calls.append("snapshot"))
    monkeypatch.setattr(warm_modules, "current", Warm(0))
    yield scene
    scene.channel.close()
    scene.supervisor.close()
    for descriptor in scene.memory:
        os.close(descriptor)


@pytest.fixture
def descriptors() -> Iterator[tuple[int, int]]:
    """Descriptors of a heartbeat's memory and of a snapshot."""
    pair = os.pipe()
    yield pair
    for each in pair:
        os.close(each)


LIFE = ["signals", "prepared", ("made", ORDERS)]


@pytest.mark.parametrize("status", [0, 1, 5])
def test_a_life(scene: Scene, descriptors: tuple[int, int], status: int) -> None:
    """All is prepared before it is known who it will be; what is known goes before the code."""
    scene.end = lambda: status
    assert scene.exit_of(PREPARE, BOOT, descriptors=descriptors[:1]) == status
    assert scene.calls == ["signals", *LIFE, BOOT.lesson, ("lives", 3)]
    assert scene.told() == []


def test_one_beside_others_imports_what_they_have(
    scene: Scene, descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[int] = []
    monkeypatch.setattr(snapshot_imports, "install", installed.append)
    assert scene.exit_of(PREPARE, BOOT, descriptors=descriptors) == 0
    (snapshot,) = installed
    assert os.fstat(snapshot).st_ino == os.fstat(descriptors[1]).st_ino
    os.close(snapshot)


def test_sockets_that_are_offered(scene: Scene, descriptors: tuple[int, int]) -> None:
    """They come last, and are no files that others have loaded."""
    boot = replace(BOOT, offers=(Offer(Claim(port=80), 2), Offer(Claim(port=81), 1)))
    heartbeat, sock = descriptors
    assert scene.exit_of(PREPARE, boot, descriptors=[heartbeat, sock, sock, sock]) == 0
    assert "snapshot" not in scene.calls
    offers, offered = scene.offered
    assert offers == boot.offers
    assert {os.fstat(each).st_ino for each in offered} == {os.fstat(sock).st_ino}
    assert len(offered) == 3
    for each in offered:
        os.close(each)


class TestRehearsal:
    def test_by_one_that_waits(self, scene: Scene, descriptors: tuple[int, int]) -> None:
        """It rehearses once all is prepared."""
        scene.send(PREPARE)

        def rehearse() -> None:
            scene.calls.append("rehearses")
            scene.send(BOOT, descriptors=descriptors[:1])

        with pytest.raises(SystemExit):
            entry.main_on(scene.channel, rehearse)
        assert scene.calls == ["signals", *LIFE, "rehearses", BOOT.lesson, ("lives", 3)]

    def test_not_by_one_that_is_waited_for(
        self, scene: Scene, descriptors: tuple[int, int]
    ) -> None:
        scene.exit_of(PREPARE, BOOT, descriptors=descriptors[:1])
        assert "rehearses" not in scene.calls


class TestFailures:
    @pytest.mark.parametrize("messages", [(), (PREPARE,)])
    def test_the_supervisor_is_gone(self, scene: Scene, messages: tuple[Message, ...]) -> None:
        scene.send(*messages)
        scene.supervisor.close()
        assert scene.exit_of() == 1
        assert ("lives", 3) not in scene.calls

    def test_it_goes_while_the_worker_lives(
        self, scene: Scene, descriptors: tuple[int, int]
    ) -> None:
        def end() -> int:
            raise ChannelClosed("gone")

        scene.end = end
        assert scene.exit_of(PREPARE, BOOT, descriptors=descriptors[:1]) == 1
        assert scene.told() == []

    def test_no_room_for_its_descriptor(self, scene: Scene) -> None:
        """The kernel has dropped it on arrival: the machine's fault, and maybe better soon."""
        assert scene.exit_of(PREPARE, BOOT) == 1
        (failed,) = scene.told()
        assert isinstance(failed, Failed)
        assert failed.kind == CANNOT_START
        assert "workers can't be started: " in failed.message
        assert ("lives", 3) not in scene.calls

    def test_the_system_refuses_something_it_needs(
        self, scene: Scene, descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(orders: Orders) -> None:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

        monkeypatch.setattr(entry, "prepare", refuse)
        assert scene.exit_of(PREPARE, BOOT, descriptors=descriptors[:1]) == 1
        (failed,) = scene.told()
        assert isinstance(failed, Failed)
        assert failed.kind == CANNOT_START

    def test_the_system_refuses_something_and_the_supervisor_is_gone(
        self, scene: Scene, descriptors: tuple[int, int]
    ) -> None:
        def end() -> int:
            scene.supervisor.close()
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

        scene.end = end
        assert scene.exit_of(PREPARE, BOOT, descriptors=descriptors[:1]) == 1

    def test_a_mistake_of_ours_is_a_traceback(
        self, scene: Scene, descriptors: tuple[int, int]
    ) -> None:
        scene.end = lambda: 1 // 0
        scene.send(PREPARE, BOOT, descriptors=descriptors[:1])
        with pytest.raises(ZeroDivisionError):
            entry.main_on(scene.channel)


class TestExecutedAgain:
    def test_only_where_something_is_warm(self, scene: Scene, descriptors: tuple[int, int]) -> None:
        scene.exit_of(PREPARE, BOOT, descriptors=descriptors[:1])
        assert scene.begin is None

    def test_it_would_be_told_as_much_again(
        self, scene: Scene, descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A copy of the snapshot's descriptor is kept, for its own is closed by then."""
        begun: list[tuple[Any, ...]] = []
        monkeypatch.setattr(warm_modules, "current", Warm(90))
        monkeypatch.setattr(snapshot_imports, "install", os.close)
        monkeypatch.setattr(reexec, "begin", lambda *words: begun.append(words))
        scene.exit_of(PREPARE, BOOT, descriptors=descriptors)
        assert scene.calls.index("may be executed again") < scene.calls.index(("lives", 3))
        assert scene.begin is not None
        scene.begin()
        ((channel, prepare, boot, kept, environment),) = begun
        assert (prepare, boot, environment) == (PREPARE, BOOT, {"GIVEN": "1"})
        assert channel == scene.channel.fileno()
        assert kept == [scene.memory[0], *scene.kept]
        nodes = [os.fstat(each).st_ino for each in kept]
        assert nodes == [os.fstat(each).st_ino for each in descriptors]
        for each in scene.kept:
            os.close(each)

    def test_it_asks_for_what_it_was_offered(
        self, scene: Scene, descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The descriptors end with the interpreter that was given them."""
        begun: list[tuple[Any, ...]] = []
        monkeypatch.setattr(warm_modules, "current", Warm(90))
        monkeypatch.setattr(reexec, "begin", lambda *words: begun.append(words))
        boot = replace(BOOT, offers=(Offer(Claim(port=80), 1),))
        scene.exit_of(PREPARE, boot, descriptors=descriptors)
        assert scene.begin is not None
        scene.begin()
        ((_, _, again, kept, _),) = begun
        assert again == BOOT
        assert kept == [scene.memory[0]]
        for each in scene.offered[1]:
            os.close(each)

    def test_it_goes_on_as_the_worker_that_it_was(
        self, scene: Scene, descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[Any] = []
        ours, theirs = socket.socketpair()
        heartbeat = os.dup(descriptors[0])
        monkeypatch.setattr(entry, "main_told", lambda *words: given.extend(words))
        told = {
            "channel": ours.detach(),
            "messages": [encode(each).decode() for each in (PREPARE, BOOT)],
            "descriptors": [heartbeat],
        }
        for each in (told["channel"], heartbeat):
            os.set_inheritable(each, True)  # type: ignore[arg-type]
        reading, writing = os.pipe()
        os.write(writing, json.dumps(told).encode())
        os.close(writing)
        entry.main_reexecuted(reading)
        channel, prepare, receive = given
        assert prepare == PREPARE
        assert receive() == (BOOT, [heartbeat])
        assert channel.fileno() == told["channel"]
        assert not os.get_inheritable(channel.fileno()), "no program that it starts has it"
        assert not os.get_inheritable(heartbeat)
        channel.close()
        theirs.close()
        os.close(heartbeat)


def test_a_fresh_interpreter_dies_with_its_supervisor(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        os.set_inheritable(ours.fileno(), True)
        channels: list[Channel] = []
        monkeypatch.setattr(entry, "die_with_parent", lambda: scene.calls.append("dies with it"))
        monkeypatch.setattr(entry, "main_on", channels.append)
        entry.main(ours.detach())
        (channel,) = channels
        assert scene.calls == ["dies with it"]
        assert not os.get_inheritable(channel.fileno())
        channel.close()


@pytest.mark.parametrize(
    ("engine", "fast", "expected"),
    [
        ("tornkit", True, ["engine", "speedups"]),
        ("tornkit", False, ["engine"]),
        ("tornado", True, []),
        ("tornado", False, []),
    ],
)
def test_what_serves_is_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, engine: str, fast: bool, expected: list[str]
) -> None:
    calls: list[str] = []

    def configure(kind: type) -> None:
        assert kind is EngineServer
        calls.append("engine")

    monkeypatch.setattr(HTTPServer, "configure", configure)
    monkeypatch.setattr(speedups, "install", lambda *, tells: calls.append("speedups"))
    loops: list[str] = []
    monkeypatch.setattr(engine_loops, "use", loops.append)
    for owner, name in (
        (entry, "cache_only_settled_sources"),
        (sources, "note_imports"),
        (seams, "prepare"),
        (devtools, "install"),
        (entry, "show_no_own_frames"),
        (faulthandler, "register"),
    ):
        monkeypatch.setattr(owner, name, lambda *words, **others: None)
    entry.prepare(replace(ORDERS, engine=engine, speedups=fast, loop="uvloop"))
    assert (calls, loops) == (expected, ["uvloop"])
