"""``tornkit bus listen``: what is published, a line a message."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import click

from tornkit.cli import output
from tornkit.cli.bus.place import BusPlace, chosen_place, place_options
from tornkit.errors import UsageError
from tornkit.printable import printable

if TYPE_CHECKING:
    from tornkit.bus import Message, Subscription

_EXAMPLES = """\b
Examples:
  tornkit bus listen room:1
  tornkit bus listen 'room:*' news              several, and all that begin so
  tornkit bus listen room:1 --since 5f0c7f1e2a3b-17
  tornkit bus listen room:1 --json --count 10 | jq .data
"""
_MOST_WAITING = 10_000  # messages, for a reader of our output that is slow


@click.command("listen", epilog=_EXAMPLES, short_help="Print what is published.")
@click.argument("names", metavar="CHANNEL|PATTERN...", nargs=-1, required=True)
@click.option("--since", metavar="POSITION", help="First what came behind this position.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option("--joins", is_flag=True, help="Also who comes and who goes.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@place_options
@click.pass_context
def command(
    context: click.Context,
    /,
    names: tuple[str, ...],
    since: str | None,
    pid: int | None,
    url: str | None,
    **how: Any,
) -> None:
    """Print what is published to channels, and to all that a pattern with * stands for.

    A line has the time, the channel, the position and the data. Where messages are missing, a line
    says so. Ctrl-C ends it, with exit code 0.
    """
    from tornkit.bus.position import position_of
    from tornkit.cli.bus.failures import run

    if since is not None and not position_of(since).epoch:
        raise UsageError(
            f"{since} is no position; tornkit bus publish prints one, as 5f0c7f1e2a3b-17"
        )
    place = chosen_place(context, pid, url)
    try:
        run(_listen(place, names, since, **how))
    except KeyboardInterrupt:  # how one ends it
        return


async def _listen(
    place: BusPlace,
    names: tuple[str, ...],
    since: str | None,
    *,
    count: int | None,
    joins: bool,
    as_json: bool,
) -> None:
    from tornkit.bus import Subscription, pattern
    from tornkit.cli.bus.membership import membership_at

    with contextlib.closing(membership_at(place, _say_lost)) as membership:
        subscription = Subscription(
            membership.bus,
            tuple(pattern(each) if "*" in each else each for each in names),
            since=since,
            joins=joins,
            present=None,
            info=None,
            most=_MOST_WAITING,
            on_slow="drop_oldest",
        )
        await membership.run(_print(subscription, count, as_json=as_json))


def _say_lost() -> None:
    output.say("the hub was lost; once it is there again, what was missed follows, or a gap")


async def _print(subscription: Subscription, count: int | None, *, as_json: bool) -> None:
    left = count
    async with subscription as messages:
        output.say(f"listening from {messages.position}; Ctrl-C ends")
        epoch = messages.position.partition("-")[0]
        async for message in messages:
            if as_json:
                output.result_json(json.dumps(_as_json(message), ensure_ascii=False))
            else:
                output.result(_line(message, is_anew=message.epoch != epoch))
            epoch = message.epoch
            if left is not None and message.event != "gap":
                left -= 1
                if not left:
                    return


def _as_json(message: Message) -> dict[str, Any]:
    data = message.data
    content = {"base64": base64.b64encode(data).decode()} if message.is_bytes else {"data": data}
    return {
        "channel": message.channel,
        "event": message.event,
        "position": message.position,
        "time": message.time,
        **content,
    }


def _line(message: Message, *, is_anew: bool) -> str:
    if message.event == "gap":
        number = message.data
        what = "messages are missing" if number is None else f"{number:,} messages are missing"
        if is_anew:
            what += ": the bus was started anew since then"
        when, data = time.time(), f"gap: {what}"
    else:
        when = message.time
        data = repr(message.data) if message.is_bytes else message.json
        if message.event != "message":
            data = f"{message.event}: {data}"
    clock = time.strftime("%H:%M:%S", time.localtime(when))
    return f"{clock} {printable(message.channel)} {message.position} {printable(data)}"
