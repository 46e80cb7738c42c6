"""Output of ``--reverse``: the URL alone for scripts, what became of it for people, JSON.

The JSON object, whose keys are only ever added: ``version``, ``tornado``, ``app``; ``name`` and
``args`` as given; ``url``, the first answer's, or null; ``answers``, one for each application that
has the name: ``application`` (its place among those of the program), ``route``, ``url``,
``outcome`` (``ok``, ``fails``, ``misses``, ``taken``, ``undecided``), ``leads_back`` (null where
that is undecided), ``host`` (with which the URL was sent back), ``reason``, ``by`` (indices of
the routes in the way), ``others`` (routes of the same name that it does not reverse to);
``similar``, names like it where there is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tornkit.masking import masked
from tornkit.printable import printable
from tornkit.routing.model import Outcome, Reversal
from tornkit.routing.render import words
from tornkit.routing.render.spans import Span, SpanLine
from tornkit.routing.render.table_json import VERSION
from tornkit.routing.reversing.named import NameAnswer, Reversed

_STYLES = {None: "yellow", True: "green", False: "red"}


def lines(found: Reversed) -> Iterator[SpanLine]:
    """Lines that say, beside the URL of ``found.first``, what became of it."""
    if not found.answers:
        yield [Span(printable(_unknown(found)), "red")]
    for answer in found.answers:
        where = f"application {answer.application}: " if _several(found) else ""
        style = _STYLES[answer.leads_back]
        yield [Span(printable(f"{where}{_sentence(answer)}"), style)]
        if answer.others:
            routes = ", ".join(str(index) for index in answer.others)
            plural = "s" if len(answer.others) > 1 else ""
            yield [Span(f"  its name is also that of route{plural} {routes}, which it never gives")]


def _several(found: Reversed) -> bool:
    return len({answer.application for answer in found.answers}) > 1


def _unknown(found: Reversed) -> str:
    if not found.names:
        return f"no route is named {found.name!r}: none has a name"
    if found.similar:
        return f"no route is named {found.name!r}. Did you mean {' or '.join(found.similar)}?"
    return f"no route is named {found.name!r}; tornkit routes lists the names"


def _sentence(answer: NameAnswer) -> str:
    """Sentence on one answer: ``/posts/7 leads back to route 4, Post``."""
    reversal = answer.reversal
    route = f"route {answer.route.index}, {words.handler(answer.route)}"
    match reversal.outcome:
        case Outcome.FAILS:
            return f"{route}, can't be reversed: {reversal.reason}"
        case Outcome.OK:
            back = f"leads back to {route}"
        case Outcome.UNDECIDED:
            back = f"may lead back to {route}: {reversal.reason}"
        case _:
            back = f"does not lead back to {route}: {reversal.reason}"
    return f"{reversal.url} {back}{_with(reversal)}"


def _with(reversal: Reversal) -> str:
    """Clause on the arguments that came back, and on the host that the URL needs."""
    said = []
    if reversal.outcome is Outcome.OK and reversal.args:
        several = "s" if len(reversal.args) > 1 else ""
        said.append(f"the argument{several} {', '.join(map(repr, reversal.args))}")
    if reversal.host is not None and reversal.host != "localhost":
        said.append(f"the host {reversal.host}")
    return f", with {' and '.join(said)}" if said else ""


def document(found: Reversed, app: str, tornado: str) -> str:
    """JSON document; ASCII alone, and so valid in whatever encoding standard output has."""
    first = found.first
    return json.dumps(
        {
            "version": VERSION,
            "tornado": tornado,
            "app": app,
            "name": found.name,
            "args": list(found.args),
            "url": None if first is None else first.reversal.url,
            "answers": [_answer(answer) for answer in found.answers],
            "similar": list(found.similar),
        },
        indent=2,
    )


def _answer(answer: NameAnswer) -> dict[str, Any]:
    return {
        "application": answer.application,
        "route": answer.route.index,
        "url": answer.reversal.url,
        "outcome": answer.reversal.outcome.value,
        "leads_back": answer.leads_back,
        "host": answer.reversal.host,
        "reason": masked(answer.reversal.reason) or None,
        "by": list(answer.reversal.by),
        "others": list(answer.others),
    }
