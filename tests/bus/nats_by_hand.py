"""A connection to NATS without a server: what is asked of it, and the answers that a test gives."""

from __future__ import annotations

import asyncio
from collections import deque
from json import dumps, loads
from typing import Any, NamedTuple

from tornkit.bus.links.nats.address import address_of
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.wire import NatsReply


class AskedOfNats(NamedTuple):
    """A request, as it would be sent; one that is urgent waits behind no other."""

    subject: str
    payload: bytes
    headers: dict[str, str]
    is_urgent: bool = False

    @property
    def content(self) -> Any:
        return loads(self.payload)


class HandNats(NatsConnection):
    """A connection that is up; each request gets the next of the answers, None for none yet.

    An answer is JSON, a reply, a refusal's number, or several of these.
    """

    def __init__(self, *answers: Any) -> None:
        owner: Any = None
        address = address_of("nats://nowhere")
        super().__init__(asyncio.get_running_loop(), address, 5.0, owner, "inbox")
        self.is_up = True
        self.answers = deque(answers)
        self.asked: list[AskedOfNats] = []
        self.dropped: list[str] = []
        self._is_now = False

    async def _run(self) -> None:
        """Connect to nothing."""

    def _send(self, item: Any) -> None:
        self.asked.append(AskedOfNats(item.subject, item.payload, item.headers or {}, self._is_now))
        answer = self.answers.popleft()
        if answer is None:
            return
        for each in answer if type(answer) is list else [answer]:
            self._loop.call_soon(self.answered, item.number, made(each))

    async def ask_now(
        self, subject: str, payload: bytes = b"", headers: dict[str, str] | None = None
    ) -> NatsReply:
        self._is_now = True
        _, answer = self.ask(subject, payload, headers)
        self._is_now = False
        return await answer

    def drop(self, why: str) -> None:
        self.dropped.append(why)

    def subjects(self) -> list[str]:
        """What was asked, in order, without the place of JetStream's own interface."""
        return [each.subject.removeprefix("$JS.API.") for each in self.asked]


def made(answer: Any) -> NatsReply:
    """The reply that an answer stands for."""
    if isinstance(answer, NatsReply):
        return answer
    if type(answer) is int:
        answer = {"error": {"code": 400, "err_code": answer, "description": f"no {answer}"}}
    return NatsReply(200, b"", dumps(answer).encode())


def status(number: int, *headers: str) -> NatsReply:
    """A reply without data, as a server makes it where there is nothing or nobody."""
    lines = (f"NATS/1.0 {number} so it is", *headers, "\r\n")
    return NatsReply(number, "\r\n".join(lines).encode(), b"")


def stored(
    subject: str,
    sequence: int,
    data: bytes = b"",
    *headers: str,
    stream: str = "p-e",
    time: str = "1970-01-01T00:01:40Z",
    before: int = 0,
) -> NatsReply:
    """A message of a stream, as JetStream returns it; ``time`` is 100 seconds after 1970."""
    lines = (
        "NATS/1.0",
        *headers,
        f"Nats-Stream: {stream}",
        f"Nats-Subject: {subject}",
        f"Nats-Sequence: {sequence}",
        f"Nats-Time-Stamp: {time}",
        *([f"Nats-Last-Sequence: {before}"] if before else []),
        "\r\n",
    )
    return NatsReply(200, "\r\n".join(lines).encode(), data)


async def turns() -> None:
    """Let all that is ready have its turn."""
    for _ in range(5):
        await asyncio.sleep(0)
