"""Tables of `tornkit bus`, and the rates in them."""

from __future__ import annotations

import asyncio
from typing import Any

from rich.console import Console

from tests.nasty_text import NASTY, disobedient
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


def shown(bus: dict[str, Any] | None, app: str = "app.py") -> list[str]:
    server = {"pid": 4711, "app": app, "urls": ["http://127.0.0.1:8888"], "bus": bus}
    console = Console(width=120, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(*render(server), sep="\n")
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_server() -> None:
    heading, names, first, second, _, worker, terminal, sums = shown(BUS)
    assert heading == "app.py at http://127.0.0.1:8888  supervisor 4711"
    assert names.split()[:3] == ["channel", "msgs/s", "published"]
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
    assert shown(none)[-1].startswith("0 channels; ")


def test_names_are_printable_and_not_too_wide() -> None:
    nasty = {**CHANNEL, "name": NASTY}
    lines = shown({**BUS, "channels": [nasty, {**CHANNEL, "name": "x" * 255}]}, app=NASTY)
    assert disobedient("\n".join(lines)) == set()
    assert not [line for line in lines if line.startswith("14:00:00")]
    (long,) = [line for line in lines if line.startswith("xxx")]
    name, *numbers = long.split()
    assert name.endswith("x…")
    assert numbers == ["12", "1,234", "100", "29.3K", "2", "22", "1", "17", "3"]


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
            told = {"epoch": self.epoch, "now": self.now, "published": dict(self.published)}
            return {**told, "members": [{"pid": 8}, {"pid": 9}]}
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
