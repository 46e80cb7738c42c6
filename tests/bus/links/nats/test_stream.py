"""The stream of messages: which one a link uses, which one ends, and who makes another."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.bus.nats_by_hand import HandNats, status, stored
from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus.links.nats import stream as stream_module
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.stream import LastHeard, MessageStream, make_stream
from tornkit.bus.links.nats.subjects import NatsSubjects
from tornkit.bus.links.nats.wire import JetStreamRefusal
from tornkit.bus_limits import BusLimits

NOTHING = LastHeard("", 0, 0.0)
OVERLAP, EXISTS, NOT_FOUND, FULL = 10065, 10058, 10059, 10047
LIMITS = {"max_msgs_per_subject": 101, "max_bytes": 64 * 1024 * 1024, "max_age": 3000 * 10**9}
INFO_AT_105 = {"ts": "1970-01-01T00:01:45Z"}  # of the stream of claims
NO_CLAIM = status(wire.NONE)
TAKEN = {"stream": "p-presence", "seq": 1}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "_PAUSE", 0)
    monkeypatch.setattr(stream_module, "_TRIES", 3)
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0f" * size)


def there(name: str = "p-e", last: int = 0, created: str = "", **config: Any) -> dict[str, Any]:
    """A stream, as the server tells of it; without differences, it is as a bus makes it."""
    mine = {**LIMITS, "republish": {"src": "p.*.*"}, "metadata": {"tornkit-fewest": "101"}}
    return {
        "config": {"name": name, **mine, **config},
        "created": created,
        "state": {"first_seq": 1, "last_seq": last},
    }


def listed(*streams: dict[str, Any]) -> dict[str, Any]:
    return {"streams": [*streams]}


def found(
    *answers: Any, heard: LastHeard = NOTHING, prefix: str = "p", **limits: Any
) -> tuple[HandNats, str]:
    """What was asked to find the stream, all of it at once, and the epoch that was found."""

    async def main() -> tuple[HandNats, str]:
        nats = HandNats(*answers)
        stream = MessageStream(nats, NatsSubjects(prefix), BusLimits(**limits))
        await stream.find(heard)
        assert not nats.answers, "it asked for less"
        assert all(each.is_urgent for each in nats.asked)
        return nats, stream.epoch

    return asyncio.run(main())


class TestOneThatIsThere:
    def test_is_used_as_it_is(self) -> None:
        nats, epoch = found(listed(there("p-abc")))
        assert epoch == "abc"
        assert nats.subjects() == ["STREAM.LIST"]
        assert nats.asked[0].content == {"subject": "p.m.a"}

    def test_may_have_a_prefix_of_several_parts(self) -> None:
        assert found(listed(there("my-bus-abc")), prefix="my-bus")[1] == "abc"

    @pytest.mark.parametrize(
        "other", [there("q-abc"), there("other"), there(republish=None), there("p-x-abc")]
    )
    def test_of_somebody_else_is_not_touched(self, other: dict[str, Any]) -> None:
        with pytest.raises(BusError, match="has the bus's subjects, and is none"):
            found(listed(other))

    def test_that_is_younger_ends(self) -> None:
        streams = [there("p-c", created="2"), there("p-b", created="1"), there("p-a", created="2")]
        nats, epoch = found(listed(*streams), {}, {})
        assert epoch == "b"
        assert nats.subjects() == ["STREAM.LIST", "STREAM.DELETE.p-a", "STREAM.DELETE.p-c"]

    @pytest.mark.parametrize("code", [NOT_FOUND, EXISTS, OVERLAP])
    def test_that_another_link_was_quicker_to_end_is_looked_for_again(self, code: int) -> None:
        two = listed(there("p-a", created="1"), there("p-b", created="2"))
        nats, epoch = found(two, code, listed(there("p-a")))
        assert epoch == "a"
        assert nats.subjects()[2:] == ["STREAM.LIST"]

    def test_that_cannot_be_ended_is_an_error(self) -> None:
        with pytest.raises(JetStreamRefusal, match="no 10077"):
            found(listed(there("p-a"), there("p-b")), 10077)


class TestLimits:
    @pytest.mark.parametrize("differs", ["max_msgs_per_subject", "max_bytes", "max_age"])
    def test_that_are_others_are_set(self, differs: str) -> None:
        changed: dict[str, Any] = {differs: 7, "sealed": "kept"}
        nats, _ = found(listed(there(**changed)), {})
        assert nats.subjects() == ["STREAM.LIST", "STREAM.UPDATE.p-e"]
        content = nats.asked[1].content
        assert {key: content[key] for key in LIMITS} == LIMITS
        assert (content["sealed"], content["name"]) == ("kept", "p-e")
        assert content["duplicate_window"] == 10**8

    def test_are_not_set_by_a_guest(self) -> None:
        assert found(listed(there(max_bytes=7)), is_guest=True)[0].subjects() == ["STREAM.LIST"]

    @pytest.mark.parametrize(
        ("most", "metadata", "fewest"),
        [
            (200, {"tornkit-fewest": "150"}, 101),  # the new one is the smallest
            (50, {"tornkit-fewest": "50"}, 50),
            (50, {"tornkit-fewest": "9"}, 9),
            (50, {"tornkit-fewest": "99"}, 50),
            (50, {"tornkit-fewest": "x"}, 0),
            (50, {}, 0),
            (50, None, 0),
        ],
    )
    def test_the_smallest_is_remembered(
        self, most: int, metadata: dict[str, str] | None, fewest: int
    ) -> None:
        nats, _ = found(listed(there(max_msgs_per_subject=most, metadata=metadata)), {})
        assert nats.asked[1].content["metadata"] == {"tornkit-fewest": str(fewest)}

    def test_what_else_was_noted_stays(self) -> None:
        noted = {"tornkit-fewest": "101", "_nats.ver": "2.11"}
        nats, _ = found(listed(there(max_age=7, metadata=noted)), {})
        assert nats.asked[1].content["metadata"] == noted


class TestLostMessages:
    HEARD = LastHeard("e", 9, 100.0)
    GONE = ("STREAM.LIST", "STREAM.DELETE.p-e", "STREAM.LIST")
    ASKED = ("STREAM.LIST", "DIRECT.GET.p-e", "STREAM.DELETE.p-e", "STREAM.LIST")

    def test_an_end_before_what_was_heard_ends_the_stream(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        nats, epoch = found(listed(there(last=8)), {}, listed(there("p-new")), heard=self.HEARD)
        assert (epoch, *nats.subjects()) == ("new", *self.GONE)
        assert caplog.record_tuples == [
            (
                "tornkit",
                logging.WARNING,
                "NATS has lost messages that it had kept: the bus begins anew",
            )
        ]

    @pytest.mark.parametrize("sequence", [8, 9])
    def test_another_message_at_a_place_that_was_heard_does_so_too(self, sequence: int) -> None:
        later = stored("p.m.a", sequence, time="1970-01-01T00:01:40.5Z")
        nats, epoch = found(
            listed(there(last=20)), later, {}, listed(there("p-new")), heard=self.HEARD
        )
        assert (epoch, *nats.subjects()) == ("new", *self.ASKED)
        assert nats.asked[1].content == {
            "start_time": "1970-01-01T00:01:40.000002+00:00",
            "next_by_subj": ">",
        }

    @pytest.mark.parametrize(
        "reply",
        [
            NO_CLAIM,
            stored("p.m.a", 10, time="1970-01-01T00:01:40.5Z"),  # came later
            stored("p.m.a", 9),  # is what was heard
        ],
    )
    def test_all_else_has_lost_none(self, reply: Any) -> None:
        nats, epoch = found(listed(there(last=9)), reply, heard=self.HEARD)
        assert (epoch, *nats.subjects()) == ("e", *self.ASKED[:2])

    def test_another_stream_has_lost_none_of_these(self) -> None:
        nats, _ = found(listed(there("p-f", last=3)), heard=self.HEARD)
        assert nats.subjects() == ["STREAM.LIST"]


class TestMaking:
    CLAIM = ("STREAM.INFO.p-presence", "DIRECT.GET.p-presence.p.k.maker", "p.k.maker")
    NEW = f"p-{'0f' * 6}"

    @pytest.mark.parametrize("none", [{"streams": None}, {}, listed()])
    def test_where_there_is_none_it_is_made(self, none: dict[str, Any]) -> None:
        nats, epoch = found(none, INFO_AT_105, NO_CLAIM, TAKEN, {}, listed(there(self.NEW)))
        made = f"STREAM.CREATE.{self.NEW}"
        assert nats.subjects() == ["STREAM.LIST", *self.CLAIM, made, "STREAM.LIST"]
        assert nats.asked[3].headers == {"Nats-Expected-Last-Subject-Sequence": "0"}
        assert epoch == "0f" * 6
        config = nats.asked[4].content
        assert {key: config[key] for key in LIMITS} == LIMITS
        assert (config["name"], config["metadata"]) == (self.NEW, {"tornkit-fewest": "101"})
        assert config["subjects"] == ["p.m.*", "p.e.*", "p.b.*"]
        assert config["republish"]["src"] == "p.*.*"

    def test_by_limits_of_nothing_it_keeps_what_tells_of_gaps(self) -> None:
        limits: dict[str, Any] = {"history": 0, "history_age": 0.0, "is_guest": True}
        nats, _ = found({}, INFO_AT_105, NO_CLAIM, TAKEN, {}, listed(there()), **limits)
        config = nats.asked[4].content
        assert (config["max_msgs_per_subject"], config["max_age"]) == (1, 10**8)

    def test_is_left_to_one_that_has_claimed_it_just_now(self) -> None:
        claim = stored("p.k.maker", 4, time="1970-01-01T00:01:40.001Z")
        nats, epoch = found({}, INFO_AT_105, claim, listed(there()))
        assert (epoch, *nats.subjects()[1:]) == ("e", *self.CLAIM[:2], "STREAM.LIST")

    def test_is_not_left_to_one_that_has_not_made_it_in_time(self) -> None:
        claim = stored("p.k.maker", 4, time="1970-01-01T00:01:40Z")
        nats, _ = found({}, INFO_AT_105, claim, TAKEN, {}, listed(there()))
        assert nats.asked[3].headers == {"Nats-Expected-Last-Subject-Sequence": "4"}
        assert nats.subjects()[4] == f"STREAM.CREATE.{self.NEW}"

    def test_is_left_to_one_that_was_quicker_to_claim_it(self) -> None:
        nats, _ = found({}, INFO_AT_105, NO_CLAIM, wire.WRONG_LAST, listed(there()))
        assert nats.subjects()[-2:] == ["p.k.maker", "STREAM.LIST"]

    @pytest.mark.parametrize("code", [OVERLAP, EXISTS])
    def test_what_another_was_quicker_to_make_is_used(self, code: int) -> None:
        assert found({}, INFO_AT_105, NO_CLAIM, TAKEN, code, listed(there()))[1] == "e"

    @pytest.mark.parametrize("before", [(), (TAKEN,)])
    def test_a_refusal_of_another_kind_is_told(self, before: tuple[Any, ...]) -> None:
        with pytest.raises(JetStreamRefusal, match=f"no {FULL}"):
            found({}, INFO_AT_105, NO_CLAIM, *before, FULL)

    def test_nobody_who_takes_a_claim_is_told(self) -> None:
        with pytest.raises(Unavailable, match="does not answer"):
            found({}, INFO_AT_105, NO_CLAIM, status(wire.NOBODY))

    def test_of_one_that_comes_and_goes_is_given_up(self) -> None:
        two = listed(there("p-a"), there("p-b"))
        with pytest.raises(Unavailable, match="comes and goes"):
            found(two, NOT_FOUND, two, NOT_FOUND, two, NOT_FOUND)


def state_of(
    answer: Any, then: Callable[[MessageStream], None] = lambda stream: None
) -> tuple[str, int, int, int]:
    """State of the stream "p-e", by the server's answer, when ``then`` has happened."""

    async def main() -> tuple[str, int, int, int]:
        stream = MessageStream(HandNats(answer), NatsSubjects("p"), BusLimits())
        stream.epoch = "e"
        asking = asyncio.create_task(stream.state())
        await asyncio.sleep(0)
        then(stream)
        return await asking

    return asyncio.run(main())


