"""The table of a connection's states: what real ones go through, and what it says of itself."""

from __future__ import annotations

import asyncio

import pytest
from tornado.web import Application, RequestHandler

from tests.engine.serving import EITHER_LOOP, GET, Serving, serving, until
from tests.engine.watched_states import Step
from tornkit.engine.connection import Connection
from tornkit.engine.server import HTTPServer
from tornkit.engine.states import FOLLOWERS, State

pytestmark = EITHER_LOOP

LARGE = 8 << 20  # bytes; no socket takes them at once


class Main(RequestHandler):
    async def get(self) -> None:
        await self.settings["opened"].wait()
        self.write(b"x" * self.settings["size"])


def test_each_state_says_what_may_follow() -> None:
    assert FOLLOWERS.keys() == set(State)
    assert not FOLLOWERS[State.CLOSED], "nothing follows the end"
    assert set().union(*FOLLOWERS.values()) == set(State), "each can be reached"


async def connection_of(here: Serving) -> Connection:
    await until(lambda: bool(here.connections))
    (connection,) = here.connections
    assert isinstance(connection, Connection)
    return connection


def is_in(connection: Connection, state: State) -> bool:
    return connection.state is state


@pytest.mark.parametrize("size", [5, LARGE])
async def test_a_connection_says_what_it_is_doing(state_steps: set[Step], size: int) -> None:
    opened = asyncio.Event()
    application = Application(
        [("/", Main)], opened=opened, size=size, log_function=lambda handler: None
    )
    async with serving(HTTPServer, application) as here:
        client = await here.connect(receive_buffer=4096)
        connection = await connection_of(here)
        assert is_in(connection, State.WAITING)
        await client.send(GET + GET)
        await until(lambda: is_in(connection, State.ANSWERING))
        opened.set()
        for _ in range(2):
            assert len((await client.read_response()).body) == size
        await until(lambda: is_in(connection, State.WAITING))
        assert (State.WAITING, State.QUEUED) in state_steps, "where a second head lay behind"
        client.close()
        await until(lambda: is_in(connection, State.CLOSED))
    assert {(State.WAITING, State.ANSWERING), (State.WAITING, State.CLOSED)} <= state_steps


async def test_last_words_are_flushed_and_nothing_follows_them(state_steps: set[Step]) -> None:
    """As a server's are that finds a body too long: the client has not read for a while."""
    async with serving(HTTPServer, Application()) as here:
        client = await here.connect(receive_buffer=4096)
        connection = await connection_of(here)
        connection.send(b"x" * LARGE)
        assert is_in(connection, State.FLUSHING)
        connection.abandon(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert is_in(connection, State.FLUSHING)
        rest = await client.rest()
        assert rest.endswith(b"x" + b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert is_in(connection, State.CLOSED)
    assert (State.FLUSHING, State.CLOSED) in state_steps


async def test_one_that_leaves_goes_when_its_state_allows_it() -> None:
    opened = asyncio.Event()
    application = Application([("/", Main)], opened=opened, size=5)
    async with serving(HTTPServer, application) as here:
        client = await here.connect()
        connection = await connection_of(here)
        await client.send(GET)
        await until(lambda: is_in(connection, State.ANSWERING))
        connection.let_go(None)
        assert is_in(connection, State.ANSWERING)
        opened.set()
        assert (await client.read_response()).headers["Connection"] == "close"
        await until(lambda: is_in(connection, State.CLOSED))
        connection.let_go(None)
        assert is_in(connection, State.CLOSED)
