"""Many clients at once who do what they like; and afterwards nothing is left.

Each round is a server and some dozens of connections, all from one seed: pipelines of requests to
handlers that answer, sleep, raise, stream, answer early, close and detach, cut into pieces
anywhere, and an end of any sort on either side. Whoever stays must get all answers, whoever leaves
no wrong one; no handler is told of its end twice; no task, timer, descriptor, reader or writer
remains.

``TORNKIT_TEST_STRESS``: so many rounds in place of a few. ``TORNKIT_TEST_SEED``: the first seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler, stream_request_body

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass, Serving, serving, until
from tornkit.engine.connection import Connection

pytestmark = EITHER_LOOP

ROUNDS = int(os.environ.get("TORNKIT_TEST_STRESS", "2"))
FIRST_SEED = int(os.environ.get("TORNKIT_TEST_SEED", "1"))
CLIENTS = 24
LARGE = b"0123456789abcdef" * 30_000
DESCRIPTORS = Path("/proc/self/fd")


class OnPurposeError(Exception):
    """What a handler raises because it was asked to."""


# ---- the server's side ----


class Noting(RequestHandler):
    """Notes each end that it is told of."""

    @property
    def ends(self) -> Counter[tuple[str, str]]:
        ends: Counter[tuple[str, str]] = self.settings["ends"]
        return ends

    @property
    def number(self) -> str:
        return self.get_query_argument("n")

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.ends["closed", self.number] += 1

    def on_finish(self) -> None:
        self.ends["finished", self.number] += 1

    def reply(self, body: bytes) -> None:
        self.write(f"{self.number} {hashlib.md5(body).hexdigest()}")

    def depart(self, how: str) -> None:
        if how == "close":
            self.request.connection.close()  # type: ignore[union-attr]
        elif how == "raise":
            raise OnPurposeError
        elif how == "finish":
            self.finish(f"{self.number} early")
        elif how == "detach":
            stream = self.detach()
            with contextlib.suppress(StreamClosedError):
                stream.write(b"detached")
            stream.close()


class Echo(Noting):
    def post(self) -> None:
        self.reply(self.request.body)

    def get(self) -> None:
        self.reply(b"")


class Sleep(Noting):
    async def post(self) -> None:
        await asyncio.sleep(float(self.get_query_argument("for")))
        self.reply(self.request.body)

    get = post


class Raise(Noting):
    async def post(self) -> None:
        if self.get_query_argument("for") != "0":
            await asyncio.sleep(0)
        raise OnPurposeError

    get = post


class Large(Noting):
    async def post(self) -> None:
        for start in range(0, len(LARGE), 160_000):
            self.write(LARGE[start : start + 160_000])
            if self.get_query_argument("for") != "0":
                with contextlib.suppress(StreamClosedError):
                    await self.flush()

    get = post


@stream_request_body
class Stream(Noting):
    """Takes a body piece by piece, at once or slowly, and may depart at any point."""

    def prepare(self) -> Any:
        self.sum = hashlib.md5()
        self.slow = self.get_query_argument("for") != "0"
        self.at = self.get_query_argument("at", "")
        self.how = self.get_query_argument("how", "")
        return self.when("prepare")

    def data_received(self, chunk: bytes) -> Any:
        self.sum.update(chunk)
        at, self.at = self.at, "" if self.at == "piece" else self.at
        return self.when("piece", at)

    def when(self, point: str, at: str | None = None) -> Any:
        how = self.how if (self.at if at is None else at) == point else ""
        if self.slow:
            return self.later(how)
        return self.depart(how)

    async def later(self, how: str) -> None:
        await asyncio.sleep(0 if how else 0.0005)
        self.depart(how)

    async def post(self) -> None:
        if self.at == "post":
            self.depart(self.how)
        if not self._finished and self.request.connection.stream is not None:  # type: ignore[union-attr]
            self.write(f"{self.number} {self.sum.hexdigest()}")

    get = post


# ---- the clients' side ----


@dataclass
class Request:
    data: bytes
    status: int
    body: bytes
    last: bool = False  # the connection ends with it
    abrupt: bool = False  # and answers that are on their way may be lost


@dataclass
class Plan:
    """What one client does."""

    requests: list[Request] = field(default_factory=list)
    stays: bool = False  # until it has been answered, and the server does not close
    cut: int = 0  # so many bytes are sent
    end: str = "close"
    reads: bool = True
    pause: float = 0

    @property
    def sure(self) -> bool:
        """Whether each request must be answered: a close with bytes unread is a reset."""
        *others, final = self.requests
        return self.stays and not final.abrupt and not any(each.last for each in others)


def request(random: Random, number: str, most: int) -> Request:
    kind = random.choice(["echo", "echo", "echo", "sleep", "raise", "large", "stream", "stream"])
    size = random.choice([0, 1, random.randrange(3000), random.randrange(most), most])
    body = random.randbytes(size)
    sum_ = hashlib.md5(body).hexdigest()
    wait = random.choice(["0", "0.0001", "0.002", "0.01"])
    query = f"n={number}&for={wait}"
    status, answer, last = 200, f"{number} {sum_}".encode(), False
    if kind == "raise":
        status, answer = 500, b""
    elif kind == "large":
        answer = LARGE
    elif kind == "stream" and random.random() < 0.4:
        at = random.choice(["prepare", "piece", "post"])
        how = random.choice(["close", "raise", "finish", "detach"])
        query += f"&at={at}&how={how}"
        last = True
        if how == "raise" and (at == "post" or size == 0):
            status, answer, last = 500, b"", False
        elif how == "finish":
            answer = f"{number} early".encode()
            if at == "post":
                last = False
        if at == "piece" and size == 0:
            status, answer, last = 200, f"{number} {sum_}".encode(), False
        elif at == "prepare" and how == "raise":
            status, answer, last = 500, b"", True
    method = "POST" if body or random.random() < 0.3 else "GET"
    lines = [f"{method} /{kind}?{query} HTTP/1.1", "Host: x"]
    if body and random.random() < 0.1:  # Tornado's own code takes over
        lines.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    elif method == "POST" or random.random() < 0.2:
        lines.append(f"Content-Length: {size}")
    abrupt = last
    if random.random() < 0.05:
        lines.append("Connection: close")
        last = True
    data = "\r\n".join([*lines, "", ""]).encode() + body
    return Request(data, status, answer, last, abrupt)


def plan(random: Random, name: str, most: int) -> Plan:
    made = Plan()
    for number in range(random.choice([1, 2, 5, 12])):
        made.requests.append(request(random, f"{name}.{number}", most))
        if made.requests[-1].last and random.random() < 0.8:
            break
    size = sum(len(each.data) for each in made.requests)
    made.end = random.choice(["end", "close", "reset"])
    made.pause = random.choice([0, 0, 0.001])
    made.stays = random.random() < 0.5
    made.cut = size if made.stays or random.random() < 0.3 else random.randrange(size)
    made.reads = made.stays or random.random() < 0.7
    return made


class Visit:
    """One client's connection, as planned."""

    def __init__(self, random: Random, plan: Plan, client: Client) -> None:
        self.random = random
        self.plan = plan
        self.client = client
        self.wrong: list[str] = []

    async def make(self, disturbed: Callable[[], bool]) -> None:
        reading = asyncio.ensure_future(self.read(disturbed))
        try:
            await self.send()
            if self.plan.stays:
                await reading
            elif self.plan.end == "end":
                with contextlib.suppress(OSError):
                    self.client.end()
                if not self.plan.reads:
                    await asyncio.sleep(self.random.random() * 0.02)
                else:
                    await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            if self.plan.end == "reset":
                self.client.reset()
            else:
                self.client.close()

    async def send(self) -> None:
        data = b"".join(each.data for each in self.plan.requests)[: self.plan.cut]
        cuts = self.random.choice([0, 1, 3, 20])
        places = sorted(self.random.randrange(len(data) + 1) for _ in range(cuts))
        for start, stop in zip([0, *places], [*places, len(data)], strict=True):
            try:
                async with asyncio.timeout(None if self.plan.reads else 0.05):
                    await self.client.send(data[start:stop])
            except (OSError, TimeoutError):  # it was closed, or answers that we don't read fill it
                return
            if self.plan.pause or self.random.random() < 0.3:
                await asyncio.sleep(self.plan.pause)

    async def read(self, disturbed: Callable[[], bool]) -> None:
        if not self.plan.reads:
            return
        for each in self.plan.requests:
            try:
                answer = await self.client.read_response()
            except (EOFError, OSError, ValueError) as error:
                # ValueError: what a detached stream said is no response
                if self.plan.sure and not disturbed():
                    self.wrong.append(f"{each.data[:80]!r} is not answered: {error!r:.200}")
                return
            if answer.status != each.status or (each.body and answer.body != each.body):
                self.wrong.append(f"{each.data[:80]!r}: {answer.status} {answer.body[:80]!r}")
            if each.last:
                return


