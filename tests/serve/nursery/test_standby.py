"""Spare interpreters: what they hold, when there are how many, and what is told of them.

`bare` has learned nothing yet, `standby` one module.
"""

from __future__ import annotations

import pytest

from tests.serve.nursery.forks import born
from tests.serve.nursery.house import HOME, PREPARE, Births, House, StandInProcess
from tests.serve.scripted import NO_PID
from tornkit.serve.nursery.standby import Standby
from tornkit.serve.wire.messages import Warm
from tornkit.serve.wire.warmth import Warmth

pytestmark = pytest.mark.usefixtures("no_leaks")

COUNT = 2
REFILL = 1.0  # seconds behind a start


@pytest.fixture
def bare(house: House) -> Standby:
    bare = Standby(house.loop, house.told.append, PREPARE, 2)
    house.connect(bare)
    return bare


@pytest.fixture
def standby(house: House) -> Standby:
    """Spares for two workers, which hold one module."""
    standby = Standby(house.loop, house.told.append, PREPARE, COUNT, keep_stdin=True)
    house.connect(standby)
    spawn(standby, 0)
    standby.learn(("json",), HOME)
    house.turn()
    house.told.clear()
    return standby


def spawn(standby: Standby, count: int = COUNT) -> Births:
    births = Births()
    standby.spawn(count, HOME, births)
    return births


def spares(house: House) -> list[StandInProcess]:
    """Return all spares that were started and not killed."""
    return [each for each in house.started if each.role == "standby" and not each.killed]


def roles(house: House) -> list[str]:
    return [process.role for process in house.started]


def test_spares_import_what_a_good_worker_has_and_are_used(house: House, bare: Standby) -> None:
    born(house, bare, 2)
    assert roles(house) == ["worker"] * 2
    bare.learn(("json", "wave"), HOME)
    house.turn()
    assert roles(house)[2:] == ["standby"] * 2
    assert [spare.heard() for spare in house.started[2:]] == [[Warm(("json", "wave"))]] * 2
    assert bare.pids() == [NO_PID + 2, NO_PID + 3]
    assert house.told == [bare.warmth] == [Warmth(2, {})]
    assert born(house, bare, 2) == [NO_PID + 2, NO_PID + 3]
    assert [spare.heard() for spare in house.started[2:4]] == [[PREPARE]] * 2
    assert bare.pids() == []
    assert born(house, bare, 1) == [NO_PID + 4], "none is left"


def test_spares_of_another_environment_are_dismissed(house: House, bare: Standby) -> None:
    born(house, bare, 1)
    bare.learn(("json",), HOME)
    house.turn()
    born(house, bare, 1, {"HOME": "/home/ann"})
    assert [process.killed for process in house.started] == [False, True, True, False]
    assert house.new().environment == {"HOME": "/home/ann"}


def test_spares_that_know_too_little_are_dismissed(house: House, bare: Standby) -> None:
    born(house, bare, 1)
    bare.learn(("json",), HOME)
    house.turn()
    bare.learn(("json", "wave"), HOME)
    house.turn()
    assert [process.killed for process in house.started] == [False, True, True, False, False]
    assert house.new().heard() == [Warm(("json", "wave"))]


def test_a_spare_that_dies_is_no_worker_that_died(house: House, bare: Standby) -> None:
    born(house, bare, 1)
    bare.learn(("json",), HOME)
    house.turn()
    bare.reaped(NO_PID + 1, 1)
    bare.reaped(NO_PID, 3)
    house.turn()
    assert house.exits == [(NO_PID, 3)]
    assert bare.pids() == [NO_PID + 2]


def test_spares_that_are_used_are_replaced_behind_the_start(house: House, standby: Standby) -> None:
    used = spawn(standby, 1).pids()
    assert used == [house.started[0].pid], "the one that has stood by longest"
    house.loop.passes(REFILL - 0.1)
    assert len(standby.pids()) == 1
    house.loop.passes(0.2)
    assert len(standby.pids()) == COUNT
    assert house.new().heard() == [Warm(("json",))]
    assert house.new().environment == HOME
    assert house.new().keeps_stdin
    assert house.told == [], "as much is warm as before"


