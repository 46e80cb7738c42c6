"""Readings of a hub: which channels are asked for, and the rates between two readings."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tornkit.bus.errors import Unavailable
from tornkit.cli.bus.readings import HubReader


class AnsweringHub:
    """In the place of a membership: what a hub answers."""

    def __init__(self) -> None:
        self.epoch, self.now = "e", 10.0
        self.published: dict[str, int] = {}
        self.asked: list[list[str]] = []

    async def run(self, work: Any) -> Any:
        return await work

    async def ask(self, method: str, *arguments: Any) -> Any:
        if method == "overview":
            return {"epoch": self.epoch, "members": [{"pid": 8}, {"pid": 9}]}
        if method == "published":
            begin, most = arguments[0], 50
            some = dict(list(self.published.items())[begin : begin + most])
            left = begin + most if begin + most < len(self.published) else None
            return {"now": self.now, "published": some, "next": left}
        self.asked += arguments
        return [{"name": name} for name in arguments[0]]


def read(reader: HubReader, most: int | None = None) -> dict[str, Any]:
    return asyncio.run(reader.read([{"pid": 8, "slot": 0}], most))


def rates(reading: dict[str, Any]) -> dict[str, float | None]:
    return {each["name"]: each["rate"] for each in reading["channels"]}


def test_rates_are_those_between_two_readings() -> None:
    hub: Any = AnsweringHub()
    reader = HubReader(hub)
    hub.published = {"a": 100, "b": 7, "gone": 5}
    first = read(reader)
    assert rates(first) == {"a": None, "b": None, "gone": None}
    assert first["rate"] is None
    assert [each["worker"] for each in first["members"]] == [1, None]
    hub.now, hub.published = 12.0, {"a": 104, "b": 107, "new": 6, "gone": 1}
    second = read(reader)
    assert list(rates(second).items()) == [("b", 50.0), ("new", 3.0), ("a", 2.0), ("gone", 0.0)]
    assert second["rate"] == 55.0
    hub.now, hub.epoch = 13.0, "f"
    assert set(rates(read(reader)).values()) == {None}, "of another hub"


def test_the_rate_of_the_first_channel_of_all() -> None:
    hub: Any = AnsweringHub()
    reader = HubReader(hub)
    assert read(reader)["rate"] == 0
    hub.now, hub.published = 12.0, {"a": 8}
    assert rates(read(reader)) == {"a": 4.0}


def test_a_hub_that_ends_meanwhile_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    hub: Any = AnsweringHub()
    hub.published = {"a": 8}
    answered, fails = hub.ask, iter([False, True, False, False, False, True, True])

    async def ask(method: str, *arguments: Any) -> Any:
        if next(fails):
            raise Unavailable("the hub of the bus has ended meanwhile")
        return await answered(method, *arguments)

    monkeypatch.setattr(hub, "ask", ask)
    reader = HubReader(hub)
    assert rates(read(reader)) == {"a": None}
    with pytest.raises(Unavailable):
        read(reader)


def test_only_what_is_shown_is_asked_for() -> None:
    hub: Any = AnsweringHub()
    reader = HubReader(hub)
    hub.published = {f"c{number}": number for number in range(120)}
    reading = read(reader, 2)
    assert hub.asked == [["c119", "c118"]]
    assert reading["channel_count"] == 120
    hub.asked.clear()
    assert len(read(reader)["channels"]) == 120
    assert [len(each) for each in hub.asked] == [50, 50, 20], "so that others have their turns"


def test_the_busiest_come_first() -> None:
    """Among those of one rate, those that have had the most; then by their names."""
    hub: Any = AnsweringHub()
    reader = HubReader(hub)
    hub.published = {"z": 10, "b": 3, "a": 3, "slow": 900}
    assert list(rates(read(reader))) == ["slow", "z", "a", "b"]
    hub.now, hub.published = 11.0, {"z": 12, "b": 4, "a": 4, "slow": 900}
    assert list(rates(read(reader))) == ["z", "a", "b", "slow"]


@pytest.mark.parametrize(("most", "count"), [(0, 1), (1, 1), (3, 2)])
def test_one_is_shown_at_least(most: int, count: int) -> None:
    hub: Any = AnsweringHub()
    hub.published = {"a": 1, "b": 2}
    reading = read(HubReader(hub), most)
    assert (len(reading["channels"]), reading["channel_count"]) == (count, 2)


def test_two_readings_at_the_same_time() -> None:
    hub: Any = AnsweringHub()
    reader = HubReader(hub)
    hub.published = {"a": 1}
    read(reader)
    hub.published = {"a": 2}
    assert rates(read(reader)) == {"a": pytest.approx(1000.0)}


def test_each_answer_has_its_own_time() -> None:
    """What a hub says of many channels comes in several answers."""
    hub: Any = AnsweringHub()
    answered = hub.ask

    async def ask(method: str, *arguments: Any) -> Any:
        found = await answered(method, *arguments)
        if method == "published":
            hub.now += 1.0
        return found

    hub.ask = ask
    hub.published = {f"c{number:02}": 10 for number in range(60)}
    reader = HubReader(hub)
    read(reader)
    hub.published = dict.fromkeys(hub.published, 14) | {"new": 6}
    found = rates(read(reader))
    assert (found["c00"], found["c59"]) == (2.0, 2.0), "after two seconds each"
    assert found["new"] == 3.0, "behind the last answer of the reading before"


def test_what_it_closes_is_its_membership() -> None:
    closed: list[bool] = []
    hub: Any = AnsweringHub()
    hub.close = lambda: closed.append(True)
    HubReader(hub).close()
    assert closed == [True]
