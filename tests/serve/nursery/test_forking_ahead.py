"""Forks ahead of time: when they are made, given, and thrown away."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from tests.serve.nursery.forks import REFILL, forked, numbers, serve_twice, want
from tests.serve.nursery.house import HOME, PREPARE, House
from tests.serve.scripted import NO_PID
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import Exited, Fork, Unfit, Warmed

pytestmark = pytest.mark.usefixtures("no_leaks")

REST = 600.0  # seconds behind a start


def test_those_that_were_forked_ahead_are_there_at_once(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL - 0.01)
    assert zygote.heard() == []
    house.loop.passes(0.02)
    [(request, descriptors)] = zygote.theirs.receive_ready()
    assert request == Fork(HOME)
    zygote.says(forked(3, 4))
    house.turn()
    assert forking.pids() == [zygote.pid, NO_PID + 1003, NO_PID + 1004]
    births = want(forking)
    assert numbers(births) == [3], "the oldest first, from within the call"
    worker, other = (Channel(socket.socket(fileno=each)) for each in descriptors)
    assert worker.receive_ready() == [(PREPARE, [])], "they have prepared themselves"
    worker.close()
    other.close()
    assert zygote.heard() == []
    forking._ahead.dismiss()


def test_one_that_was_used_is_made_up_for(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3, 4))
    house.turn()
    zygote.heard()
    births = want(forking)
    house.loop.passes(REFILL)
    [(_, descriptors)] = zygote.theirs.receive_ready()
    for descriptor in descriptors:
        os.close(descriptor)
    assert len(descriptors) == 1
    zygote.says(forked(5))
    house.turn()
    assert numbers(births) == [3]
    assert forking.pids() == [zygote.pid, NO_PID + 1004, NO_PID + 1005]
    forking._ahead.dismiss()


def test_those_that_are_missing_are_asked_for(house: House) -> None:
    forking = house.forking(spares=1)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3))
    house.turn()
    births = want(forking, 3)
    assert len(births.processes) == 1
    zygote.says(forked(4, 5))
    house.turn()
    assert numbers(births) == [3, 4, 5]


def test_behind_the_first_start_none_is_forked_ahead(house: House) -> None:
    """Wait for a second start: edits may never come."""
    house.will_fork.append(forked(1))
    forking = house.forking(spares=2)
    births = want(forking)
    house.turn()
    house.new().heard()
    house.loop.passes(REFILL)
    assert numbers(births) == [1]
    assert house.new().heard() == []


def test_two_starts_at_once_are_one_request(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    third = want(forking)
    zygote.says(forked(3))
    house.turn()
    house.loop.passes(REFILL)
    assert zygote.heard() == [Fork(HOME)] * 2, "the third worker; two ahead of time"
    zygote.says(forked(4, 5))
    house.turn()
    assert numbers(third) == [3]
    assert len(forking.pids()) == 3
    forking._ahead.dismiss()


def test_without_an_edit_for_long_their_memory_is_given_back(house: House) -> None:
    forking = house.forking(spares=1)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3))
    house.turn()
    house.loop.passes(REST / 2)
    births = want(forking)
    house.loop.passes(REFILL)
    zygote.says(forked(4))
    house.turn()
    house.loop.passes(REST / 2)
    assert len(forking.pids()) == 2, "since the last start it is not so long"
    house.loop.passes(REST / 2)
    assert forking.pids() == [zygote.pid]
    assert numbers(births) == [3]


def test_ahead_of_time_a_refusal_is_not_told(house: House) -> None:
    """Leave the telling to the next worker that is wanted."""
    forking = house.forking(spares=1)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(Unfit("Resource temporarily unavailable", errno=errno.EAGAIN))
    house.turn()
    assert forking.pids() == [zygote.pid]
    zygote.says(Unfit("Resource temporarily unavailable", errno=errno.EAGAIN))
    births = want(forking)
    house.turn()
    assert [error.errno for error in births.errors] == [errno.EAGAIN]


def test_those_of_a_zygote_that_was_replaced_are_not_used(house: House) -> None:
    """Dismiss them: they hold less than the zygote that forks now."""
    forking = house.forking(spares=1)
    active = serve_twice(house, forking)
    forking.learn(("json",), HOME)
    candidate = house.new()
    house.loop.passes(REFILL)
    candidate.says(Warmed(200))
    house.turn()
    active.says(forked(3))
    house.turn()
    assert forking.pids() == [active.pid, candidate.pid]
    candidate.says(forked(4))
    births = want(forking)
    house.turn()
    assert numbers(births) == [4]


def test_those_of_a_zygote_that_was_replaced_are_dismissed_alone(house: House) -> None:
    """Keep those that the zygote has forked by then that took its place."""
    forking = house.forking(spares=1)
    replaced = serve_twice(house, forking)
    forking.learn(("json",), HOME)
    active = house.new()
    house.loop.passes(REFILL)
    active.says(Warmed(200))
    house.turn()
    active.says(forked(3))
    births = want(forking)
    house.loop.passes(REFILL)
    active.says(forked(4))
    house.turn()
    replaced.says(forked(5))
    house.turn()
    assert numbers(births) == [3]
    assert forking.pids() == [replaced.pid, active.pid, NO_PID + 1004]
    forking._ahead.dismiss()


def test_one_that_was_forked_ahead_and_has_ended_is_given_to_none(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3, 4), Exited(NO_PID + 1003, -9))
    house.turn()
    births = want(forking)
    assert numbers(births) == [4]
