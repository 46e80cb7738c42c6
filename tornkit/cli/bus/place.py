"""Where a command's bus is: at a server that runs, or at a broker of its own URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tornkit.cli.parameter_types import BusURL
from tornkit.cli.servers import the_one

BusPlace = str | dict[str, Any]
"""A broker's URL, or what a server says of itself."""


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `chosen_place` reads."""
    pid = click.option(
        "--pid", type=int, help="The server with this supervisor, where several run."
    )
    url = click.option(
        "--bus",
        "url",
        type=BusURL(),
        envvar="TORNKIT_BUS",
        help="A broker instead, as of tornkit serve --bus.",
    )
    return pid(url(command))


def chosen_place(context: click.Context, pid: int | None, url: str | None) -> BusPlace:
    """The broker's URL, or the server, that the options of a command name.

    ``--pid`` may also stand in front of the command.

    :raises TornkitError: no server runs.
    :raises UsageError: several do.
    """
    if url:
        return url
    return the_one(pid if pid is not None else (context.parent or context).params.get("pid"))
