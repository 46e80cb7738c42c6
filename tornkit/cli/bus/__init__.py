"""``tornkit bus``: what goes over the bus of the running servers; publishing and listening.

listing.py     `tornkit bus`: channels and processes
publishing.py  `tornkit bus publish`
listening.py   `tornkit bus listen`
place.py       at which server or broker the bus is
membership.py  a bus of the command's own, through a running server
readings.py    what a hub says of its channels, and how fast messages come
table.py       that for people
failures.py    what the bus refuses, as a line
"""

from __future__ import annotations

from typing import Any

import click

from tornkit.cli.bus import listening, publishing
from tornkit.errors import UsageError

_EXAMPLES = """\b
Examples:
  tornkit bus                             channels, the busiest first
  tornkit bus --watch                     again every second, until Ctrl-C
  tornkit bus --json | jq '.servers[].bus.channels[] | select(.dropped > 0)'
  tornkit bus listen 'room:*'             what is published, a line a message
  tornkit bus publish room:1 '{"text": "hi"}'
"""


@click.group("bus", epilog=_EXAMPLES, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with a list of servers.")
@click.option("--watch", is_flag=True, help="Show it again and again.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="For --watch; and how long messages are counted for their rate.",
)
@click.option("--all", "show_all", is_flag=True, help="All channels, though the terminal is small.")
@click.option("--pid", type=int, help="Only the server with this supervisor.")
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Show what goes over tornkit.bus in the servers that `tornkit serve` runs for you.

    For each channel and pattern: messages a second and in all, what is kept, worker processes that
    hear of it and their subscriptions, who is present, messages that slow subscriptions have
    dropped, and subscriptions that were ended as their client did not read. Exit 1 if no server
    runs.
    """
    if context.invoked_subcommand is not None:
        for name in ("as_json", "watch", "show_all"):
            if options[name]:
                flag = name.removeprefix("as_").removeprefix("show_")
                raise UsageError(
                    f"--{flag} stands behind the command, where that has it: "
                    f"see tornkit bus {context.invoked_subcommand} --help"
                )
        return
    from tornkit.cli.bus.listing import run

    context.exit(run(**options))


command.add_command(publishing.command)
command.add_command(listening.command)
