"""Which stories there are: by number, so that story n of a seed can be made again by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

from tests.engine.stories.calls import CONNECTION, DETACHED, HANDLER, STREAM
from tests.engine.stories.story import Request, Step, Story

_CONNECTION, _STREAM, _HANDLER = tuple(CONNECTION), tuple(STREAM), tuple(HANDLER)
_DETACHED = tuple(DETACHED)
# What most programs do, so that a good part of the requests comes to a usual end.
_USUAL = ("handler.write", "handler.flush", "handler.finish", "connection.finish")
_KINDS = ("sync", "sync", "waiting", "waiting", "waiting", "streamed", "plain")
_BODIES = (0, 5, 5, 3_000, 70_000)


def generated(seed: int, number: int) -> Story:
    """Story ``number`` of this seed."""
    random = Random((seed << 40) | number)
    connections = random.choice((1, 1, 1, 2))
    # A connection belongs to one application, and so do its requests.
    callback = [random.random() < 0.2 for _ in range(connections)]
    requests: list[Request] = []
    steps: list[Step] = []
    for _ in range(random.randint(4, 12)):
        chance = random.random()
        if not requests or chance < 0.32:
            connection = random.randrange(connections)
            made = [
                _request(random, callback[connection])
                for _ in range(random.choice((1, 1, 1, 1, 1, 2, 3)))
            ]
            indices = tuple(range(len(requests), len(requests) + len(made)))
            requests += made
            steps.append(Step("send", connection, indices, rests=_rests(random)))
        elif chance < 0.80:
            index = _recent(random, len(requests))
            call = _call(random)
            steps.append(Step("call", requests=(index,), call=call, rests=_rests(random)))
        elif chance < 0.93:
            index = _recent(random, len(requests))
            what = "rest" if requests[index].held and random.random() < 0.5 else "go"
            steps.append(Step(what, requests=(index,), rests=_rests(random)))
        else:
            what = random.choice(("stall", "stall", "read", "end", "leave"))
            connection = random.randrange(connections)
            steps.append(Step(what, connection, rests=_rests(random)))
    steps = [
        replace(step, rests=step.rests or may_race(step, then))
        for step, then in pairwise((*steps, steps[-1]))
    ]
    return Story(tuple(requests), tuple(steps), f"{seed}:{number}")


def may_race(step: Step, then: Step) -> bool:
    """Whether it is chance in which order a loop sees the two: what a client does, and a task.

    Nor is it Tornado's turn of the loop in which a pipelined request begins: the engine is one
    ahead, and a task that goes on in between sees that.
    """
    if "go" in (step.what, then.what):
        return True
    return step.what in ("end", "leave") or then.what != "call"


def _rests(random: Random) -> bool:
    return random.random() < 0.8


def _recent(random: Random, count: int) -> int:
    """One of the requests so far; rather a late one."""
    return max(random.randrange(count), random.randrange(count))


def _call(random: Random) -> str:
    chance = random.random()
    if chance < 0.3:
        return random.choice(_USUAL)
    if chance < 0.55:
        return random.choice(_CONNECTION)
    if chance < 0.7:
        return random.choice(_STREAM)
    if chance < 0.75:
        return random.choice(_DETACHED)
    return random.choice(_HANDLER)


def _calls(random: Random) -> tuple[str, ...]:
    return tuple(_call(random) for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))))


def _request(random: Random, callback: bool) -> Request:
    method = random.choice(("GET", "GET", "GET", "HEAD", "POST", "POST"))
    body = random.choice(_BODIES) if method == "POST" else 0
    return Request(
        kind="callback" if callback else random.choice(_KINDS),
        method=method,
        body=body,
        held=random.choice((0, 0, 1, body)) if body else 0,
        during=_calls(random),
        after=_calls(random),
        close=random.random() < 0.08,
    )