class TestState:
    @pytest.mark.parametrize(
        ("config", "most", "fewest"),
        [
            ({}, 101, 101),
            ({"metadata": {"tornkit-fewest": "5"}}, 101, 5),
            ({"metadata": None}, 101, 0),
            ({"max_msgs_per_subject": -1}, -1, -1),
            ({"max_msgs_per_subject": -1, "metadata": None}, -1, -1),
        ],
    )
    def test_what_it_may_have(self, config: dict[str, Any], most: int, fewest: int) -> None:
        assert state_of(there(**config)) == ("e", 1, most, fewest)

    def test_is_of_the_epoch_that_was_asked_for(self) -> None:
        assert state_of(there(), lambda stream: setattr(stream, "epoch", "f"))[0] == "e"

    def test_of_one_that_has_gone(self) -> None:
        with pytest.raises(Unavailable, match="no 10059"):
            state_of(NOT_FOUND)


class TestValues:
    @staticmethod
    def made(*answers: Any, is_urgent: bool = False) -> HandNats:
        async def main() -> HandNats:
            nats = HandNats(*answers)
            await make_stream(nats, "p-store", ["p.s.*"], 5000, is_urgent=is_urgent)
            return nats

        return asyncio.run(main())

    @pytest.mark.parametrize("is_urgent", [True, False])
    def test_a_stream_that_forgets_none_is_made(self, is_urgent: bool) -> None:
        (asked,) = self.made({}, is_urgent=is_urgent).asked
        config = asked.content
        assert (asked.subject, asked.is_urgent) == ("$JS.API.STREAM.CREATE.p-store", is_urgent)
        assert (config["subjects"], config["max_bytes"]) == (["p.s.*"], 5000)
        assert (config["max_msgs_per_subject"], config["discard"]) == (1, "new")

    def test_one_that_is_there_gets_the_limit_alone(self) -> None:
        nats = self.made(EXISTS, {"config": {"name": "p-store", "max_bytes": 1, "sealed": 1}}, {})
        assert nats.subjects()[1:] == ["STREAM.INFO.p-store", "STREAM.UPDATE.p-store"]
        assert nats.asked[2].content == {"name": "p-store", "max_bytes": 5000, "sealed": 1}

    def test_another_refusal_is_told(self) -> None:
        with pytest.raises(JetStreamRefusal, match="no 10047"):
            self.made(FULL)
