"""What the page of a server hears of its processes, and when."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.hand_loop import HandLoop
from tornkit.serve.blocking.causes import Cause
from tornkit.serve.browsers.server_news import _MOST, _TOLD, ServerNews

pytestmark = pytest.mark.usefixtures("no_leaks")


class Office:
    """News, and somebody who looks."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.asked = 0
        self.news = ServerNews(self.loop, self.status)
        self.browser: socket.socket | None = None

    def status(self) -> dict[str, Any]:
        self.asked += 1
        return {**dict.fromkeys(_TOLD, 1), "last_error": {"traceback": "hunter2"}}

    def looks(self) -> None:
        ours, self.browser = socket.socketpair()
        self.browser.setblocking(False)
        self.news.adopt(ours.detach())

    def heard(self) -> list[dict[str, Any]]:
        assert self.browser is not None
        data = self.browser.recv(1 << 20).decode()
        return [json.loads(each.removeprefix("data: ")) for each in data.split("\n\n")[:-1]]

    def leaves(self) -> None:
        assert self.browser is not None
        self.browser.close()
        self.loop.passes()


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.news.stopped()
    if office.browser is not None:
        office.browser.close()
    office.loop.close()


def test_once_a_second_to_whoever_looks(office: Office) -> None:
    office.loop.passes(10)
    assert office.asked == 0, "nobody looks"
    office.looks()
    assert [event["type"] for event in office.heard()] == ["server"]
    for _ in range(3):
        office.loop.passes(1.0)
    assert len([each for each in office.heard() if each["type"] == "server"]) == 3
    office.leaves()
    office.loop.passes(1.0)
    asked = office.asked
    office.loop.passes(5.0)
    assert office.asked == asked
    office.looks()
    office.loop.passes(1.0)
    assert len(office.heard()) >= 2, "again"


def test_the_last_of_each(office: Office) -> None:
    office.news.requests([[1.0, 200, "GET /"]])
    office.news.requests([[2.0, 200, f"GET /{n}"] for n in range(_MOST)])
    frames = [
        {"file": "a.py", "line": 3, "function": "f", "users": True, "error": ""},
        {"file": "lib.py", "line": 4, "function": "g", "users": False, "error": ""},
        {"file": "b.py", "line": 5, "function": "h", "users": True, "error": "KeyError: 'a'"},
    ]
    error = {"id": "request-1", "kind": "ValueError", "message": "m" * 9000, "text": "t" * 9000}
    office.news.raised({**error, "frames": frames})
    office.news.raised({**error, "frames": []})
    office.news.blocked(None, 2.0, "Item.get shop.py:7 time.sleep(2)", Cause.CODE)
    office.news.blocked(0, 0.2, "Home.get shop.py:9", Cause.TEMPLATE)
    office.looks()
    (told,) = office.heard()
    assert told["requests"][0] == [2.0, 200, "GET /0"]
    assert told["requests"][-1] == [2.0, 200, f"GET /{_MOST - 1}"]
    assert [each["place"] for each in told["errors"]] == ["a.py:3 f", ""]
    assert len(json.dumps(told["errors"])) < 20_000, "without the frames"
    where = "Item.get shop.py:7 time.sleep(2)"
    page = "Home.get shop.py:9: compiles a template, at its first use alone"
    assert told["blocked"] == [
        {"slot": None, "seconds": 2.0, "where": where},
        {"slot": 0, "seconds": 0.2, "where": page},
    ]
    assert "hunter2" not in json.dumps(told)
