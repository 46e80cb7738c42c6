"""The hub: connections of its members, and their calls of its broker."""

from __future__ import annotations

import array
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from functools import partial
from json import loads
from typing import Any

from tornkit.bus.broker.broker import Broker
from tornkit.bus.broker.calls import call_store
from tornkit.bus.broker.history import Kept
from tornkit.bus.links import frames
from tornkit.bus.links.outgoing import Outgoing
from tornkit.bus.message import Event
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits
from tornkit.serve.hub.numbers import HubNumbers
from tornkit.serve.loop.loop import Loop

_READ = 256 * 1024  # bytes
# Bytes that wait for a member; beyond, it is dropped. It comes back, and catches up.
_MOST_UNSENT = 64 * 1024 * 1024
_MOST_IN_ALL = 512 * 1024 * 1024  # with the answers that it has asked for
# What comes of a member that says what none of ours does. The others go on.
_NONSENSE = (ValueError, TypeError, LookupError, AttributeError, RecursionError, struct.error)
_SWEEP = 1.0  # seconds between looks for what is too old


class HubMember:
    """Connection of a member to the hub; a `tornkit.bus.broker.broker.Member`."""

    def __init__(self, hub: Hub, sock: socket.socket) -> None:
        self.sock = sock
        self.reader = frames.FrameReader()
        self.unsent = Outgoing()
        self.waits_to_write = False
        self.hub = hub
        self._answered = 0  # bytes of answers among those, or before them

    @property
    def is_behind(self) -> bool:
        """Whether more bytes are unsent than allowed, beside answers that the member asked for."""
        return self.unsent.size > min(_MOST_UNSENT + self._answered, _MOST_IN_ALL)

    def deliver(self, message: Kept, event: Event) -> None:
        """Queue a message."""
        self._queue(self.hub.frame_of(message, event))
        if self.is_behind:
            self.hub.has_unsent(self)  # where it is dropped, though its socket takes nothing

    def answer(self, frame: bytes) -> None:
        """Queue the frame of an answer or a greeting; `is_behind` allows for its size."""
        self._answered += len(frame)
        self._queue(frame)

    def _queue(self, frame: bytes) -> None:
        """Queue a frame; all frames are sent at the end of the loop's turn."""
        if not self.unsent:
            self.hub.has_unsent(self)
        self.unsent.add(frame)

    def flush(self) -> bool:
        """Send what the socket takes now; return whether nothing is left.

        :raises OSError: the member has gone.
        """
        is_done = self.unsent.send(self.sock)
        if is_done:
            self._answered = 0
        return is_done


