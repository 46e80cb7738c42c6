"""``tornkit bus publish``: one message."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

import click

from tornkit.cli import output
from tornkit.cli.bus.place import BusPlace, chosen_place, place_options
from tornkit.errors import TornkitError, UsageError

_EXAMPLES = """\b
Examples:
  tornkit bus publish room:1 '{"text": "hi"}'   a JSON value
  tornkit bus publish room:1 hello              what is no JSON is a text
  tornkit bus publish room:1 --text 42          a text all the same: "42"
  tornkit bus publish pictures --bytes - < a.png
  tornkit bus publish level -- -5               what begins with a dash stands behind --
"""


@click.command("publish", epilog=_EXAMPLES, short_help="Publish a message.")
@click.argument("channel")
@click.argument("data")
@click.option("--text", "as_text", is_flag=True, help="DATA is a text, though it may look as JSON.")
@click.option("--bytes", "as_bytes", is_flag=True, help="DATA is bytes.")
@place_options
@click.pass_context
def command(
    context: click.Context,
    /,
    channel: str,
    data: str,
    as_text: bool,
    as_bytes: bool,
    pid: int | None,
    url: str | None,
) -> None:
    """Publish a message to all workers that hear of CHANNEL, and print its position.

    DATA is a JSON value if it can be read as one, else a text; with - it comes from standard input,
    and if it is a text, without its last line end.
    """
    if as_text and as_bytes:
        raise UsageError("--text and --bytes exclude each other")
    if "*" in channel:
        raise UsageError(f"{channel} is a pattern; a message goes to one channel, without a *")
    place = chosen_place(context, pid, url)
    value = _value(data, as_text=as_text, as_bytes=as_bytes)
    from tornkit.cli.bus.failures import run

    output.result(run(_publish(place, channel, value)))


async def _publish(place: BusPlace, channel: str, value: Any) -> str:
    from tornkit.cli.bus.membership import membership_at

    with contextlib.closing(membership_at(place)) as membership:
        return await membership.run(membership.bus.publish(channel, value))


def _value(data: str, *, as_text: bool, as_bytes: bool) -> Any:
    given = sys.stdin.buffer.read() if data == "-" else os.fsencode(data)
    if as_bytes:
        return given
    try:
        text = given.decode()
    except UnicodeDecodeError:
        raise TornkitError("that is no text in UTF-8; --bytes publishes it as it is") from None
    if data == "-":
        text = text.removesuffix("\n").removesuffix("\r")
    if not as_text:
        try:
            return json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            pass
    return text


def _refuse(word: str) -> None:
    """Refuse the constants NaN and Infinity in JSON: the bus has no such values.

    :raises ValueError: always.
    """
    raise ValueError(word)
