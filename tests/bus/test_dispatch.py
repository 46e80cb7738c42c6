"""Listeners: each message once, what was missed first, and a gap where there is one."""

from __future__ import annotations

import random

import pytest

from tornkit.bus import dispatch
from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.dispatch import Dispatch, Listener, message_of
from tornkit.bus.message import Event, Message
from tornkit.bus.names import matches
from tornkit.bus.position import MessagePosition

PAYLOAD = b"jnull"


def kept(offset: int) -> Kept:
    return Kept("a", offset, 0.0, PAYLOAD)


def message(offset: int, epoch: str = "e", event: Event = "message") -> Message:
    return message_of(epoch, kept(offset), event)


class Heard(Listener):
    """A listener that notes what it hears."""

    def __init__(self, *names: str, joins: bool = False) -> None:
        self.notes: list[tuple[str, int]] = []
        super().__init__(names or ("a",), self.note, joins=joins)

    def note(self, message: Message) -> None:
        self.notes.append((message.event, message.offset))

    def since(self) -> list[tuple[str, int]]:
        notes, self.notes = self.notes, []
        return notes


def caught_up(offset: int, *messages: int, epoch: str = "e", gap: bool = False) -> CaughtUp:
    return CaughtUp(MessagePosition(epoch, offset), [kept(each) for each in messages], gap)


def heard_up_to(offset: int) -> Heard:
    listener = Heard()
    listener.caught_up(caught_up(offset))
    assert listener.since() == []
    return listener


def test_nothing_before_it_knows_where_it_is() -> None:
    listener = Heard()
    listener.take(message(1), "e")
    listener.take(message(2), "e")
    assert listener.notes == []
    listener.caught_up(caught_up(1))
    assert listener.since() == [("message", 1), ("message", 2)]
    listener.take(message(2), "e")
    listener.take(message(3), "e")
    assert listener.since() == [("message", 3)]


def test_what_was_missed_comes_first_and_nothing_twice() -> None:
    listener = heard_up_to(3)
    listener.wait()
    listener.take(message(7), "e")
    listener.take(message(8), "e")
    listener.caught_up(caught_up(7, 5, 6, 7))
    assert listener.since() == [("message", each) for each in (5, 6, 7, 8)]
    assert listener.position == ("e", 8)


def test_a_gap_is_in_front_of_what_is_there() -> None:
    listener = heard_up_to(3)
    listener.wait()
    listener.caught_up(caught_up(9, 7, 9, gap=True))
    assert listener.since() == [("gap", 6), ("message", 7), ("message", 9)]
    listener.wait()
    listener.caught_up(caught_up(20, gap=True))
    assert listener.since() == [("gap", 20)]
    assert listener.position == ("e", 20)


def test_another_epoch_begins_anew() -> None:
    listener = heard_up_to(100)
    listener.wait()
    listener.take(message(2, "f"), "f")
    listener.caught_up(caught_up(1, 1, epoch="f", gap=True))
    assert listener.since() == [("gap", 0), ("message", 1), ("message", 2)]
    assert listener.position == ("f", 2)


def test_what_came_of_an_epoch_that_is_over_is_part_of_the_gap() -> None:
    """The link is lost a second time, while it catches up."""
    listener = heard_up_to(3)
    listener.wait()
    listener.take(message(50, "f"), "f")
    listener.wait()
    listener.caught_up(caught_up(1, 1, epoch="g", gap=True))
    assert listener.since() == [("gap", 0), ("message", 1)]
    assert listener.position == ("g", 1)


def test_those_who_come_and_go_only_for_whoever_asks() -> None:
    for joins in (False, True):
        listener = Heard(joins=joins)
        listener.caught_up(caught_up(0))
        listener.take(message(1, event="join"), "e")
        listener.take(message(2), "e")
        assert listener.since() == [("join", 1)] * joins + [("message", 2)]


@pytest.mark.parametrize("seed", range(10))
def test_who_hears_of_what(seed: int) -> None:
    rng = random.Random(seed)
    dispatch = Dispatch()
    names = ["a", "b", "a:1", "a*", "*", "*:1"]
    listeners: list[Heard] = []
    for _ in range(500):
        if rng.random() < 0.3:
            listener = Heard(*dict.fromkeys(rng.choices(names, k=rng.randrange(1, 4))))
            theirs = {name for each in listeners for name in each.names}
            assert dispatch.add(listener) == [each for each in listener.names if each not in theirs]
            listeners.append(listener)
        elif listeners and rng.random() < 0.3:
            gone = listeners.pop(rng.randrange(len(listeners)))
            theirs = {name for each in listeners for name in each.names}
            assert dispatch.remove(gone) == [each for each in gone.names if each not in theirs]
            assert dispatch.remove(gone) == []
        channel = rng.choice(["a", "b", "a:1", "c"])
        fits = [each for each in listeners if any(matches(name, channel) for name in each.names)]
        assert set(dispatch.of(channel)) == set(fits)
        assert len(dispatch.of(channel)) == len(fits)
        assert set(dispatch) == set(listeners)


def test_one_that_raises_is_told_of_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def fail(message: Message) -> None:
        raise ZeroDivisionError(message.offset)

    listener = Listener(("a",), fail)
    listener.take(message(2), "e")
    listener.caught_up(caught_up(1, 1))
    listener.take(message(3), "e")
    assert listener.position == ("e", 3)
    assert [each.exc_info[0] for each in caplog.records if each.exc_info] == [ZeroDivisionError] * 3


def test_what_comes_while_it_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_MOST_WAITING", 5 * message(1).size)
    for fetched, expected in (
        # What was not kept is neither among what was fetched: a gap, where it was.
        (2, [("message", 1), ("message", 2), ("gap", 6), ("message", 7), ("message", 8)]),
        (5, [*(("message", each) for each in range(1, 6)), ("gap", 6), ("message", 7)]),
        # It was fetched meanwhile: nothing is missing.
        (6, [("message", each) for each in range(1, 8)]),
        (8, [("message", each) for each in range(1, 9)]),
    ):
        listener = heard_up_to(0)
        listener.wait()
        for offset in range(1, 9):
            listener.take(message(offset), "e")
        assert listener.waits
        listener.caught_up(caught_up(fetched, *range(1, fetched + 1)))
        heard = listener.since()
        assert heard[: len(expected)] == expected
        assert heard[-1] == ("message", 8)
        listener.take(message(9), "e")
        assert listener.since() == [("message", 9)]


def test_of_an_epoch_that_is_over_nothing_is_lost_but_what_the_gap_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "_MOST_WAITING", 1)
    listener = heard_up_to(0)
    listener.wait()
    listener.take(message(1), "e")
    listener.caught_up(caught_up(0, epoch="f", gap=True))
    assert listener.since() == [("gap", 0)]