# ---- what is left ----


@dataclass
class Inventory:
    """What this process and its loop hold."""

    tasks: int
    descriptors: int
    watched: int
    timers: int

    @classmethod
    def now(cls) -> Inventory:
        loop: Any = asyncio.get_running_loop()
        plain = isinstance(loop, asyncio.SelectorEventLoop)  # uvloop does not show any
        return cls(
            tasks=len(asyncio.all_tasks()),
            descriptors=len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0,
            watched=sum(
                (key.data[0] is not None) + (key.data[1] is not None)
                for key in loop._selector.get_map().values()
            )
            if plain
            else 0,
            timers=sum(not timer.cancelled() for timer in loop._scheduled) if plain else 0,
        )


def was_asked_for(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    # Tornado's own code stumbles where a handler detaches within a body, which it does not foresee.
    in_tornado = record.name == "tornado.general" and isinstance(error, AttributeError)
    return in_tornado or isinstance(error, OnPurposeError)


@contextlib.contextmanager
def nothing_goes_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No exception reaches the loop's handler or the log but those that were asked for."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        yield
    gc.collect()  # a task that was lost is told of then
    assert reported == []
    assert [each.getMessage() for each in caplog.records if not was_asked_for(each)] == []


async def disturb(random: Random, here: Serving, how: str, disturbed: list[str]) -> None:
    """End all connections while they are in use."""
    if how == "not":
        return
    await asyncio.sleep(random.random() * 0.1)
    disturbed.append(how)
    if how == "close":
        await here.server.close_all_connections()
        return
    for connection in tuple(here.connections):
        if isinstance(connection, Connection):
            connection.let_go(None)


async def play(random: Random, server_class: ServerClass) -> tuple[list[str], Counter[Any]]:
    """One round. What was wrong with the answers; how often each handler was told of each end."""
    ends: Counter[tuple[str, str]] = Counter()
    application = Application(
        [("/echo", Echo), ("/sleep", Sleep), ("/raise", Raise), ("/large", Large),
         ("/stream", Stream)],
        ends=ends, log_function=lambda handler: None,
    )  # fmt: skip
    chunk = random.choice([None, None, 65536, 1000, 7])
    options: dict[str, Any] = {"chunk_size": chunk, "body_timeout": random.choice([None, 30])}
    most = 300_000 if chunk is None or chunk > 1000 else 3000 * chunk // 7
    disturbed: list[str] = []
    async with serving(server_class, application, **options) as here:
        visits = []
        for name in range(CLIENTS):
            client = await here.knock(random.choice([None, None, 5000]))
            planned = plan(random, str(name), most)
            visits.append(Visit(Random(random.random()), planned, client))
        async with asyncio.TaskGroup() as group:
            for visit in visits:
                group.create_task(visit.make(lambda: bool(disturbed)))
            how = random.choice(["not", "not", "close", "let go"])
            group.create_task(disturb(random, here, how, disturbed))
        await until(lambda: not here.connections)
        await until(lambda: len(asyncio.all_tasks()) == 1)
    return [each for visit in visits for each in visit.wrong], ends


@EITHER
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + ROUNDS))
@pytest.mark.thorough
async def test_whatever_clients_do_answers_are_right_and_nothing_is_left(
    server_class: ServerClass, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    random = Random(seed)
    before = Inventory.now()
    with nothing_goes_wrong(caplog):
        wrong, ends = await play(random, server_class)
        assert wrong == []
    assert {end: count for end, count in ends.items() if count > 1} == {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while Inventory.now() != before:
                await asyncio.sleep(0.001)
    assert Inventory.now() == before
