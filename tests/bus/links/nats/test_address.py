"""The address of a NATS bus: what a URL says, what is left out, and what is none."""

from __future__ import annotations

import pytest

from tornkit.bus.links.nats.address import address_of


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
