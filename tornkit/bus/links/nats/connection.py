"""The connection to NATS of one loop: it comes back by itself, and knows what was answered.

What is asked before there is a connection waits for one, in order, for as long as the bus has
patience. What was sent on one that is lost has failed: nobody knows whether it arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from json import dumps
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tornkit.bus.errors import BusError, MessageTooLarge, Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.address import NatsAddress
from tornkit.bus.links.nats.wire import NatsReply
from tornkit.bus.links.posting import MOST_UNSENT

if TYPE_CHECKING:
    from tornkit.bus.links.nats.client import OrderedClient

_AGAIN, _LATEST = 0.05, 2.0  # seconds, before a server that has gone is looked for again; doubled
_SETTLED = 1.0  # seconds of a connection, after which its end is the first one again
_log = logging.getLogger("tornkit")

Answers = Callable[[NatsReply], bool]


class ConnectionOwner(Protocol):
    """Interface of a connection's owner, which the connection calls."""

    async def set_up(self) -> None:
        """Prepare a new connection; only what is `urgent` is sent until then."""

    def ready(self) -> None:
        """Take notice that the connection is set up; requests that have waited are sent next."""

    def take(self, subject: str, head: bytes, data: bytes) -> None:
        """Take a message of a subscription: its subject, headers and data."""

    def lost(self) -> None:
        """Take notice that the connection is lost."""


class _Request(NamedTuple):
    number: int
    subject: str
    payload: bytes
    headers: dict[str, str] | None


class _Interest(NamedTuple):
    subject: str
    is_wanted: bool


