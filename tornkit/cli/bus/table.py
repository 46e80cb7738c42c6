"""Tables of `tornkit bus`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tornkit.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

CHANNEL_COLUMNS = (
    *("channel", "msgs/s", "published", "kept", "size", "procs", "subs", "present"),
    *("dropped", "ended"),
)


def render(server: dict[str, Any]) -> list[RenderableType]:
    """One server: a heading, its channels, its processes, and sums."""
    from rich.text import Text

    urls = printable(" ".join(server["urls"]))
    heading = Text.assemble(
        (printable(server["app"]), "bold"),
        f" at {urls or 'no address'}  ",
        (f"supervisor {server['pid']}", "dim"),
    )
    bus = server["bus"]
    if bus is None:
        return [heading, Text("no program uses tornkit.bus", style="dim")]
    left = bus["channel_count"] - len(bus["channels"])
    more = [Text(f"and {left:,} more; --all shows them", style="dim")] if left else []
    members = [_members(bus["members"])] if bus["members"] else []
    return [heading, _channels(bus["channels"]), *more, *members, _sums(bus)]


def _table(columns: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, name in enumerate(columns):
        # Where there is too little room, the names give way.
        table.add_column(name, no_wrap=number > 0, justify="right" if number else "left")
    return table


def _channels(channels: list[dict[str, Any]]) -> Table:
    from rich.text import Text

    table = _table(CHANNEL_COLUMNS)
    for each in channels:
        numbers = (
            ("-", "-", "-", "-")
            if each["pattern"]
            else (
                "-" if each["rate"] is None else _rate(each["rate"]),
                f"{each['published']:,}",
                f"{each['kept']:,}",
                _size(each["bytes"]),
            )
        )
        table.add_row(
            Text(printable(each["name"]), no_wrap=True, overflow="ellipsis"),
            *numbers,
            f"{each['processes']:,}",
            f"{each['subscribers']:,}",
            "-" if each["pattern"] else f"{each['present']:,}",
            f"{each['dropped']:,}",
            f"{each['ended']:,}",
        )
    return table


def _members(members: list[dict[str, Any]]) -> Table:
    table = _table(("process", "pid", "channels", "subs", "waiting"))
    for each in members:
        name = f"worker {each['worker']}" if each["worker"] is not None else printable(each["role"])
        table.add_row(
            name,
            str(each["pid"]),
            f"{each['names']:,}",
            f"{each['subscribers']:,}",
            _size(each["waiting"]),
        )
    return table


def _sums(bus: dict[str, Any]) -> RenderableType:
    from rich.text import Text

    rate = "" if bus["rate"] is None else f"{_rate(bus['rate'])} messages a second; "
    said = (
        f"{_counted(bus['channel_count'], 'channel')}; {rate}"
        f"{_counted(bus['kept'], 'message')} kept, {_size(bus['bytes'])}; "
        f"{_counted(bus['values'], 'value')} in the store, {_size(bus['value_bytes'])}"
    )
    if bus["dropped_members"]:
        said += f"; {_counted(bus['dropped_members'], 'process')} disconnected that did not read"
    return Text(said, style="dim")


def _counted(count: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def _rate(rate: float) -> str:
    return f"{rate:.1f}" if 0 < rate < 10 else f"{rate:,.0f}"


def _size(count: int) -> str:
    if count < 1024:
        return f"{count}B"
    return f"{count / 1024:.1f}K" if count < 1024 * 1024 else f"{count / (1024 * 1024):.1f}M"
