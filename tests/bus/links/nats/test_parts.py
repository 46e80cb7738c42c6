"""Parts of the link to NATS that need no server."""

from __future__ import annotations

import pytest

from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.address import address_of
from tornkit.bus.links.nats.subjects import NatsSubjects, name_of, token_of
from tornkit.bus.links.nats.watches import Watches


class TestAddresses:
    def test_all_that_one_may_say(self) -> None:
        found = address_of("tls://ann:p%40ss@one,other:5000,[::1]/some/chat")
        assert found.servers == ("tls://one:4222", "tls://other:5000", "tls://[::1]:4222")
        assert (found.user, found.password, found.token) == ("ann", "p@ss", None)
        assert (found.prefix, found.is_tls) == ("chat", True)
        assert found.hosts == "one:4222,other:5000,[::1]:4222"

    def test_a_token_and_what_is_left_out(self) -> None:
        found = address_of("nats://t0ken@localhost")
        assert (found.token, found.user, found.prefix) == ("t0ken", None, "tornkit")

    @pytest.mark.parametrize(
        "url",
        ["redis://x", "nats://", "nats://u:secret@", "nats://u:secret@a:port", "nats://u:secret@a/x.y",
         "nats://u:secret@a,,b", "nats://u:secret@a/" + "x" * 33],
    )  # fmt: skip
    def test_what_is_none(self, url: str) -> None:
        with pytest.raises(ValueError, match="NATS bus") as error:
            address_of(url)
        assert "secret" not in str(error.value)

    def test_a_secret_is_not_shown(self) -> None:
        shown = repr(address_of("nats://ann:secret@a")) + repr(address_of("nats://secret@a"))
        assert "secret" not in shown


@pytest.mark.parametrize("name", ["room:1", "a.b", ">", "x y", "%2E", "é", "🙂", "$JS", "a/b@c"])
def test_a_name_is_one_token(name: str) -> None:
    token = token_of(name)
    assert name_of(token) == name
    assert token.isascii()
    assert not set(token) & set(". *>\t")
    subjects = NatsSubjects("p")
    assert subjects.read_live(f"p.live.m.{token}") == ("m", name)
    assert subjects.channel_of_person(subjects.person(name, "anybody")) == name


class TestWatches:
    def made(self, *names: str) -> Watches:
        watches = Watches()
        watches.begin("e")
        for name in names:
            watches.add(name)
        watches.confirm(watches.unconfirmed(), "e", 10)
        return watches

    def test_a_message_that_is_missing_is_noticed_once(self) -> None:
        watches = self.made("a", "b*")
        assert not watches.hear("a", 12, 9)  # that one came before
        assert not watches.hear("a", 13, 12)
        assert watches.hear("a", 15, 14)
        assert not watches.hear("a", 16, 15)
        assert watches.hear("bb", 18, 17)
        assert not watches.hear("bc", 19, 0)

    def test_of_one_that_is_not_known_to_be_heard_nothing_is_missing(self) -> None:
        watches = Watches()
        watches.begin("e")
        watches.add("a")
        assert not watches.hear("a", 15, 14)

    def test_where_nothing_came_that_is_known(self) -> None:
        watches = self.made("a", "b")
        watches.hear("b", 30, 0)
        watches.newest = 40
        assert watches.quiet_until("a", "e", 20, 40) == 40
        assert watches.quiet_until("b", "e", 20, 40) == 20  # something did
        assert watches.quiet_until("b", "e", 30, 40) == 40
        assert watches.quiet_until("a", "e", 9, 40) == 9  # it was not heard yet
        assert watches.quiet_until("a", "of another time", 20, 40) == 20
        assert watches.quiet_until("c", "e", 20, 40) == 20

    def test_and_of_the_connection_before(self) -> None:
        watches = self.made("a")
        watches.newest = 40
        watches.lost()
        assert watches.quiet_until("a", "e", 20, 99) == 40
        watches.confirm(watches.unconfirmed(), "e", 60)
        assert watches.quiet_until("a", "e", 20, 99) == 40  # between them it is not known
        watches.learn("a", "e", 40, 0)  # until that was read
        assert watches.quiet_until("a", "e", 20, 99) == 99


def test_headers_of_a_message() -> None:
    head = (
        b"NATS/1.0\r\nTornkit-Event: leave\r\nNats-Stream: p-e\r\nNats-Subject: p.e.a\r\n"
        b"Nats-Sequence: 7\r\nNats-Time-Stamp: 2026-11-29T23:46:49.123456789Z\r\n"
        b"Nats-Last-Sequence: 5\r\n\r\n"
    )
    found = wire.stored_of(head, b"j1")
    assert (found.stream, found.subject, found.sequence, found.before) == ("p-e", "p.e.a", 7, 5)
    assert found.time == pytest.approx(1795996009.123456)
    assert wire.header_of(head, b"Tornkit-Event") == "leave"
    assert wire.header_of(head, b"Tornkit") is None
    assert wire.reply_of(head, b"").status == wire.OK
    assert wire.reply_of(b"NATS/1.0 404 Message Not Found\r\n\r\n", b"").status == wire.NONE