class NatsConnection:
    """Connection to NATS that reconnects by itself: numbered requests, and subscriptions."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: NatsAddress,
        patience: float,
        owner: ConnectionOwner,
        inbox: str,
    ) -> None:
        self._loop = loop
        self._address = address
        self._patience = patience
        self._owner = owner
        self._inbox = f"{inbox}."
        self.is_up = False
        self._is_closed = False
        self._client: OrderedClient | None = None
        self._numbers = 0
        self._answers: dict[int, tuple[asyncio.Future[Any], Answers]] = {}
        self._deadlines: deque[tuple[float, int]] = deque()
        self._early: dict[int, _Request] = {}
        self._unsent: deque[_Request | _Interest] = deque()
        self._unsent_size = 0
        self._has_unsent = asyncio.Event()
        self._why = "it was not there yet"
        self._was_told = False  # that it is away
        self._task = loop.create_task(self._run())

    # ---- coming and going ----

    async def _run(self) -> None:
        from tornkit.bus.links.nats.client import CONNECTION_ERRORS, OrderedClient

        pause = _AGAIN
        while not self._is_closed:
            began = self._loop.time()
            client = OrderedClient(self._address, self._take)
            try:
                await client.begin()
                self._client = client
                await self._serve(client)
                self._why = client.why or "the connection has ended"
            except BusError as error:  # of setting it up; `Unavailable` is also an OSError
                self._why = client.why or str(error)
            except CONNECTION_ERRORS:
                self._why = client.why
            except (LookupError, TypeError, ValueError) as error:
                self._why = f"JetStream's answer is none that is known: {error!r}"
            except asyncio.CancelledError:
                client.cut()
                raise
            finally:
                self._lost()
            self._tell()
            with contextlib.suppress(*CONNECTION_ERRORS):
                await asyncio.wait_for(client.close(), _LATEST)
            if self._loop.time() - began > _SETTLED:
                pause = _AGAIN
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LATEST)

    async def _serve(self, client: OrderedClient) -> None:
        """Set a connection up, and use it until it ends."""
        gone = self._loop.create_task(client.gone.wait())
        tasks: list[asyncio.Task[Any]] = [gone]
        try:
            await client.hear(f"{self._inbox}*")
            setting_up = self._loop.create_task(self._owner.set_up())
            tasks.append(setting_up)
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not setting_up.done():
                return
            setting_up.result()
            self._begin()
            tasks.append(self._loop.create_task(self._pump(client)))
            await asyncio.wait([gone, tasks[-1]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self) -> None:
        self.is_up = True
        if self._was_told:
            _log.warning("the bus has found NATS at %s again", self._address.hosts)
            self._was_told = False
        early = tuple(self._early.values())
        self._early.clear()
        self._unsent_size = 0
        self._owner.ready()
        for request in early:
            self._send(request)

    def _lost(self) -> None:
        was_up, self.is_up, self._client = self.is_up, False, None
        left = [each for each in self._unsent if type(each) is _Request]
        self._unsent.clear()
        self._early = {each.number: each for each in left} | self._early
        for number in self._answers.keys() - self._early.keys():
            self._fail(number, Unavailable("NATS has gone meanwhile"))
        if was_up:
            self._owner.lost()

    def _tell(self) -> None:
        if not self._was_told and not self._is_closed:
            self._was_told = True
            _log.warning("the bus does not reach NATS at %s: %s", self._address.hosts, self._why)

    def drop(self, why: str) -> None:
        """Close this connection, so that another is made; ``why`` is told in messages."""
        if self._client is not None:
            self._client.why = why
            self._client.gone.set()

    def abandon(self) -> None:
        """Let go of the socket in a process that was forked."""
        if self._client is not None:
            self._client.abandon()

    def close(self) -> None:
        """Close the connection for good, and fail the requests that wait for an answer."""
        self._is_closed = True
        self._task.cancel()
        for number in tuple(self._answers):
            self._fail(number, Unavailable("the bus is closed"))

    # ---- writing ----

    def hear(self, subject: str, *, is_wanted: bool = True) -> None:
        """Queue a subscription, or its end, behind earlier requests; for this connection alone."""
        if self.is_up:
            self._send(_Interest(subject, is_wanted))

    async def hear_now(self, subject: str) -> None:
        """Subscribe to a subject at once, while the connection is set up."""
        if self._client is not None:
            await self._client.hear(subject)

    def _send(self, item: _Request | _Interest) -> None:
        self._unsent.append(item)
        if type(item) is _Request:
            self._unsent_size += len(item.payload)
        self._has_unsent.set()

    async def _pump(self, client: OrderedClient) -> None:
        while True:
            await self._has_unsent.wait()
            self._has_unsent.clear()
            while self._unsent:
                item = self._unsent.popleft()
                if type(item) is _Request:
                    self._unsent_size -= len(item.payload)
                    await self._write(client, item)
                elif type(item) is _Interest:
                    hear = client.hear if item.is_wanted else client.hear_no_more
                    await hear(item.subject)

    async def _write(self, client: OrderedClient, request: _Request) -> None:
        number, subject, payload, headers = request
        if number not in self._answers:  # its time was over before it was sent
            return
        size = len(payload) + sum(len(key) + len(text) + 4 for key, text in (headers or {}).items())
        if size + 16 > client.max_payload:  # the server would end the connection
            text = f"the message has {size:,} bytes; the NATS server takes {client.max_payload:,}"
            self._fail(number, MessageTooLarge(f"{text} (its max_payload)"))
            return
        await client.publish(subject, payload, f"{self._inbox}{number}", headers)

    # ---- asking ----

    def check_room(self) -> None:
        """Check that there is room for another message that nobody waits for.

        :raises Unavailable: there is none.
        """
        if self._unsent_size > MOST_UNSENT:
            raise Unavailable("NATS does not take what is posted; await publish()")

    def ask(
        self,
        subject: str,
        payload: bytes = b"",
        headers: dict[str, str] | None = None,
        is_last: Answers | None = None,
    ) -> tuple[int, asyncio.Future[NatsReply]]:
        """Send a request, or queue it until connected; return its number and its answer's future.

        Requests are sent in the order of these calls. ``is_last`` gets each answer, and says
        whether it is the one that is waited for.
        """
        request, answer = self._request(subject, payload, headers, is_last)
        if self.is_up:
            self._send(request)
        else:
            self._early[request.number] = request
            self._unsent_size += len(payload)
        return request.number, answer

    async def ask_now(
        self, subject: str, payload: bytes = b"", headers: dict[str, str] | None = None
    ) -> NatsReply:
        """Send a request at once, while the connection is set up, and return the answer."""
        request, answer = self._request(subject, payload, headers, None)
        if self._client is None:
            self._fail(request.number, Unavailable("NATS has gone meanwhile"))
        else:
            await self._write(self._client, request)
        return await answer

    async def ask_jetstream(
        self, subject: str, content: Any = None, *, is_urgent: bool = False
    ) -> dict[str, Any]:
        """Call JetStream's own interface (``$JS.API``), and return the JSON that it answers.

        :raises JetStreamRefusal: it refuses.
        :raises Unavailable: it does not answer.
        """
        payload = b"" if content is None else dumps(content).encode()
        subject = f"$JS.API.{subject}"
        if is_urgent:
            return wire.content_of(await self.ask_now(subject, payload))
        return wire.content_of(await self.ask(subject, payload)[1])

    def _request(
        self,
        subject: str,
        payload: bytes,
        headers: dict[str, str] | None,
        is_last: Answers | None,
    ) -> tuple[_Request, asyncio.Future[NatsReply]]:
        number = self._numbers = self._numbers + 1
        answer: asyncio.Future[NatsReply] = self._loop.create_future()
        if self._is_closed:
            answer.set_exception(Unavailable("the bus is closed"))
        else:
            self._answers[number] = answer, is_last or _always
            self._deadlines.append((self._loop.time() + self._patience, number))
            if len(self._deadlines) == 1:
                self._loop.call_later(self._patience, self._give_up)
        return _Request(number, subject, payload, headers), answer

    def _give_up(self) -> None:
        """Fail the requests that have waited longer than the bus has patience."""
        now = self._loop.time()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, number = self._deadlines.popleft()
            early = self._early.pop(number, None)
            if number in self._answers:
                what = "has not answered" if self.is_up else f"is not there ({self._why})"
                text = f"NATS at {self._address.hosts} {what}, after {self._patience:g} seconds"
                self._fail(number, Unavailable(text))
            if early is not None:
                self._unsent_size -= len(early.payload)
        if self._deadlines:
            self._loop.call_at(self._deadlines[0][0], self._give_up)

    def _fail(self, number: int, error: BusError) -> None:
        answer, _ = self._answers.pop(number, (None, None))
        if answer is not None and not answer.done() and not self._loop.is_closed():
            answer.set_exception(error)

    def answered(self, number: int, reply: NatsReply) -> None:
        """Give an answer to the request of this number, unless that has failed already."""
        found = self._answers.get(number)
        if found is not None and found[1](reply):
            del self._answers[number]
            if not found[0].done():
                found[0].set_result(reply)

    # ---- reading ----

    def _take(self, subject: bytes, head: bytes | None, data: bytes) -> None:
        text = subject.decode()
        if text.startswith(self._inbox):
            self.answered(int(text[len(self._inbox) :]), wire.reply_of(head, data))
        else:
            self._owner.take(text, head or b"", data)


def _always(reply: NatsReply) -> bool:
    return True