class Hub:
    """A broker, and its members. ``lobby``, from now on the hub's, receives members' sockets."""

    def __init__(self, loop: Loop, lobby: socket.socket, limits: BusLimits) -> None:
        self._loop = loop
        self._lobby = lobby
        self.broker = Broker(limits)
        self.members: set[HubMember] = set()
        self.numbers = HubNumbers(self.broker)
        self._unsent: list[HubMember] = []
        self._message: Kept | None = None  # the last one, and its frame
        self._frame = b""
        lobby.setblocking(False)
        loop.listen(lobby, self._admit)
        self._sweep()

    def _sweep(self) -> None:
        now = self.broker.now()
        self.broker.history.expire(now)
        self.broker.store.expire(now)
        self._loop.at(self._loop.now() + _SWEEP, self._sweep)

    # ---- members ----

    def _admit(self) -> None:
        """Receive the sockets of new members from the lobby."""
        space = socket.CMSG_SPACE(array.array("i").itemsize)
        with contextlib.suppress(BlockingIOError):
            while True:
                _, ancillary, _, _ = self._lobby.recvmsg(16, space)
                for level, kind, content in ancillary:
                    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                        received = array.array("i")
                        received.frombytes(content[: len(content) // 4 * 4])
                        for descriptor in received:
                            self.add(descriptor)

    def add(self, descriptor: int) -> None:
        """Take in a member by its socket, which becomes the hub's."""
        os.set_inheritable(descriptor, False)
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)
        member = HubMember(self, sock)
        self.members.add(member)
        self._loop.listen(sock, partial(self._read, member))
        member.answer(frames.framed(frames.HELLO, 0, {"epoch": self.broker.epoch}))

    def _drop(self, member: HubMember) -> None:
        if member in self.members:
            self.members.discard(member)
            self._loop.unlisten(member.sock)
            member.sock.close()
            self.broker.part(member)
            self.numbers.part(member)

    # ---- writing ----

    def frame_of(self, message: Kept, event: Event) -> bytes:
        """The frame of a message, made once for all members."""
        if message is not self._message:
            self._message, self._frame = message, frames.told(frames.KIND_OF[event], 0, message)
        return self._frame

    def has_unsent(self, member: HubMember) -> None:
        """Note that a member has frames to be sent."""
        self._unsent.append(member)

    def flush(self) -> None:
        """Send the queued frames of all members, and drop members that are too far behind."""
        while self._unsent:
            members, self._unsent = self._unsent, []
            for member in members:
                if member.is_behind and member in self.members:
                    self.numbers.dropped_members += 1
                    self._drop(member)
                elif not member.waits_to_write:
                    self._flush(member)

    def _flush(self, member: HubMember) -> None:
        if member not in self.members:
            return
        try:
            is_done = member.flush()
        except OSError:
            self._drop(member)
            return
        if member.waits_to_write is is_done:
            member.waits_to_write = not is_done
            go_on = None if is_done else partial(self._flush, member)
            self._loop.want_write(member.sock, go_on)

    # ---- reading ----

    def _read(self, member: HubMember) -> None:
        try:
            data = member.sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(member)
            return
        try:
            for kind, number, body in member.reader.feed(data):
                if kind == frames.PUBLISH:
                    offset = self.broker.publish(*frames.read_published(body))
                    if number:
                        member.answer(frames.framed(frames.ANSWER, number, offset))
                else:
                    self._call(member, number, loads(body))
        except _NONSENSE:
            self._drop(member)

    def _call(self, member: HubMember, number: int, call: list[Any]) -> None:
        method, *arguments = call
        function = _CALLS[method]
        try:
            kept, answer = function(self.broker, member, *arguments)
        except Exception as error:  # noqa: BLE001 - whatever one has said, the others go on
            refusal = [type(error).__name__, str(error)]
            member.answer(frames.framed(frames.REFUSAL, number, refusal))
            return
        for message in kept:
            member.answer(frames.told(frames.KEPT, number, message))
        if number:
            member.answer(frames.framed(frames.ANSWER, number, answer))


# ---- calls: what is kept and sent, and the answer ----

_Answer = tuple[list[Kept], Any]
_NOTHING: _Answer = [], None


def _watch(broker: Broker, member: HubMember, name: str) -> _Answer:
    broker.watch(member, name)
    return _NOTHING


def _unwatch(broker: Broker, member: HubMember, name: str) -> _Answer:
    broker.unwatch(member, name)
    return _NOTHING


def _catch_up(
    broker: Broker, member: HubMember, names: list[str], since: list[Any] | None
) -> _Answer:
    found = broker.catch_up(names, None if since is None else MessagePosition(*since))
    return found.messages, [*found.position, found.gap]


def _kept(broker: Broker, member: HubMember, names: list[str], most: int) -> _Answer:
    return broker.kept(names, most), broker.epoch


def _enter(broker: Broker, member: HubMember, channel: str, id_: str, info: Any) -> _Answer:
    broker.enter(member, channel, id_, info)
    return _NOTHING


def _leave(broker: Broker, member: HubMember, channel: str, id_: str) -> _Answer:
    broker.leave(member, channel, id_)
    return _NOTHING


def _present(broker: Broker, member: HubMember, channel: str) -> _Answer:
    return [], [list(each) for each in broker.presence.of(channel)]


def _store(broker: Broker, member: HubMember, method: str, *arguments: Any) -> _Answer:
    return [], call_store(broker, method, list(arguments))


def _introduce(broker: Broker, member: HubMember, pid: int, role: str) -> _Answer:
    member.hub.numbers.introduce(member, pid, role)
    return _NOTHING


def _tell(broker: Broker, member: HubMember, changes: dict[str, list[int]]) -> _Answer:
    member.hub.numbers.take(member, changes)
    return _NOTHING


def _overview(broker: Broker, member: HubMember) -> _Answer:
    return [], member.hub.numbers.overview()


def _published(broker: Broker, member: HubMember, begin: int) -> _Answer:
    return [], member.hub.numbers.published(member, begin)


def _channels(broker: Broker, member: HubMember, names: list[str]) -> _Answer:
    return [], member.hub.numbers.channels(names)


_CALLS: dict[str, Callable[..., _Answer]] = {
    "watch": _watch,
    "unwatch": _unwatch,
    "catch_up": _catch_up,
    "kept": _kept,
    "enter": _enter,
    "leave": _leave,
    "present": _present,
    "store": _store,
    "introduce": _introduce,
    "tell": _tell,
    "overview": _overview,
    "published": _published,
    "channels": _channels,
}
