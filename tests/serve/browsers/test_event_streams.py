"""Events written to sockets: who gets which, and who is dropped."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.hand_loop import HandLoop
from tornkit.serve.browsers.event_streams import (
    MOST_STREAMS,
    MOST_UNSENT,
    PING,
    EventStreams,
    encoded,
)

pytestmark = pytest.mark.usefixtures("no_leaks")


class Hall:
    """Streams, and the browsers at their other ends."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.greeting: dict[str, Any] = {"type": "hello"}
        self.streams = EventStreams(self.loop, lambda: self.greeting)
        self.browsers: list[socket.socket] = []

    def comes(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.browsers.append(theirs)
        self.streams.adopt(ours.detach())
        self.loop.passes()
        return theirs

    def heard(self, browser: socket.socket) -> list[Any]:
        self.loop.passes()
        data = b""
        while True:
            try:
                piece = browser.recv(1 << 20)
            except BlockingIOError:
                break
            if not piece:
                break
            data += piece
            self.loop.passes()
        assert not data or data.endswith(b"\n\n")
        events = data.decode().split("\n\n")[:-1]
        return [json.loads(event.removeprefix("data: ")) for event in events]


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.streams.close()
    for browser in hall.browsers:
        browser.close()
    hall.loop.close()


def test_each_is_greeted_and_hears_what_follows(hall: Hall) -> None:
    first = hall.comes()
    hall.streams.tell({"type": "files", "names": ["a\nb.css"]})
    second = hall.comes()
    hall.streams.tell({"type": "state"})
    files = {"type": "files", "names": ["a\nb.css"]}
    assert hall.heard(first) == [{"type": "hello"}, files, {"type": "state"}]
    assert hall.heard(second) == [{"type": "hello"}, {"type": "state"}]


def test_an_event_is_one_line() -> None:
    assert encoded({"a": "b\r\n\u2028"}).count(b"\n") == 2


def test_one_that_has_gone_is_forgotten(hall: Hall) -> None:
    hall.comes().close()
    hall.loop.passes()
    assert len(hall.streams) == 0
    hall.comes()
    hall.browsers[-1].send(b"what a browser never says")
    hall.loop.passes()
    assert len(hall.streams) == 1


def test_one_that_has_gone_is_noticed_when_it_is_told(hall: Hall) -> None:
    browser = hall.comes()
    browser.close()
    hall.streams.tell({"type": "state"})
    assert len(hall.streams) == 0


def test_a_slow_one_gets_all_of_it_later(hall: Hall) -> None:
    browser = hall.comes()
    event = {"type": "state", "text": "x" * 100_000}
    for _ in range(4):
        hall.streams.tell(event)
    assert hall.heard(browser) == [{"type": "hello"}, *[event] * 4]


def test_one_that_never_reads_is_dropped_and_holds_up_nobody(hall: Hall) -> None:
    asleep, awake = hall.comes(), hall.comes()
    event = {"type": "state", "text": "x" * 100_000}
    for _ in range(2 + MOST_UNSENT // 100_000 + 10):
        hall.streams.tell(event)
        hall.loop.passes()
        assert hall.heard(awake)[-1] == event
    assert len(hall.streams) == 1
    assert asleep.fileno() != -1


def test_the_oldest_makes_room(hall: Hall) -> None:
    first = hall.comes()
    for _ in range(MOST_STREAMS):
        hall.comes()
    assert len(hall.streams) == MOST_STREAMS
    assert hall.heard(first) == [{"type": "hello"}]
    assert first.recv(1) == b""


def test_signs_of_life_while_there_is_somebody(hall: Hall) -> None:
    browser = hall.comes()
    hall.loop.passes(PING)
    hall.loop.passes(PING)
    assert hall.heard(browser) == [{"type": "hello"}, {"type": "ping"}, {"type": "ping"}]
    browser.close()
    hall.loop.passes(PING)
    hall.loop.passes(PING)
    again = hall.comes()
    hall.loop.passes(PING)
    assert hall.heard(again) == [{"type": "hello"}, {"type": "ping"}]


def test_one_that_can_not_be_waited_for_is_closed(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hall.loop, "listen", refuses)
    with pytest.raises(OSError, match="No space"):
        hall.comes()
    assert hall.browsers[-1].recv(1) == b""
    assert len(hall.streams) == 0


def test_what_is_no_socket_is_an_error_and_nothing_is_kept(hall: Hall) -> None:
    reading, writing = os.pipe()
    with pytest.raises(OSError):  # noqa: PT011 - whichever the system says
        hall.streams.adopt(reading)
    os.close(reading)
    os.close(writing)
    assert len(hall.streams) == 0
