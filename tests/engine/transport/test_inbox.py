"""However the bytes come, and whatever came before them, they are the same requests."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tornkit.engine.transport.inbox import FoundHead, Inbox

GET = b"GET /a HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
OTHERS = [
    GET.replace(b"/a", b"/b"),
    GET.replace(b"a=b", b"a=c"),
    GET.replace(b"GET", b"PUT"),
    GET + GET,
    POST + b"body",
    POST.replace(b"4", b"0"),
    b"GET /" + b"long" * 700 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
]


def requests(inbox: Inbox, limits: tuple[int, int] = (65536, 100)) -> list[Any]:
    """All that is complete."""
    found: list[Any] = []
    while True:
        head = inbox.next_head(*limits)
        if head is FoundHead.NOTHING:
            return found
        if isinstance(head, FoundHead):
            return [*found, head]
        body = inbox.take(head.length)
        found.append((head.start_line, list(head.headers.get_all()), head.connection, body))


@pytest.mark.parametrize("seed", range(30))
def test_in_pieces_and_one_after_the_other(seed: int) -> None:
    chance = random.Random(seed)
    inbox = Inbox()
    for _ in range(60):
        data = GET if chance.random() < 0.6 else chance.choice([*OTHERS, POST + b"1234"])
        alone = Inbox()
        alone.add(data)
        expected = requests(alone)
        found: list[Any] = []
        cut = chance.choice((0, 0, chance.randrange(len(data))))
        if data.startswith(POST):
            cut = 0  # this reader takes bodies that are there
        for piece in (data[:cut], data[cut:]):
            if piece:
                inbox.add(piece)
                found += requests(inbox)
        assert found == expected
        assert len(inbox) == 0


def test_a_part_of_the_one_before_is_not_yet_one() -> None:
    inbox = Inbox()
    for _ in range(3):
        inbox.add(GET)
        assert len(requests(inbox)) == 1
    assert inbox.next_head(65536, 100) is FoundHead.NOTHING
    inbox.add(GET[:-1])
    assert requests(inbox) == []
    inbox.add(GET[-1:])
    assert len(requests(inbox)) == 1


def test_the_same_with_more_behind_it() -> None:
    inbox = Inbox()
    for _ in range(3):
        inbox.add(GET)
        requests(inbox)
    inbox.add(GET + GET + b"rest")
    assert len(requests(inbox)) == 2
    assert bytes(inbox) == b"rest"


def test_a_body_that_is_too_long_is_so_each_time() -> None:
    inbox = Inbox()
    for _ in range(4):
        inbox.add(POST)
        assert requests(inbox, (65536, 3)) == [FoundHead.RARE]
        assert bytes(inbox) == POST
        inbox.clear()


def test_what_is_done_to_the_headers_of_one_the_next_does_not_see() -> None:
    inbox = Inbox()
    for _ in range(4):
        inbox.add(GET)
        head = inbox.next_head(65536, 100)
        assert not isinstance(head, FoundHead)
        assert head.headers["cookie"] == "a=b"
        head.headers["Cookie"] = "changed"
        head.headers.add("Host", "y")


def test_no_long_one_is_kept() -> None:
    inbox = Inbox()
    for _ in range(3):
        inbox.add(OTHERS[-1])
        assert len(requests(inbox)) == 1
    assert inbox._reader.whole == b""
