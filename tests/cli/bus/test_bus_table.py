"""Tables of `tornkit bus`."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.console import Console

from tests.nasty_text import NASTY, disobedient
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
