"""Stories about the end of a connection: who is told of it, after which calls, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from random import Random

from tests.engine.stories.generate import may_race
from tests.engine.stories.story import Request, Step, Story

_CLOSES = ("stream.close", "connection.close")
_SETS = ("stream.set_close_callback", "connection.set_close_callback")
_DURING = ((), ("stream.close",), ("connection.close",), ("stream.close", _SETS[0]))
_CALLS = (
    *_CLOSES,
    *_SETS,
    "stream.set_close_callback",
    "stream.set_close_callback None",
    "stream.close with an error",
    "stream.reading",
    "handler.finish",
    "handler.flush",
    "connection.finish",
    "connection.detach",
    "connection.write_headers of 3, whole",
)


def every() -> Iterator[Story]:
    """Each order of up to four calls that close, finish and ask to be told, at once or apart."""
    number = 0
    for kind, during, length in product(("waiting", "callback"), _DURING, (2, 3, 4)):
        for calls in product((*_CLOSES, *_SETS, "handler.finish"), repeat=length):
            if calls[-1] not in _CLOSES or not set(calls) & set(_SETS):
                continue
            for rests in product((True, False), repeat=length - 1):
                steps = [Step("send", requests=(0,))]
                steps += [
                    Step("call", requests=(0,), call=call, rests=rest)
                    for call, rest in zip(calls, (*rests, True), strict=True)
                ]
                requests = (Request(kind, during=during), Request(), Request())
                yield Story(requests, tuple(steps), f"closing {number}")
                number += 1


def generated_closing(seed: int, number: int) -> Story:
    """Story ``number`` of this seed, of calls that have to do with the end of a connection."""
    random = Random((seed << 40) | number)
    kind = random.choice(("waiting", "waiting", "callback", "sync", "streamed", "plain"))
    requests = [_request(random, kind)]
    for _ in range(2):
        other = kind if kind == "callback" else random.choice(("sync", "waiting"))
        requests.append(_request(random, other))
    steps = [Step("send", requests=(0,))]
    sent = 1
    for _ in range(random.randint(2, 6)):
        chance = random.random()
        index = random.randrange(sent)
        if chance < 0.8:
            call = random.choice(_CALLS)
            rests = random.random() < 0.5
            steps.append(Step("call", requests=(index,), call=call, rests=rests))
        elif chance < 0.88 and sent < len(requests):
            steps.append(Step("send", requests=(sent,)))
            sent += 1
        elif chance < 0.94:
            what = "rest" if requests[index].held else "go"
            steps.append(Step(what, requests=(index,)))
        else:
            steps.append(Step(random.choice(("end", "leave"))))
    steps = [
        replace(step, rests=step.rests or may_race(step, then))
        for step, then in pairwise((*steps, steps[-1]))
    ]
    return Story(tuple(requests), tuple(steps), f"closing {seed}:{number}")


def _request(random: Random, kind: str) -> Request:
    body = random.choice((0, 0, 5, 3_000))
    return Request(
        kind=kind,
        method="POST" if body else "GET",
        body=body,
        held=random.choice((0, 1, body)) if body else 0,
        during=tuple(random.choice(_CALLS) for _ in range(random.choice((0, 0, 1, 2)))),
    )
