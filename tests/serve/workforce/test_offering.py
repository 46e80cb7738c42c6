"""Sockets that workers are given with their `Boot`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.serve.scripted import CLAIM
from tests.serve.workforce.team import Journal, Team, team
from tornkit.serve.sockets.sockets import BALANCED, Listeners
from tornkit.serve.wire.messages import Claim, Offer, Ready
from tornkit.serve.workforce import offering
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.offering import offers

pytestmark = pytest.mark.usefixtures("no_leaks")

UNKNOWN = Claim(port=1)


@pytest.fixture
def crew() -> Iterator[Team]:
    with team() as crew:
        crew.workforce.connect(Journal())
        yield crew


@pytest.fixture
def old(crew: Team) -> Generation:
    """A generation of two workers that serve, the first of which has claimed an address."""
    old = Generation(1, (), 0.0)
    first, _ = crew.serve(old, 2)
    first.says(CLAIM)
    crew.loop.passes()
    return old


def claimed(listeners: Listeners, slot: int, generation: int) -> list[Claim]:
    return [claim for claim, _ in listeners.held(slot, generation)]


def test_a_successor_has_what_its_predecessor_claimed(crew: Team, old: Generation) -> None:
    new = Generation(2, ("app.py",), 0.0)
    first, second = crew.start(new, [0, 1])
    assert first.boot.offers == (Offer(CLAIM, 1),)
    assert second.boot.offers == (() if BALANCED else (Offer(CLAIM, 1),))
    assert claimed(crew.listeners, 0, 2) == [], "until it says that it has taken it"
    first.says(Ready(claims=(replace(CLAIM, backlog=9),)))
    crew.loop.passes()
    assert crew.worker(first).state is WorkerState.READY
    assert claimed(crew.listeners, 0, 2) == [CLAIM]


def test_what_is_spoken_may_come_to_be_known_with_ready(crew: Team) -> None:
    [process] = crew.start(Generation(1, (), 0.0), [0])
    process.says(CLAIM)
    crew.loop.passes()
    assert [scheme for _, scheme in crew.listeners.with_schemes()] == ["http"]
    process.says(Ready(claims=(replace(CLAIM, scheme="https"),)))
    crew.loop.passes()
    assert crew.worker(process).state is WorkerState.READY
    assert [scheme for _, scheme in crew.listeners.with_schemes()] == ["https"]


def test_where_nobody_serves_nothing_is_offered(crew: Team) -> None:
    crew.listeners.claim(CLAIM, 0, 0)
    [process] = crew.start(Generation(1, (), 0.0), [0])
    assert process.boot.offers == ()


def test_what_an_earlier_generation_claimed_is_not_offered(crew: Team, old: Generation) -> None:
    """It may be closed in any moment."""
    crew.listeners.claim(replace(CLAIM, occurrence=1), 0, 0)
    assert claimed(crew.listeners, 0, 0) == [replace(CLAIM, occurrence=1)]
    [process] = crew.start(Generation(2, (), 0.0), [0])
    assert process.boot.offers == (Offer(CLAIM, 1),)


@pytest.mark.parametrize("claims", [(UNKNOWN,), (CLAIM, UNKNOWN)])
def test_one_that_takes_what_is_not_there_is_not_what_it_was(
    crew: Team, old: Generation, claims: tuple[Claim, ...]
) -> None:
    [process] = crew.start(Generation(2, (), 0.0), [0])
    worker = crew.worker(process)
    process.says(Ready(claims=claims))
    crew.loop.passes()
    assert worker.failure is not None
    assert worker.failure.message == "said Ready untimely"
    assert worker.state is WorkerState.GONE
    assert UNKNOWN not in claimed(crew.listeners, 0, 2), "nothing is bound for it"


def test_no_more_than_a_message_carries(
    crew: Team, old: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offering, "_MOST", 2)
    for occurrence in range(3):
        crew.listeners.claim(replace(CLAIM, occurrence=occurrence), 0, 1)
    found, descriptors = offers(crew.listeners, 0, crew.workforce.of(old))
    assert [offer.claim.occurrence for offer in found] == [0, 1]
    assert len(descriptors) == 2
