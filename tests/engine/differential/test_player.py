"""Tornado's server is played to, and what it does is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.httpserver import HTTPServer

from tests.engine.differential.case import Case, every_byte
from tests.engine.differential.generate import generated
from tests.engine.differential.player import Player
from tests.engine.differential.replies import Reply, read

POST = b"POST /a?b=c HTTP/1.1\r\nHost: H:80\r\nCookie: k=v\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture(
    scope="module", params=[("asyncio", "unix"), ("asyncio", "tcp"), ("uvloop", "unix")]
)
def player(request: pytest.FixtureRequest) -> Iterator[Player]:
    loop, family = request.param
    with Player(HTTPServer, loop, family) as made:
        yield made


def replies(player: Player, case: Case) -> tuple[Reply, ...]:
    [outcome] = player.play([case])
    return read(outcome.received).final


def test_a_handler_tells_all_that_it_saw(player: Player) -> None:
    reply, sentinel = replies(player, Case("web", POST))

    record = reply.record
    assert record is not None
    assert record.pop("remote_ip") in ("0.0.0.0", "127.0.0.1")
    assert record == {
        "method": "POST",
        "uri": "/a?b=c",
        "path": "/a",
        "query": "b=c",
        "version": "HTTP/1.1",
        "host": "H:80",
        "host_name": "h",
        "headers": [["Host", "H:80"], ["Cookie", "k=v"], ["Content-Length", "5"]],
        "body": "hello",
        "arguments": {"b": ["c"]},
        "query_arguments": {"b": ["c"]},
        "body_arguments": {},
        "files": {},
        "cookies": {"k": "v"},
        "protocol": "http",
        "url": "http://H:80/a?b=c",
    }
    assert sentinel.record
    assert sentinel.record["uri"] == "/sentinel"


@pytest.mark.parametrize("profile", ["web", "slow", "stream", "delegate", "callback", "gzip"])
@pytest.mark.parametrize("cuts", [(), (30,), every_byte(POST)])
def test_it_does_not_matter_how_it_is_delivered(
    player: Player, profile: str, cuts: tuple[int, ...]
) -> None:
    whole, cut = player.play([Case(profile, POST), Case(profile, POST, cuts)])

    assert len(read(whole.received).final) == 2
    assert whole.digest() == cut.digest()


def test_a_server_that_waits_for_more_takes_the_sentinel_for_it(player: Player) -> None:
    [outcome] = player.play([Case("web", POST[:-2])])
    first, _ = read(outcome.received).final

    assert first.record
    assert first.record["body"] == "helGE"

    [outcome] = player.play([Case("web", POST.replace(b": 5", b": 500"))])
    assert (outcome.received, outcome.is_closed) == (b"", False)


def test_a_refusal_is_seen_and_closed(player: Player) -> None:
    [outcome] = player.play([Case("web", b"GET  / HTTP/1.1\r\n\r\n")])

    assert outcome.received == b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert outcome.is_closed
    assert not outcome.is_left_open


def test_a_head_request_is_told_in_a_header(player: Player) -> None:
    reply, sentinel = replies(player, Case("web", POST.replace(b"POST", b"HEAD")))

    assert reply.body == b""
    assert reply.record
    assert reply.record["method"] == "HEAD"
    assert sentinel.status == 200


def test_a_large_answer_arrives_whole(player: Player) -> None:
    body = b"x" * 1_000_000
    data = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    reply, _ = replies(player, Case("web", data))

    assert reply.record
    assert len(reply.record["body"]) == len(body)


def test_events_tell_of_what_was_never_answered(player: Player) -> None:
    [outcome] = player.play([Case("delegate", POST.replace(b": 5", b": 500"))])

    assert outcome.events == ("began POST /a?b=c", "closed POST /a?b=c")


def test_an_error_in_the_log_is_an_event(player: Player) -> None:
    [outcome] = player.play([Case("failing", b"GET /finish HTTP/1.1\r\n\r\n")])

    assert "error tornado.application ValueError" in outcome.events


def test_a_frame_that_comes_with_the_handshake_is_answered(player: Player) -> None:
    handshake = (
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    [outcome] = player.play([Case("socket", handshake + b"\x81\x85\0\0\0\0hello")])
    found = read(outcome.received)

    assert found.replies[0].status == 101
    assert found.rest.startswith(b"\x81\x05hello")


def test_a_batch_has_the_same_outcomes_whenever_it_is_played(player: Player) -> None:
    cases = [generated(11, number) for number in range(300)]
    first = player.play(cases)
    again = player.play(cases)
    alone = [player.play([case])[0] for case in cases[:60]]

    assert [each.digest() for each in first] == [each.digest() for each in again]
    assert [each.digest() for each in first[:60]] == [each.digest() for each in alone]
    assert first[0].events == again[0].events
    assert player.leaks() == ()
