"""The broker: who hears of what, in which order, and once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tornkit.bus.broker.broker import Broker
from tornkit.bus.broker.calls import call_store
from tornkit.bus.broker.history import Kept
from tornkit.bus.errors import BusError
from tornkit.bus.message import Event
from tornkit.bus.names import matches
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits


class Heard:
    """A member that notes what it hears."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, int, Event]] = []

    def deliver(self, message: Kept, event: Event) -> None:
        self.notes.append((message.channel, message.offset, event))


@pytest.mark.parametrize("seed", range(10))
def test_each_hears_once_of_what_it_watches(seed: int) -> None:
    rng = random.Random(seed)
    broker = Broker(BusLimits())
    members = [Heard() for _ in range(4)]
    watched: list[set[str]] = [set() for _ in members]
    expected: list[list[tuple[str, int, Event]]] = [[] for _ in members]
    names = ["a", "b", "a:1", "a*", "*", "b:*", "a:*"]
    for _ in range(1000):
        which = rng.randrange(len(members))
        name = rng.choice(names)
        match rng.randrange(4):
            case 0:
                broker.watch(members[which], name)
                watched[which].add(name)
            case 1:
                broker.unwatch(members[which], name)
                watched[which].discard(name)
            case 2 if rng.random() < 0.1:
                broker.part(members[which])
                watched[which].clear()
            case _:
                channel = rng.choice(["a", "b", "a:1", "b:2"])
                offset = broker.publish(channel, b"jnull")
                for number, theirs in enumerate(watched):
                    if any(matches(each, channel) for each in theirs):
                        expected[number].append((channel, offset, "message"))
    assert [each.notes for each in members] == expected


def test_catching_up() -> None:
    broker = Broker(BusLimits(history=2))

    def at(offset: int) -> MessagePosition:
        return MessagePosition(broker.epoch, offset)

    begin = broker.position
    for _ in range(3):
        broker.publish("a", b"jnull")
    assert broker.catch_up(["a"], None) == (MessagePosition(broker.epoch, 3), [], False)
    position, messages, gap = broker.catch_up(["a"], begin)
    assert (position.offset, [each.offset for each in messages], gap) == (3, [2, 3], True)
    assert [each.offset for each in broker.catch_up(["a"], at(2)).messages] == [3]
    for stranger in (MessagePosition("another", 1), at(4), MessagePosition("", 0)):
        _, messages, gap = broker.catch_up(["a"], stranger)
        assert ([each.offset for each in messages], gap) == ([2, 3], True)


def test_no_history_is_a_gap_for_whoever_has_missed_something() -> None:
    broker = Broker(BusLimits(history=0))
    begin = broker.position
    assert not broker.catch_up(["a"], begin).gap
    broker.publish("a", b"jnull")
    assert broker.catch_up(["a"], begin).gap
    assert not broker.catch_up(["a"], broker.position).gap


def test_who_comes_and_goes_is_told_of_once_and_not_kept() -> None:
    broker = Broker(BusLimits())
    member, other = Heard(), Heard()
    broker.watch(other, "room")
    broker.enter(member, "room", "ann", {"n": 1})
    broker.enter(member, "room", "ann", None)
    broker.leave(member, "room", "ann")
    broker.enter(other, "room", "bob", None)
    assert [event for *_, event in other.notes] == ["join", "join"]
    broker.part(member)
    assert [event for *_, event in other.notes] == ["join", "join", "leave"]
    assert broker.kept(["room"], 10) == []
    assert not broker.catch_up(["room"], MessagePosition(broker.epoch, 0)).gap
    assert [each.id for each in broker.presence.of("room")] == ["bob"]


def test_kept() -> None:
    broker = Broker(BusLimits())
    for _ in range(5):
        broker.publish("a", b"jnull")
    assert [each.offset for each in broker.kept(["a"], 2)] == [4, 5]
    assert broker.kept(["a"], 0) == broker.kept(["b"], 9) == []


@pytest.mark.parametrize(
    "call",
    [("nothing",), ("get",), ("get", 1), ("set", "a", "j1"), ("increment", "a", "1", None)],
)
def test_calls_that_are_none(call: tuple[Any, ...]) -> None:
    method, *arguments = call
    with pytest.raises(BusError, match="the store has no"):
        call_store(Broker(BusLimits()), method, arguments)
