"""Workers that are fresh interpreters: all that are wanted, or none."""

from __future__ import annotations

import pytest

from tests.serve.nursery.house import HOME, PREPARE, Births, House
from tests.serve.scripted import NO_PID
from tornkit.serve.nursery.fresh import Fresh, start_workers, tell
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.wire.messages import Prepare
from tornkit.serve.wire.warmth import Warmth

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def fresh(house: House) -> Fresh:
    fresh = Fresh(house.loop, PREPARE)
    house.connect(fresh)
    return fresh


def test_each_worker_is_an_interpreter(house: House) -> None:
    fresh = Fresh(house.loop, PREPARE, keep_stdin=True)
    house.connect(fresh)
    births = Births()
    fresh.spawn(2, HOME, births)
    assert [each.pid for each in births.processes] == [NO_PID, NO_PID + 1]
    assert [(each.role, each.environment) for each in house.started] == [("worker", HOME)] * 2
    assert house.started[0].keeps_stdin
    assert [process.heard() for process in house.started] == [[PREPARE]] * 2
    fresh.learn(("json",), HOME)
    fresh.reaped(NO_PID, 3)
    assert house.exits == [], "never from within another call"
    house.turn()
    assert house.exits == [(NO_PID, 3)]
    assert (fresh.pids(), fresh.warmth) == ([], Warmth(0, {}))


def test_one_that_can_not_be_started_takes_the_others_along(house: House) -> None:
    house.refuses_after = 2
    with pytest.raises(OSError, match="no more processes"):
        start_workers(3, HOME, PREPARE, keep_stdin=False)
    assert len(house.started) == 2
    assert [process.killed for process in house.started] == [True, True]
    assert [process.closed for process in house.started] == [True, True]
    for process in house.started:
        with pytest.raises(ChannelClosed):
            process.heard()  # nothing, but that it is to end


def test_a_spawn_that_is_refused_tells_of_no_birth(house: House, fresh: Fresh) -> None:
    """Raise instead, as the protocol has it."""
    house.refuses_after = 1
    births = Births()
    with pytest.raises(OSError, match="no more processes"):
        fresh.spawn(2, HOME, births)
    assert (births.processes, births.errors) == ([], [])


def test_all_are_born_at_once_with_the_environment_of_this_spawn(
    house: House, fresh: Fresh
) -> None:
    births = Births()
    fresh.spawn(1, HOME, births)
    fresh.spawn(2, {"HOME": "/home/ann"}, births, beside=True)
    assert births.pids() == [process.pid for process in house.started]
    assert [process.environment["HOME"] for process in house.started] == [
        "/",
        "/home/ann",
        "/home/ann",
    ]
    assert not any(process.keeps_stdin for process in house.started)


def test_one_that_ended_meanwhile_does_not_keep_the_others_from_being_told(house: House) -> None:
    processes = start_workers(3, HOME, PREPARE, keep_stdin=True)
    house.started[1].theirs.close()
    later = Prepare({"told": "later"})
    tell(processes, later)
    assert house.started[0].heard() == [PREPARE, later]
    assert house.started[2].heard() == [PREPARE, later]
    assert all(process.keeps_stdin for process in house.started)


def test_nothing_is_ever_warm(house: House, fresh: Fresh) -> None:
    fresh.spawn(1, HOME, Births())
    fresh.learn(("json",), HOME)
    fresh.exclude({"json": "is different"})
    fresh.unreported(house.new().pid)
    house.turn()
    assert fresh.warmth.modules == 0
    assert len(house.started) == 1
    assert (house.told, house.exits, house.stale) == ([], [], [])
