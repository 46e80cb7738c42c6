"""The hub's members: who is dropped, and that the others go on."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tornkit.bus.links import frames
from tornkit.bus_limits import BusLimits
from tornkit.serve.hub import hub as module
from tornkit.serve.hub.hub import Hub
from tornkit.serve.loop.loop import Loop

pytestmark = pytest.mark.usefixtures("no_leaks")


class Stage:
    """A hub whose loop the test turns."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.worker, lobby = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.lobby = lobby
        self.hub = Hub(self.loop, lobby, BusLimits())
        self.socks: list[socket.socket] = []
        self.readers: dict[socket.socket, frames.FrameReader] = {}

    def turn(self, times: int = 3) -> None:
        for _ in range(times):
            self.loop.soon(lambda: None)  # it does not wait
            self.loop.turn(lambda number: None)
            self.hub.flush()

    def join(self) -> socket.socket:
        """A member that has been greeted."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            rights = array.array("i", [theirs.fileno()])
            self.worker.sendmsg([b"m"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        self.socks.append(ours)
        self.readers[ours] = frames.FrameReader()
        self.turn()
        ((kind, _, body),) = self.read(ours)
        assert (kind, json.loads(body)) == (frames.HELLO, {"epoch": self.hub.broker.epoch})
        return ours

    def read(self, sock: socket.socket) -> list[tuple[int, int, bytes]]:
        """Frames that are there; raises where the hub has closed."""
        try:
            data = sock.recv(1 << 20)
        except BlockingIOError:
            return []
        if not data:
            raise EOFError
        return list(self.readers[sock].feed(data))

    def call(self, sock: socket.socket, *call: Any, number: int = 1) -> Any:
        sock.sendall(frames.framed(frames.CALL, number, list(call)))
        self.turn()
        return [
            (kind, json.loads(body)) for kind, _, body in self.read(sock) if kind != frames.MESSAGE
        ]

    def close(self) -> None:
        for member in tuple(self.hub.members):
            member.sock.close()
        for sock in (*self.socks, self.worker, self.lobby):
            sock.close()
        self.loop.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def test_a_message_goes_to_those_who_watch(stage: Stage) -> None:
    one, other, third = (stage.join() for _ in range(3))
    assert stage.call(one, "watch", "a") == [(frames.ANSWER, None)]
    stage.call(other, "watch", "*")
    third.sendall(frames.published(5, "a", b"j1") + frames.published(0, "a", b"j2"))
    stage.turn()
    ((kind, number, body),) = stage.read(third)
    assert (kind, number, json.loads(body)) == (frames.ANSWER, 5, 1)
    for sock in (one, other):
        told = [(kind, frames.read_told(body)) for kind, _, body in stage.read(sock)]
        assert [(kind, each.offset, each.payload) for kind, each in told] == [
            (frames.MESSAGE, 1, b"j1"),
            (frames.MESSAGE, 2, b"j2"),
        ]


BROKEN = {
    "no frame": struct.pack("!IBI", 2**31, 1, 1),
    "no JSON": struct.pack("!IBI", 6, frames.CALL, 1) + b"{",
    "no call": frames.framed(frames.CALL, 1, ["nothing"]),
    "no list": frames.framed(frames.CALL, 1, 7),
    "an empty list": frames.framed(frames.CALL, 1, []),
    "no name": struct.pack("!IBI", 5, frames.PUBLISH, 1),
    "a name that is none": struct.pack("!IBIH", 9, frames.PUBLISH, 1, 2) + b"\xff\xff",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=list(BROKEN))
def test_a_member_that_says_nonsense_is_dropped_and_the_others_go_on(
    stage: Stage, data: bytes
) -> None:
    one, other = stage.join(), stage.join()
    stage.call(other, "watch", "room")
    stage.call(one, "enter", "room", "ann", None)
    stage.read(other)
    one.sendall(data)
    stage.turn()
    with pytest.raises((EOFError, ConnectionResetError)):
        stage.read(one)
    ((kind, _, _),) = stage.read(other)
    assert kind == frames.LEAVE
    assert stage.call(other, "present", "room") == [(frames.ANSWER, [])]


@pytest.mark.parametrize(
    "call",
    [
        ("watch",),
        ("watch", 7),
        ("kept", ["a"], "50"),
        ("enter", "room", ["ann"], None),
        ("store", "set", "a", "j1", 10**400, False),
        ("store", "set", "a", "j1", "60", False),
        ("store", "increment", "a", 1, 10**400),
    ],
)
def test_a_call_that_can_not_be_is_refused_and_its_member_stays(
    stage: Stage, call: tuple[Any, ...]
) -> None:
    one = stage.join()
    assert [kind for kind, _ in stage.call(one, *call)] == [frames.REFUSAL]
    assert stage.call(one, "present", "room") == [(frames.ANSWER, [])]


def test_a_member_that_never_reads_is_dropped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_UNSENT", 3_000_000)
    one, other = stage.join(), stage.join()
    stage.call(one, "watch", "a")
    for _ in range(10):
        other.setblocking(True)
        other.sendall(frames.published(0, "a", b"b" + bytes(100_000)))
        other.setblocking(False)
        stage.turn()
    assert len(stage.hub.members) == 2
    for _ in range(40):
        other.setblocking(True)
        other.sendall(frames.published(0, "a", b"b" + bytes(100_000)))
        other.setblocking(False)
        stage.turn()
    assert len(stage.hub.members) == 1, "though its socket has never become writable"
    assert stage.hub.numbers.dropped_members == 1


def test_what_one_has_asked_for_it_gets_however_much_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_UNSENT", 1000)
    one = stage.join()
    for _ in range(90):
        stage.hub.broker.publish("a", b"b" + bytes(50_000))
    one.sendall(frames.framed(frames.CALL, 1, ["kept", ["a"], 100]))
    found: list[int] = []
    began = time.monotonic()
    while not found or found[-1] != frames.ANSWER:
        assert time.monotonic() - began < 10
        stage.turn(1)
        found += [kind for kind, _, _ in stage.read(one)]
    assert found == [frames.KEPT] * 90 + [frames.ANSWER]


def test_what_the_store_refuses_is_said(stage: Stage) -> None:
    one = stage.join()
    ((kind, (name, text)),) = stage.call(one, "store", "nothing")
    assert (kind, name) == (frames.REFUSAL, "BusError")
    assert "nothing" in text
    assert stage.call(one, "store", "get", "a") == [(frames.ANSWER, None)]


def test_whoever_comes_without_a_socket_is_passed_over(stage: Stage) -> None:
    stage.worker.send(b"m")
    stage.turn()
    stage.join()
    assert len(stage.hub.members) == 1


def test_a_member_that_has_gone(stage: Stage) -> None:
    one, other = stage.join(), stage.join()
    stage.call(one, "watch", "a")
    one.close()
    stage.turn()
    other.sendall(frames.published(1, "a", b"j1"))
    stage.turn()
    assert len(stage.hub.members) == 1
    assert len(stage.read(other)) == 1


def test_the_lobby_s_descriptors_are_not_inherited(stage: Stage) -> None:
    stage.join()
    for member in stage.hub.members:
        assert not os.get_inheritable(member.sock.fileno())


def test_who_says_who_it_is_is_shown(stage: Stage) -> None:
    one, other = stage.join(), stage.join()
    stage.call(one, "introduce", 7, "worker")
    stage.call(one, "watch", "a")
    stage.call(one, "tell", {"a": [3, 1, 0]})
    ((_, overview),) = stage.call(other, "overview")
    ((_, counts),) = stage.call(other, "published", 0)
    assert counts["published"] == {"a": 0}
    assert [(each["pid"], each["subscribers"]) for each in overview["members"]] == [(7, 3)]
    ((_, (channel,)),) = stage.call(other, "channels", ["a"])
    assert (channel["subscribers"], channel["dropped"]) == (3, 1)
    one.close()
    stage.turn()
    ((_, overview),) = stage.call(other, "overview")
    assert overview["members"] == []
