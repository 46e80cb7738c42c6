"""Tables of `tornkit bus`, and the rates in them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.nasty_text import NASTY, disobedient
from tornkit.bus.errors import Unavailable
from tornkit.cli.bus.readings import HubReader
from tornkit.cli.bus.table import render

CHANNEL = {
    "name": "room:1",
    "pattern": False,
    "published": 1234,
    "kept": 100,
    "bytes": 30_000,
    "processes": 2,
    "subscribers": 22,
    "present": 1,
    "dropped": 17,
    "ended": 3,
    "rate": 12.34,
}
PATTERN = {**CHANNEL, "name": "news:*", "pattern": True}
MEMBERS = [
    {"pid": 7, "role": "worker", "names": 2, "subscribers": 5, "waiting": 0, "worker": 1},
    {"pid": 8, "role": "terminal", "names": 1, "subscribers": 1, "waiting": 9000, "worker": None},
]
BUS: dict[str, Any] = {
    "rate": 12.34,
    "channel_count": 2,
    "channels": [CHANNEL, PATTERN],
    "members": MEMBERS,
    "kept": 1,
    "bytes": 300,
    "values": 2,
    "value_bytes": 5 << 20,
    "dropped_members": 0,
}


def shown(bus: dict[str, Any] | None, app: str = "app.py", width: int | None = None) -> list[str]:
    server = {"pid": 4711, "app": app, "urls": ["http://127.0.0.1:8888"], "bus": bus}
    console = Console(width=400, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(*render(server, width), sep="\n")
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_server() -> None:
    heading, names, first, second, _, worker, terminal, sums = shown(BUS)
    assert heading == "app.py at http://127.0.0.1:8888  supervisor 4711"
    assert names.split()[:3] == ["channel", "msgs/s", "total"]
    assert first.split() == [
        *("room:1", "12", "1,234", "100", "29.3K", "2", "22", "1", "17", "3"),
    ]
    assert second.split() == ["news:*", "-", "-", "-", "-", "2", "22", "-", "17", "3"]
    assert worker.split() == ["worker", "1", "7", "2", "5", "0B"]
    assert terminal.split() == ["terminal", "8", "1", "1", "8.8K"]
    assert sums == (
        "2 channels; 12 messages a second; 1 message kept, 300B; 2 values in the store, 5.0M"
    )


def test_what_there_is_no_room_for_is_counted() -> None:
    lines = shown({**BUS, "channel_count": 1502, "dropped_members": 1, "rate": None})
    assert "and 1,500 more; --all shows them" in lines
    assert lines[-1].startswith("1,502 channels; 1 message kept")
    assert lines[-1].endswith("; 1 process disconnected that did not read")


def test_nothing_yet() -> None:
    assert shown(None)[1:] == ["no program uses tornkit.bus"]
    none = {**BUS, "channel_count": 0, "channels": [], "members": []}
    _, sums = shown(none)
    assert sums.startswith("0 channels; ")


def test_names_are_printable_and_not_too_wide() -> None:
    nasty = {**CHANNEL, "name": NASTY}
    long = {**CHANNEL, "name": "界" * 80}
    lines = shown({**BUS, "channels": [nasty, long]}, app=NASTY)
    assert disobedient("\n".join(lines)) == set()
    assert not [line for line in lines if line.startswith("14:00:00")]
    assert any(line.startswith("界" * 80) for line in lines)
    lines = shown({**BUS, "channels": [nasty, long]}, width=80)
    assert [cell_len(line) for line in lines[1:4]] == [80, 80, 80]
    name, *numbers = lines[3].split()
    assert name.endswith("界…")
    assert numbers == ["12", "1,234", "100", "29.3K", "2", "22", "1", "17", "3"]


def test_where_there_is_hardly_room() -> None:
    row = shown({**BUS, "channels": [{**CHANNEL, "name": "x" * 99}]}, width=20)[2]
    assert row.startswith(f"{'x' * 9}…  ")


class Hub:
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
    hub: Any = Hub()
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
    hub: Any = Hub()
    reader = HubReader(hub)
    assert read(reader)["rate"] == 0
    hub.now, hub.published = 12.0, {"a": 8}
    assert rates(read(reader)) == {"a": 4.0}


def test_a_hub_that_ends_meanwhile_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    hub: Any = Hub()
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
    hub: Any = Hub()
    reader = HubReader(hub)
    hub.published = {f"c{number}": number for number in range(120)}
    reading = read(reader, 2)
    assert hub.asked == [["c119", "c118"]]
    assert reading["channel_count"] == 120
    hub.asked.clear()
    assert len(read(reader)["channels"]) == 120
    assert [len(each) for each in hub.asked] == [50, 50, 20], "so that others have their turns"
