"""A worker hands a browser's stream up: whole where it can, else one of a pair of sockets."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from tornado.iostream import IOStream
from tornado.web import RequestHandler

from tests.engine.serving import until
from tests.serve.scripted import TARGET
from tornkit.devtools import install, page_script, shown_errors
from tornkit.devtools.page_script import FOLDER
from tornkit.devtools.recent import Recent
from tornkit.engine import request
from tornkit.serve.config import ServeConfig
from tornkit.serve.wire.messages import Answered, ErrorShown, Follows, Message, OpenInEditor
from tornkit.serve.wire.orders import Orders
from tornkit.serve.worker.for_browsers import ForBrowsers
from tornkit.serve.worker.serving_loops import ServingLoops

pytestmark = pytest.mark.usefixtures("no_leaks")

ORDERS = Orders.of(TARGET, ServeConfig(dev_hosts=("dev.example",)))
own_finish = RequestHandler.finish


class Supervisor:
    """What the supervisor has got."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.sockets: list[socket.socket] = []

    def __call__(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        self.messages.append(message)
        self.sockets += [socket.socket(fileno=os.dup(each)) for each in descriptors]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    for sock in supervisor.sockets:
        sock.close()


@pytest.fixture
def installed() -> Iterator[None]:
    yield
    install.leave_pages()
    shown_errors.tell = request.own_paths = None
    shown_errors.opens_lines = False
    access = logging.getLogger("tornado.access")
    for each in tuple(access.filters):
        if isinstance(each, Recent):
            access.removeFilter(each)
    assert RequestHandler.finish is own_finish


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("opens_lines", [True, False])
def test_pages_are_answered_from_then_on(supervisor: Supervisor, opens_lines: bool) -> None:
    loops = ServingLoops()
    handlers = list(logging.getLogger("tornado.access").handlers)
    browsers = ForBrowsers(supervisor)
    browsers.install(replace(ORDERS, opens_lines=opens_lines), 3, loops)
    assert request.own_paths is not None
    folder, site = request.own_paths
    assert folder == FOLDER
    assert loops.own_paths is site
    found = logging.getLogger("tornado.access").handlers
    assert found == handlers, "a program looks whether there is one"
    assert (page_script._generation, page_script._hosts) == (f"{ORDERS.run}.3", ("dev.example",))
    assert shown_errors.tell == browsers.raised
    assert shown_errors.opens_lines == opens_lines


def test_what_is_asked_and_shown_is_told(supervisor: Supervisor) -> None:
    browsers = ForBrowsers(supervisor)
    browsers.open_in_editor("start-1", 2)
    browsers.raised({"id": "request-1"})
    row = (1.5, 200, "GET /", 0.5, "Main.get", "app.py:3")
    browsers.answered([row])
    assert supervisor.messages == [
        OpenInEditor("start-1", 2),
        ErrorShown({"id": "request-1"}),
        Answered((row,)),
    ]


def test_a_stream_goes_up_as_it_is(supervisor: Supervisor) -> None:
    async def follow() -> None:
        ours, theirs = socket.socketpair()
        stream = IOStream(ours)
        ForBrowsers(supervisor).follow(stream, of_server=False)
        assert stream.closed()
        with theirs, supervisor.sockets.pop() as sent:
            sent.sendall(b"event")
            assert theirs.recv(5) == b"event"

    asyncio.run(follow())
    assert supervisor.messages == [Follows()]


def test_what_this_process_writes_by_itself_it_goes_on_writing(supervisor: Supervisor) -> None:
    """As what is encrypted here: a pair of sockets stands for it."""

    async def follow() -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        stream = IOStream(ours)
        waiting = stream.write(b"x" * 5_000_000)
        browsers = ForBrowsers(supervisor)
        browsers.follow(stream, of_server=True)
        sent = supervisor.sockets.pop()
        sent.sendall(b"event")
        got = bytearray()
        loop = asyncio.get_running_loop()
        while not got.endswith(b"event"):
            got += await loop.sock_recv(theirs, 1 << 20)
        assert len(got) == 5_000_005
        await waiting
        theirs.close()  # the browser goes
        await until(lambda: not browsers._copying)
        assert stream.closed()
        assert sent.recv(1) == b"", "the supervisor sees that"
        sent.close()

    asyncio.run(follow())


def test_it_ends_with_the_supervisors_end(supervisor: Supervisor) -> None:
    async def follow() -> None:
        ours, theirs = socket.socketpair()
        stream = IOStream(ours)
        stream.write(b"x" * 5_000_000)
        browsers = ForBrowsers(supervisor)
        browsers.follow(stream, of_server=True)
        supervisor.sockets.pop().close()
        await until(lambda: not browsers._copying)
        assert stream.closed()
        theirs.close()

    asyncio.run(follow())
