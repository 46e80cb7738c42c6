"""What is kept, against a list that forgets nothing."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tornkit.bus.broker import history as module
from tornkit.bus.broker.history import History, Kept
from tornkit.bus.names import matches
from tornkit.bus_limits import BusLimits

NAMES = ("a", "b", "a:1", "a:2", "nobody's")
ASKED = (("a",), ("a", "b"), ("a:*",), ("*",), ("a*", "b"), ("nobody's",), ("new",))


def fits(names: tuple[str, ...], message: Kept) -> bool:
    return any(matches(name, message.channel) for name in names)


def newest(messages: list[Kept], as_many: list[Kept]) -> list[Kept]:
    """The newest of each channel, as many as another list has of it."""
    left = Counter(each.channel for each in as_many)
    found = []
    for message in reversed(messages):
        if left[message.channel] > 0:
            left[message.channel] -= 1
            found.append(message)
    return found[::-1]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_missed_or_that_something_is(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(module, "_MOST_FORGOTTEN", rng.choice([0, 1, 10_000]))
    limits = BusLimits(
        history=rng.choice([1, 2, 5, 100]),
        history_age=rng.choice([3.0, 20.0, 1e9]),
        history_bytes=rng.choice([500, 2000, 10**9]),
    )
    history = History(limits)
    all_of_them: list[Kept] = []
    now = 0.0
    for offset in range(1, 300):
        now += rng.choice([0.0, 0.5, 1.0])
        message = Kept(rng.choice(NAMES[:-1]), offset, now, bytes(rng.randrange(200)))
        history.add(message, now)
        all_of_them.append(message)
        if rng.random() < 0.1:
            now += rng.choice([0.0, 5.0])
            history.expire(now)
        names = rng.choice(ASKED)
        theirs = [each for each in all_of_them if fits(names, each)]
        since = rng.randrange(offset + 1)
        missed = history.since(names, since)
        expected = [each for each in theirs if each.offset > since]
        assert missed.messages == newest(expected, missed.messages)
        if len(missed.messages) < len(expected):
            assert missed.gap, "never a loss in silence"
        elif module._MOST_FORGOTTEN == 10_000:
            assert not missed.gap, "nor a gap that is none"
        assert history.of(names) == newest(theirs, history.of(names))


def test_a_gap_in_one_of_two_channels() -> None:
    history = History(BusLimits(history=2))
    for offset, name in enumerate("aaab", 1):
        history.add(Kept(name, offset, 0.0, b""), 0.0)
    assert history.since(("b",), 0) == ([Kept("b", 4, 0.0, b"")], False)
    assert history.since(("a",), 1).gap is False
    assert history.since(("a",), 0).gap is True
    assert history.since(("a", "b"), 0).gap is True


def test_memory_is_bounded() -> None:
    limits = BusLimits(history=10**6, history_bytes=100_000)
    history = History(limits)
    for offset in range(1, 5000):
        history.add(Kept(f"channel {offset % 700}", offset, 0.0, bytes(100)), 0.0)
        assert history.size <= limits.history_bytes
    # No more is let go than has to be, and channels count: a thousand of one message take more
    # than one of a thousand.
    messages = history.of(["*"])
    names = {each.channel for each in messages}
    assert history.size == len(messages) * (module._OVERHEAD + 100) + sum(
        module._CHANNEL + len(name) for name in names
    )
    assert history.size > 0.95 * limits.history_bytes
    assert len(names) == len(messages)


def test_nothing_is_left_of_what_is_too_old() -> None:
    history = History(BusLimits(history_age=10))
    history.add(Kept("a", 1, 0.0, b""), 0.0)
    history.expire(9.9)
    assert len(history) == 1
    history.expire(10.0)
    assert (len(history), history.size, history.of(["*"])) == (0, 0, [])
    assert history.since(("a",), 0).gap
    assert not history.since(("a",), 1).gap
