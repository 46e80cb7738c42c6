"""``tornkit status``: what the running servers say of themselves."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tornkit.cli import console, output
from tornkit.cli.platforms import described
from tornkit.cli.servers import NONE_RUNS, other_version, running
from tornkit.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

_EXAMPLES = """\b
Examples:
  tornkit status                 every server of yours
  tornkit status --pid 4711      one of them, by its supervisor
  tornkit status --watch         again every second, until Ctrl-C
  tornkit status --json | jq '.servers[].workers[].memory.pss'
"""


@click.command("status", epilog=_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with a list of servers.")
@click.option("--watch", is_flag=True, help="Show it again and again.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="For --watch.",
)
@click.option("--pid", type=int, help="Only the server with this supervisor.")
@click.pass_context
def command(
    context: click.Context, /, as_json: bool, watch: bool, interval: float, pid: int | None
) -> None:
    """Show the servers that `tornkit serve` runs for you, and how each worker is.

    For each worker: requests that it has had, those it is busy with, its open connections, how
    late its event loop is, and memory of its own and shared with others. Exit 1 if no server runs.
    """
    if not watch:
        servers = running(pid)
        _show(servers, as_json=as_json)
        context.exit(0 if servers else 1)
    with contextlib.suppress(KeyboardInterrupt):  # how one ends it
        while True:
            servers = running(pid)
            if not as_json:
                output.clear()
            _show(servers, as_json=as_json)
            time.sleep(interval)


def _show(servers: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        output.result_json(json.dumps({"servers": servers}))
    elif not servers:
        output.say(NONE_RUNS)
    else:
        for server in servers:
            _show_one(server)


def _show_one(server: dict[str, Any]) -> None:
    try:
        rendered = render(server)
    except (LookupError, TypeError, AttributeError):  # not what this version's supervisors send
        output.say(other_version(server))
        return
    console.out().print(*rendered, sep="\n")


def render(server: dict[str, Any]) -> list[RenderableType]:
    """Lay out one server's status: a heading, a table of its workers, what is warm, last error."""
    from rich.table import Table
    from rich.text import Text

    urls = printable(" ".join(server["urls"]))
    heading = Text.assemble(
        (printable(server["app"]), "bold"),
        f" at {urls or 'no address'}  ",
        (f"supervisor {server['pid']}, up {_duration(server['uptime'])}, ", "dim"),
        (f"generation {server['generation'] or 'none yet'}", "dim"),
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in (
        *("worker", "pid", "gen", "state", "up", "reqs", "busy", "conns", "lag"),
        *("own", "shared"),
    ):
        table.add_column(name, no_wrap=True)
    for worker in server["workers"]:
        memory = worker["memory"]
        table.add_row(
            str(worker["slot"] + 1),
            str(worker["pid"]),
            str(worker["generation"]),
            printable(worker["state"]),
            _duration(worker["uptime"]),
            str(worker["requests"]),
            str(worker["in_flight"]),
            str(worker["connections"]),
            "-" if worker["lag"] is None else f"{worker['lag'] * 1000:.0f} ms",
            "-" if memory is None else _mebibytes(memory["own"]),
            "-" if memory is None else _mebibytes(memory["shared"]),
        )
    below = [Text(printable(described(server["platform"])), style="dim")]
    if (hub := server["hub"]) is not None:
        memory = "-" if hub["memory"] is None else _mebibytes(hub["memory"]["own"])
        below.append(Text(f"hub of tornkit.bus: {hub['pid']}, {memory}", style="dim"))
    if server["warm"]["modules"]:
        below.append(Text(f"warm: {server['warm']['modules']} modules", style="dim"))
    for name, reason in server["warm"]["quarantined"].items():
        below.append(Text(printable(f"quarantined: {name} {reason}"), style="dim"))
    if server["last_error"] is not None:
        message = printable(server["last_error"]["message"])
        below.append(Text(f"last error: {message}", style="red"))
    return [heading, table, *below]


def _mebibytes(count: int) -> str:
    return f"{count / (1024 * 1024):.1f}M"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"
