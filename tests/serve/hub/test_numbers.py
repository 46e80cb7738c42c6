"""Numbers of the hub's members and channels, as `tornkit bus` asks for them."""

from __future__ import annotations

from typing import Any

import pytest

from tornkit.bus.broker.broker import Broker
from tornkit.bus.broker.history import Kept
from tornkit.bus.links.outgoing import Outgoing
from tornkit.bus.message import Event
from tornkit.bus_limits import BusLimits
from tornkit.serve.hub import numbers as module
from tornkit.serve.hub.numbers import HubNumbers


class Member:
    def __init__(self) -> None:
        self.unsent = Outgoing()

    def deliver(self, message: Kept, event: Event) -> None:
        self.unsent.add(message.payload)


class Stage:
    def __init__(self, **limits: Any) -> None:
        self.now = 0.0
        self.broker = Broker(BusLimits(**limits), clock=lambda: self.now)
        self.numbers = HubNumbers(self.broker)

    def member(self, pid: int, *names: str, role: str = "worker") -> Member:
        member = Member()
        self.numbers.introduce(member, pid, role)
        for name in names:
            self.broker.watch(member, name)
        return member

    def of(self, name: str) -> dict[str, Any]:
        (found,) = self.numbers.channels([name])
        assert found.pop("name") == name
        return found

    def published(self) -> dict[str, int]:
        found = self.numbers.published(Member(), 0)
        assert (found["now"], found["next"]) == (self.now, None)
        return found["published"]


def test_a_channel() -> None:
    stage = Stage(history=2)
    one, other = stage.member(7, "a"), stage.member(8, "a")
    third = stage.member(8, "a", "a*")
    for _ in range(5):
        stage.broker.publish("a", b"j12345")
    stage.broker.enter(one, "a", "ann", None)
    stage.numbers.take(one, {"a": [3, 0, 0]})
    stage.numbers.take(other, {"a": [1, 10, 0]})
    stage.numbers.take(third, {"a": [4, 1, 2], "a*": [9, 0, 0]})
    found = stage.of("a")
    assert found.pop("bytes") == stage.broker.history.size > 12
    assert found == {
        "pattern": False,
        "published": 5,
        "kept": 2,
        "processes": 2,
        "subscribers": 8,
        "subscribers_by_pid": {"7": 3, "8": 5},
        "present": 1,
        "dropped": 11,
        "ended": 2,
    }
    pattern = stage.of("a*")
    assert (pattern["pattern"], pattern["processes"], pattern["subscribers"]) == (True, 1, 9)


def test_a_channel_that_nobody_knows() -> None:
    found = Stage().of("a")
    assert (found["published"], found["kept"], found["subscribers"]) == (0, 0, 0)


def test_what_is_told_later_takes_the_place_of_what_was() -> None:
    stage = Stage()
    one = stage.member(7, "a")
    stage.numbers.take(one, {"a": [3, 1, 0]})
    stage.numbers.take(one, {"a": [0, 1, 0]})
    assert (stage.of("a")["subscribers"], stage.of("a")["dropped"]) == (0, 2)
    (member,) = stage.numbers.overview()["members"]
    assert (member["names"], member["subscribers"]) == (0, 0)


def test_published_counts_on_where_nothing_is_kept_any_more() -> None:
    stage = Stage(history=0)
    stage.member(7, "a")
    for _ in range(4):
        stage.broker.publish("a", b"j1")
    assert (stage.of("a")["published"], stage.of("a")["kept"]) == (4, 0)
    assert stage.published() == {"a": 4}
    aged = Stage(history_age=60.0)
    aged.member(7, "a")
    aged.broker.publish("a", b"j1")
    aged.now = 100.0
    aged.broker.publish("a", b"j1")
    assert aged.of("a")["published"] == 2


def test_the_overview() -> None:
    stage = Stage()
    one = stage.member(7, "a", "b*")
    stage.member(9, "c", role="")
    stage.broker.enter(one, "there", "ann", None)
    stage.broker.publish("d", b"j1")
    stage.broker.publish("a", b"j123")
    stage.broker.store.set("key", b"j1", None, 0.0)
    stage.numbers.take(one, {"a": [2, 0, 0], "b*": [1, 0, 0]})
    found = stage.numbers.overview()
    assert stage.published() == {"d": 1, "a": 1, "b*": 0, "c": 0, "there": 0}
    assert found["members"] == [
        {"pid": 7, "role": "worker", "names": 2, "subscribers": 3, "waiting": 4}
    ], "one without a role is not shown"
    assert (found["kept"], found["values"], found["epoch"]) == (2, 1, stage.broker.epoch)


def test_one_that_has_parted_is_forgotten_and_its_drops_are_not() -> None:
    stage = Stage()
    one = stage.member(7, "a")
    stage.numbers.take(one, {"a": [2, 5, 0]})
    stage.broker.part(one)
    stage.numbers.part(one)
    assert (stage.of("a")["subscribers"], stage.of("a")["dropped"]) == (0, 5)
    assert stage.numbers.overview()["members"] == []


@pytest.mark.parametrize("changes", [{"a": ["x", 0, 0]}, {"a": [1]}, {"a": None}])
def test_nonsense_is_refused_and_spoils_nothing(changes: Any) -> None:
    stage = Stage()
    one = stage.member(7, "a")
    with pytest.raises((ValueError, TypeError)):
        stage.numbers.take(one, changes)
    assert stage.of("a")["subscribers"] == 0
    assert stage.numbers.overview()["members"][0]["subscribers"] == 0


def test_slow_channels_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SLOW", 3)
    stage = Stage()
    one = stage.member(7)
    stage.numbers.take(one, {"first": [0, 1, 0]})
    for number in range(3):
        stage.numbers.take(one, {f"a{number}": [0, 1, 0]})
    assert (stage.of("first")["dropped"], stage.of("a0")["dropped"]) == (0, 1)


def test_many_channels_are_told_of_in_several_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    stage = Stage()
    one = stage.member(7)
    for number in range(5):
        stage.broker.publish(f"a{number}", b"j1")
    first = stage.numbers.published(one, 0)
    assert (first["published"], first["next"]) == ({"a0": 1, "a1": 1}, 2)
    stage.broker.publish("new", b"j1")
    stage.broker.publish("a2", b"j1")
    second = stage.numbers.published(one, 2)
    assert second["published"] == {"a2": 2, "a3": 1}
    last = stage.numbers.published(one, 4)
    assert (last["published"], last["next"]) == ({"a4": 1}, None)
    assert stage.numbers.published(one, 2)["published"] == {}, "as one that has begun elsewhere"