def test_two_starts_one_after_another_leave_no_spare_too_many(
    house: House, standby: Standby
) -> None:
    first, second = spawn(standby, 1), spawn(standby, 1)
    house.loop.passes(REFILL + 0.1)
    assert len(standby.pids()) == COUNT
    first.pids()
    second.pids()


def test_without_anything_to_import_none_stands_by(house: House) -> None:
    standby = Standby(house.loop, house.told.append, PREPARE, COUNT)
    spawn(standby, 1).pids()
    standby.learn((), HOME)
    house.loop.passes(REFILL + 0.1)
    assert [process.role for process in house.started] == ["worker"]
    assert house.told == []


def test_what_is_learned_twice_is_no_news(house: House, standby: Standby) -> None:
    before = list(house.started)
    standby.learn(("json",), HOME)
    house.turn()
    assert house.started == before
    assert not any(process.killed for process in before)


def test_a_module_that_is_different_in_a_worker_is_imported_no_more(
    house: House, standby: Standby
) -> None:
    standby.learn(("wave",), HOME)
    house.turn()
    house.told.clear()
    before = spares(house)
    standby.exclude({"json": "depends on the variable COLOUR"})
    house.turn()
    assert all(process.killed and process.closed for process in before)
    assert [spare.heard() for spare in spares(house)] == [[Warm(("wave",))]] * COUNT
    assert house.told == [standby.warmth]
    assert standby.warmth == Warmth(1, {"json": "depends on the variable COLOUR"})


def test_the_other_worker_finds_the_same_difference(house: House, standby: Standby) -> None:
    """Keep the spares: neither that, nor another import of the module, is news."""
    standby.learn(("wave",), HOME)
    standby.exclude({"json": "is different"})
    house.turn()
    before = list(house.started)
    standby.exclude({"json": "is different"})
    standby.learn(("wave", "json"), HOME)
    house.turn()
    assert house.started == before


def test_where_nothing_is_left_to_import_that_is_told(house: House, standby: Standby) -> None:
    standby.exclude({"json": "depends on the variable COLOUR"})
    house.turn()
    assert standby.pids() == []
    assert house.told == [standby.warmth]
    assert standby.warmth == Warmth(0, {"json": "depends on the variable COLOUR"})


def test_a_dead_spare_is_replaced_behind_the_next_start(house: House, standby: Standby) -> None:
    first, second = spares(house)
    standby.reaped(first.pid, 1)
    assert first.closed
    assert standby.pids() == [second.pid]
    spawn(standby, 0)
    house.loop.passes(REFILL + 0.1)
    assert len(standby.pids()) == COUNT
    assert house.exits == [], "no worker has ended"


def test_one_that_died_before_it_was_told_is_no_trouble(house: House, standby: Standby) -> None:
    """Report its end as a worker's: it was given away."""
    spare, _ = spares(house)
    spare.theirs.close()
    births = spawn(standby, COUNT)
    assert len(births.pids()) == COUNT
    standby.reaped(spare.pid, 1)
    house.turn()
    assert house.exits == [(spare.pid, 1)]


def test_where_interpreters_are_refused_the_spares_are_given_all_the_same(
    house: House, standby: Standby
) -> None:
    house.refuses_after = 0
    births = spawn(standby, COUNT + 1)
    assert len(births.pids()) == COUNT
    assert [str(error) for error in births.errors] == ["no more processes"]


def test_a_report_that_is_missing_changes_nothing(house: House, standby: Standby) -> None:
    """Trust the kernel for each end: all are children of the supervisor's."""
    births = spawn(standby, 1)
    standby.unreported(births.pids()[0])
    house.turn()
    assert house.exits == []
    assert not any(process.killed for process in house.started)
