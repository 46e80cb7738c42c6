"""Tables of `tornkit bus`.

Lines are laid out here: rich takes two milliseconds for a row, and there may be thousands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornkit.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_NARROWEST = 10  # columns of a terminal for a name, however little room there is
_CHANNELS = (
    *("channel", "msgs/s", "total", "kept", "size", "procs", "subs", "present", "drops", "ended"),
)
_MEMBERS = ("process", "pid", "channels", "subs", "unread")


def render(server: dict[str, Any], width: int | None) -> list[RenderableType]:
    """Lay out one server's bus: a heading, its channels, its processes, and sums.

    ``width``: of the terminal; None: as wide as the text is.
    """
    from rich.text import Text

    urls = printable(" ".join(server["urls"]))
    heading = Text.assemble(
        (printable(server["app"]), "bold"),
        f" at {urls or 'no address'}  ",
        (f"supervisor {server['pid']}", "dim"),
    )
    bus = server["bus"]
    if "elsewhere" in server:
        where = printable(server["elsewhere"])
        return [heading, Text(f"the bus is at {where}, which is not asked for it", style="dim")]
    if bus is None:
        return [heading, Text("no program uses tornkit.bus", style="dim")]
    tables = []
    if bus["channels"]:
        tables.append(_table(_CHANNELS, [_channel(each) for each in bus["channels"]], width))
    left = bus["channel_count"] - len(bus["channels"])
    if left:
        tables.append(Text(f"and {left:,} more; --all shows them", style="dim"))
    if bus["members"]:
        tables.append(_table(_MEMBERS, [_member(each) for each in bus["members"]], width))
    return [heading, *tables, Text(_sums(bus), style="dim")]


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]], width: int | None) -> Text:
    """Text of a table with heads: names to the left, shortened where the width has no room."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
    if width is not None:
        room = width - sum(each + 2 for each in widths[1:])
        widths[0] = min(widths[0], max(room, _NARROWEST))
    lines = []
    for name, *numbers in (heads, *rows):
        shown = name
        if cell_len(name) > widths[0]:
            shown = f"{set_cell_size(name, widths[0] - 1).rstrip()}…"
        cells = (f"{each:>{size}}" for each, size in zip(numbers, widths[1:], strict=True))
        lines.append("  ".join((set_cell_size(shown, widths[0]), *cells)))
    return Text.assemble((lines[0], "dim"), *(f"\n{line}" for line in lines[1:]))


def _channel(told: dict[str, Any]) -> tuple[str, ...]:
    is_pattern = told["pattern"]
    rate = "-" if told["rate"] is None else _rate(told["rate"])
    kept = (rate, f"{told['published']:,}", f"{told['kept']:,}", _size(told["bytes"]))
    return (
        printable(told["name"]),
        *(("-",) * len(kept) if is_pattern else kept),
        f"{told['processes']:,}",
        f"{told['subscribers']:,}",
        "-" if is_pattern else f"{told['present']:,}",
        f"{told['dropped']:,}",
        f"{told['ended']:,}",
    )


def _member(told: dict[str, Any]) -> tuple[str, ...]:
    slot = told["worker"]
    return (
        printable(told["role"]) if slot is None else f"worker {slot}",
        str(told["pid"]),
        f"{told['names']:,}",
        f"{told['subscribers']:,}",
        _size(told["waiting"]),
    )


def _sums(bus: dict[str, Any]) -> str:
    rate = "" if bus["rate"] is None else f"{_rate(bus['rate'])} messages a second; "
    said = (
        f"{_counted(bus['channel_count'], 'channel')}; {rate}"
        f"{_counted(bus['kept'], 'message')} kept, {_size(bus['bytes'])}; "
        f"{_counted(bus['values'], 'value')} in the store, {_size(bus['value_bytes'])}"
    )
    if bus["dropped_members"]:
        said += f"; {_counted(bus['dropped_members'], 'process')} disconnected that did not read"
    return said


def _counted(count: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def _rate(rate: float) -> str:
    return f"{rate:.1f}" if 0 < rate < 10 else f"{rate:,.0f}"


def _size(count: int) -> str:
    if count < 1024:
        return f"{count}B"
    return f"{count / 1024:.1f}K" if count < 1024 * 1024 else f"{count / (1024 * 1024):.1f}M"
