"""A broker in a process of its own: the hub, which all workers of `tornkit serve` share.

A worker has one end of a socket from birth, the lobby. Whoever wants to be a member makes a pair of
sockets and sends one of them there (`joining.by_lobby`); `tornkit bus` connects to a socket of the
supervisor's, which sends that connection there. The hub takes it whenever it comes to it, and says
``HELLO``. A hub that has ended is started again; what it knew is gone, and its members hear so
(`restored`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from json import loads
from typing import Any

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.broker.presence import Present
from tornkit.bus.errors import BusError, StoreFull, Unavailable
from tornkit.bus.links import frames
from tornkit.bus.links.link import MessageReceiver
from tornkit.bus.links.outgoing import Outgoing
from tornkit.bus.links.posting import MOST_UNSENT, tell_if_lost
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits

_READ = 256 * 1024  # bytes
_AGAIN, _LATEST = 0.05, 2.0  # seconds, before a hub that has ended is looked for again; doubled
_SETTLED = 1.0  # seconds of a connection, after which its end is the first one again
# What the hub refuses is of these classes, or a `BusError`.
_REFUSALS: dict[str, type[BusError]] = {"StoreFull": StoreFull}
_log = logging.getLogger("tornkit")


class HubLink:
    """Link of one event loop to the hub (a `tornkit.bus.links.link.BrokerLink`).

    ``connect`` makes a socket whose other end a hub has, or will have; if it raises OSError, it is
    called again. ``role`` is what `tornkit bus` calls this process.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        receiver: MessageReceiver,
        connect: Callable[[], socket.socket],
        limits: BusLimits,
        role: str = "worker",
    ) -> None:
        self._loop = loop
        self._receiver = receiver
        self._make_socket = connect
        self._role = role
        self._patience = limits.patience
        self._closed = False
        self._epoch = ""
        self._was_up = False
        self._is_up = False
        self._names: dict[str, None] = {}
        # Those for whom this loop speaks: what each tells of itself, as often as it is there.
        self._there: dict[tuple[str, str], list[Any]] = {}
        self._numbers = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._deadlines: deque[tuple[float, int]] = deque()
        self._early: dict[int, bytes] = {}  # frames for the hub that is to come
        self._kept: dict[int, list[Kept]] = {}
        self._unsent = Outgoing()
        self._early_size = 0
        self._is_flushing = False  # will be, in this turn
        self._waits_to_write = False
        self._sock: socket.socket | None = None
        self._connected_at = 0.0
        self._pause = _AGAIN
        self._connect()

    # ---- the connection ----

    def _connect(self) -> None:
        if self._closed or self._loop.is_closed():
            return
        try:
            ours = self._make_socket()
        except OSError:  # maybe soon
            self._loop.call_later(_AGAIN, self._connect)
            return
        ours.setblocking(False)
        self._sock = ours
        self._connected_at = self._loop.time()
        self._reader = frames.FrameReader()
        self._loop.add_reader(ours, self._read, ours)

    def _lost(self) -> None:
        """Close a lost connection to the hub, fail the calls it has not answered, and reconnect."""
        self._drop()
        self._is_up = False
        for number in self._answers.keys() - self._early.keys():
            answer = self._answers.pop(number)
            if not answer.done():
                answer.set_exception(Unavailable("the hub of the bus has ended meanwhile"))
        self._kept.clear()
        if self._loop.time() - self._connected_at > _SETTLED:
            self._pause = _AGAIN
            self._connect()
        else:  # whatever the reason, not again and again without a pause
            self._loop.call_later(self._pause, self._connect)
            self._pause = min(self._pause * 2, _LATEST)

    def _drop(self) -> None:
        if self._sock is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._sock)
                self._loop.remove_writer(self._sock)
            self._sock.close()
            self._sock = None
        self._waits_to_write = False
        self._unsent.clear()

    def abandon(self) -> None:
        """Close this process's copy of the socket after a fork; the loop is the parent's."""
        if self._sock is not None:
            os.close(self._sock.detach())
            self._sock = None

    def close(self) -> None:
        self._closed = True
        self._drop()
        if not self._loop.is_closed():
            for answer in self._answers.values():
                answer.cancel()
        self._answers.clear()
        self._early.clear()

    # ---- reading ----

    def _read(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if sock is not self._sock:
            return
        if not data:
            self._lost()
            return
        try:
            for kind, number, body in self._reader.feed(data):
                event = frames.EVENT_OF.get(kind)
                if event is not None:
                    self._receiver.deliver(self._epoch, frames.read_told(body), event)
                elif kind == frames.KEPT:
                    self._kept.setdefault(number, []).append(frames.read_told(body))
                else:
                    self._answered(kind, number, loads(body))
        except ValueError:
            self._lost()

    def _answered(self, kind: int, number: int, content: Any) -> None:
        if kind == frames.HELLO:
            self._epoch = content["epoch"]
            self._is_up = True
            self._call_unheard("introduce", os.getpid(), self._role)
            for name in self._names:
                self._call_unheard("watch", name)
            for (channel, id_), infos in self._there.items():
                for info in infos:
                    self._call_unheard("enter", channel, id_, info)
            for frame in self._early.values():
                self._send(frame)
            self._early.clear()
            self._early_size = 0
            if self._was_up:
                self._receiver.restored()
            self._was_up = True
            return
        kept = self._kept.pop(number, [])
        answer = self._answers.pop(number, None)
        if answer is None or answer.done():
            return
        if kind == frames.REFUSAL:
            name, text = content
            answer.set_exception(_REFUSALS.get(name, BusError)(text))
        else:
            answer.set_result((content, kept))

    # ---- writing ----

    def _send(self, frame: bytes) -> None:
        self._unsent.add(frame)
        if not self._is_flushing and not self._waits_to_write:
            self._is_flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flushing = False
        sock = self._sock
        if sock is None:
            return
        try:
            is_done = self._unsent.send(sock)
        except OSError:
            return  # its end is readable
        if is_done is self._waits_to_write:
            self._waits_to_write = not is_done
            if is_done:
                self._loop.remove_writer(sock)
            else:
                self._loop.add_writer(sock, self._flush)

    # ---- calls ----

    def _ask(self, make: Callable[[int], bytes]) -> asyncio.Future[Any]:
        """Send a frame to the hub, or queue it until connected; return its answer's future.

        ``make`` makes the frame for its number. Frames go out in the order of these calls.
        """
        number = self._numbers = self._numbers % 0xFFFFFFFF + 1
        frame = make(number)
        answer = self._answers[number] = self._loop.create_future()
        if self._is_up:
            self._send(frame)
        else:
            self._early[number] = frame
            self._early_size += len(frame)
        self._deadlines.append((self._loop.time() + self._patience, number))
        if len(self._deadlines) == 1:
            self._loop.call_later(self._patience, self._give_up)
        return answer

    def _give_up(self) -> None:
        """Fail the calls that have waited for an answer longer than the bus has patience."""
        now = self._loop.time()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, number = self._deadlines.popleft()
            answer = self._answers.pop(number, None)
            early = self._early.pop(number, None)
            self._early_size -= len(early or b"")
            if answer is not None and not answer.done():
                what = "has not answered" if early is None else "is not there"
                answer.set_exception(
                    Unavailable(f"the hub of the bus {what}, after {self._patience:g} seconds")
                )
        if self._deadlines:
            self._loop.call_at(self._deadlines[0][0], self._give_up)

    async def _call(self, method: str, *arguments: Any) -> tuple[Any, list[Kept]]:
        call = [method, *arguments]
        result: tuple[Any, list[Kept]]
        result = await self._ask(lambda number: frames.framed(frames.CALL, number, call))
        return result

    def _call_unheard(self, method: str, *arguments: Any) -> None:
        """Call the hub without an answer, if connected; each new hub is sent that state anew."""
        if self._is_up:
            self._send(frames.framed(frames.CALL, 0, [method, *arguments]))

    # ---- as a link ----

    async def publish(self, channel: str, payload: bytes) -> MessagePosition:
        content, _ = await self._ask(partial(frames.published, channel=channel, payload=payload))
        return MessagePosition(self._epoch, content)

    def post(self, channel: str, payload: bytes) -> None:
        if self._unsent.size + self._early_size > MOST_UNSENT:
            raise Unavailable("the hub of the bus does not take what is posted; await publish()")
        answer = self._ask(partial(frames.published, channel=channel, payload=payload))
        answer.add_done_callback(partial(tell_if_lost, channel))

    def watch(self, name: str) -> None:
        self._names[name] = None
        self._call_unheard("watch", name)

    def unwatch(self, name: str) -> None:
        self._names.pop(name, None)
        self._call_unheard("unwatch", name)

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        since_text = None if since is None else list(since)
        (epoch, offset, gap), kept = await self._call("catch_up", list(names), since_text)
        return CaughtUp(MessagePosition(epoch, offset), kept, gap)

    async def kept(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        epoch, kept = await self._call("kept", list(names), most)
        return epoch, kept

    def enter(self, channel: str, id_: str, info: Any) -> None:
        self._there.setdefault((channel, id_), []).append(info)
        self._call_unheard("enter", channel, id_, info)

    def leave(self, channel: str, id_: str) -> None:
        infos = self._there.get((channel, id_))
        if infos is not None:
            infos.pop()
            if not infos:
                del self._there[channel, id_]
        self._call_unheard("leave", channel, id_)

    async def present(self, channel: str) -> list[Present]:
        found, _ = await self._call("present", channel)
        return [Present(*each) for each in found]

    def tell(self, changes: dict[str, list[int]]) -> bool:
        if self._is_up:
            self._call_unheard("tell", changes)
        return self._is_up

    async def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of `tornkit.serve.hub.numbers` in the hub, for `tornkit bus`."""
        result, _ = await self._call(method, *arguments)
        return result

    async def call_store(self, method: str, *arguments: Any) -> Any:
        result, _ = await self._call("store", method, *arguments)
        return result
