"""Upkeep of slots without a worker: others take their connections, until they have one again."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from tests.serve.scripted import CLAIM, FakeWorker
from tests.serve.workforce.crew import Crew, open_crew
from tornkit.serve.wire.messages import Adopt, Closed, Grant, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def crew() -> Iterator[Crew]:
    with open_crew() as crew:
        yield crew


@contextlib.contextmanager
def clients(crew: Crew, count: int = 40) -> Iterator[None]:
    """Connect so many clients that each of two sockets is given some."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            client.connect(next(iter(crew.listeners)).getsockname())
        crew.loop.passes()
        yield


def adopted(process: FakeWorker) -> int:
    """Count the connections that it was given since the last call."""
    return process.heard().count(Adopt(b""))


def test_connections_of_a_dead_worker_s_slot_are_taken(crew: Crew) -> None:
    first, second = crew.serve(2, claim=True)
    first.dies(1)
    crew.loop.passes()
    with clients(crew):
        assert adopted(second) > 0
    new = crew.new_worker()
    new.says(Ready())
    crew.loop.passes()
    with clients(crew):
        assert adopted(second) == 0, "the kernel's way again"


def test_connections_wait_where_another_generation_is_about_to_accept(crew: Crew) -> None:
    """Connections are left to it while an earlier one may still answer."""
    first, second = crew.serve(2, claim=True)
    crew.generation.opened = False
    first.dies(1)
    crew.loop.passes()
    with clients(crew):
        assert adopted(second) == 0


def test_a_worker_of_another_generation_changes_nothing(crew: Crew) -> None:
    """A socket of a slot that it is about to serve is left to it."""
    [process] = crew.serve(1, claim=True)
    [stranger] = crew.team.start(crew.begin(), [1])
    stranger.says(CLAIM)
    crew.loop.passes()
    assert stranger.heard() == [Grant()]
    with clients(crew):
        assert adopted(process) == 0


def test_a_slot_that_has_another_worker_is_its_own(crew: Crew) -> None:
    """End a recycled worker long after its successor was let in."""
    first, second = crew.serve(2, claim=True)
    successor = crew.wears_out(first)
    successor.says(Ready())
    crew.loop.passes()
    first.says(Closed())
    crew.loop.passes()
    first.dies(0)
    crew.loop.passes()
    with clients(crew):
        assert (adopted(successor), adopted(second)) == (0, 0)


def test_a_successor_that_dies_before_the_old_one_has_let_go_takes_no_slot(crew: Crew) -> None:
    """Go on passing its connections to others: the old one accepts no more, the next one boots."""
    first, second = crew.serve(2, claim=True)
    successor = crew.wears_out(first)
    successor.says(Ready())
    crew.loop.passes()
    successor.dies(1)
    crew.loop.passes()
    assert crew.new_worker().boot.slot == 0
    first.says(Closed())
    crew.loop.passes()
    with clients(crew):
        assert adopted(second) > 0
        [own] = crew.listeners.in_slot(0)
        with pytest.raises(BlockingIOError):
            own.accept()
