"""What NATS sends: its headers, times and errors, and what is none of them."""

from __future__ import annotations

import pytest

from tornkit.bus.errors import Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.wire import JetStreamRefusal, NatsReply

HEAD = (
    b"NATS/1.0\r\nTornkit-Event: leave\r\nTornkit-None: \r\nNats-Stream: p-e\r\n"
    b"Nats-Subject: p.e.a\r\nNats-Sequence: 7\r\n"
    b"Nats-Time-Stamp: 2026-11-29T23:46:49.123456789Z\r\n"
)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (None, wire.OK),
        (b"", wire.OK),
        (b"NATS/1.0\r\nA: 404\r\n\r\n", wire.OK),
        (b"NATS/1.0 404 Message Not Found\r\n\r\n", wire.NONE),
        (b"NATS/1.0 503\r\n\r\n", wire.NOBODY),
        (b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\n\r\n", wire.END),
    ],
)
def test_status_of_a_reply(head: bytes | None, status: int) -> None:
    assert wire.reply_of(head, b"data") == (status, head or b"", b"data")


def test_a_status_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        wire.reply_of(b"NATS/1.0 off\r\n\r\n", b"")


class TestStored:
    @pytest.mark.parametrize(
        ("rest", "before", "pending"),
        [
            (b"", 0, 0),
            (b"Nats-Last-Sequence: 5\r\n", 5, 0),
            (b"Nats-Num-Pending: 12\r\n", 0, 12),
            (b"Nats-Num-Pending: 12\r\nNats-Last-Sequence: 5\r\n", 5, 12),
        ],
    )
    def test_all_that_a_message_has(self, rest: bytes, before: int, pending: int) -> None:
        head = HEAD + rest + b"\r\n"
        found = wire.stored_of(head, b"j1")
        assert found[:3] == ("p-e", "p.e.a", 7)
        assert found.time == pytest.approx(1795996009.123456)
        assert found[4:] == (before, head, b"j1")
        assert wire.pending_of(head) == pending

    @pytest.mark.parametrize(
        "head",
        [
            b"",
            b"NATS/1.0 404 Message Not Found\r\n\r\n",
            HEAD.replace(b"Nats-Stream: p-e\r\n", b""),
            HEAD.replace(b": 7", b": -7"),
            HEAD.replace(b"Nats-Subject: p.e.a", b"Nats-Subject: p.e. a"),
            HEAD.removesuffix(b"\r\n"),
        ],
    )
    def test_what_is_none(self, head: bytes) -> None:
        with pytest.raises(ValueError, match="not a message of a stream"):
            wire.stored_of(head, b"")

    def test_headers_of_its_publisher(self) -> None:
        assert wire.header_of(HEAD, b"Tornkit-Event") == "leave"
        assert wire.header_of(HEAD, b"Tornkit-None") == ""
        assert wire.header_of(HEAD, b"Event") is None, "it only ends so"
        assert wire.header_of(HEAD, b"Tornkit") is None, "it only begins so"
        assert wire.header_of(b"", b"Tornkit-Event") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01T00:01:00.5Z", 60.5),
        ("1970-01-01T02:00:00+02:00", 0.0),
        ("1970-01-01T00:00:01.000001999Z", 1.000001),
    ],
)
def test_times_of_the_server(text: str, seconds: float) -> None:
    assert wire.time_of(text) == pytest.approx(seconds, abs=1e-9)


class TestContent:
    @pytest.mark.parametrize("text", [b'{"seq": 1}', b'{"seq": 1, "error": null}'])
    def test_an_answer(self, text: bytes) -> None:
        assert wire.content_of(NatsReply(200, b"", text))["seq"] == 1

    def test_nobody_answers(self) -> None:
        with pytest.raises(Unavailable, match="is the NATS server started with -js"):
            wire.content_of(NatsReply(wire.NOBODY, b"", b'{"seq": 1}'))

    @pytest.mark.parametrize(
        "text",
        [
            *(b"", b"+OK", b"\xff", b'{"seq": 1', b"null", b"[]", b"7"),
            *(b'{"error": "x"}', b'{"error": {"err_code": "x"}}', b'{"error": {"err_code": null}}'),
        ],
    )
    def test_what_is_no_answer(self, text: bytes) -> None:
        with pytest.raises(Unavailable, match="can't be read"):
            wire.content_of(NatsReply(200, b"", text))

    @pytest.mark.parametrize(
        ("error", "code", "text"),
        [
            ('{"code": 400, "err_code": 10071, "description": "wrong"}', 10071, "wrong"),
            ("{}", 0, "?"),
            ('{"code": 503, "err_code": 10023, "description": "no room"}', 10023, "no room"),
        ],
    )
    def test_a_refusal(self, error: str, code: int, text: str) -> None:
        reply = NatsReply(200, b"", b'{"error": %s}' % error.encode())
        with pytest.raises(JetStreamRefusal) as raised:
            wire.content_of(reply)
        assert (raised.value.code, str(raised.value)) == (code, f"NATS refuses: {text}")

    def test_a_jetstream_that_is_away_refuses_nothing(self) -> None:
        text = b'{"error": {"code": 503, "err_code": 10008, "description": "no leader"}}'
        with pytest.raises(Unavailable, match=r"^JetStream is away: no leader$"):
            wire.content_of(NatsReply(200, b"", text))


def test_refusals_for_want_of_room() -> None:
    codes = (10002, 10023, 10047, 10077, 10071, 10059, 0)
    assert [each for each in codes if JetStreamRefusal(each, "").is_full] == [*codes[:4]]
