"""Upkeep of the generation that serves: which workers it wants, replaces and lets in.

A generation is there from the start; its workers are those of `tests.serve.workforce.team`. Slots
without a worker, and a program that ends, are in files beside this one.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.scripted import Script, World, config, get_ready
from tests.serve.workforce.crew import Crew, open_crew, told
from tornkit.serve.config import RecyclePolicy
from tornkit.serve.sources.sources import mark
from tornkit.serve.wire.messages import Closed, Drain, Go, Ready
from tornkit.serve.workforce.generation import GenerationState

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def crew() -> Iterator[Crew]:
    with open_crew() as crew:
        yield crew


# ---- which are wanted ----


def test_while_it_boots_all_are_wanted(crew: Crew) -> None:
    assert crew.upkeep.is_wanted(crew.generation, 0)
    crew.generations.over = True
    assert not crew.upkeep.is_wanted(crew.generation, 0)


def test_none_is_wanted_for_one_that_has_failed(crew: Crew) -> None:
    crew.generation.move(GenerationState.FAILED)
    assert not crew.upkeep.is_wanted(crew.generation, 0)


def test_once_it_serves_those_are_wanted_that_have_no_worker(crew: Crew) -> None:
    crew.serve(1)
    wanted = [crew.upkeep.is_wanted(crew.generation, slot) for slot in range(3)]
    assert wanted == [False, True, False], "one has a worker; two is the size"


def test_none_is_wanted_for_one_that_gives_way(crew: Crew) -> None:
    crew.serve(1)
    old, crew.generation = crew.generation, crew.begin()
    crew.generations.serve(crew.generation)
    assert not crew.upkeep.is_wanted(old, 1)
    assert crew.upkeep.is_wanted(crew.generation, 0), "what the old one has does not count"


def test_none_is_wanted_at_the_end(crew: Crew) -> None:
    crew.serve(1)
    crew.generations.over = True
    assert not crew.upkeep.is_wanted(crew.generation, 1)


def test_a_worker_that_goes_leaves_its_slot_free(crew: Crew) -> None:
    first, second = crew.serve(2)
    crew.team.workforce.retire(crew.team.worker(first), successor=True)
    assert crew.upkeep.is_wanted(crew.generation, 0)
    crew.wears_out(second)
    assert not crew.upkeep.is_wanted(crew.generation, 1), "its successor boots there"


# ---- a worker that dies ----


def test_one_that_drained_is_not_replaced(crew: Crew) -> None:
    first, _ = crew.serve(2)
    crew.team.workforce.retire(crew.team.worker(first), successor=True)
    first.dies(0)
    crew.settles()
    assert crew.team.world.new_workers() == []
    assert told(crew) == []


def test_one_of_an_earlier_generation_is_not_replaced(crew: Crew) -> None:
    first, _ = crew.serve(2)
    crew.generation = crew.begin()
    crew.generations.serve(crew.generation)
    first.dies(-signal.SIGKILL)
    crew.settles()
    assert crew.team.world.new_workers() == []
    assert told(crew) == []


def test_that_none_serves_is_said_once_until_one_has_served(crew: Crew) -> None:
    [process] = crew.serve(1)
    crew.loop.passes(100)
    process.dies(1)
    crew.loop.passes()
    assert told(crew) == ["died"], "it served: nothing says that another can't"
    for expected in (["none serves", "died"], ["died"]):
        crew.new_worker().dies(1)
        crew.loop.passes()
        assert told(crew) == expected
        crew.settles()
    process = crew.new_worker()
    process.says(Ready())
    crew.loop.passes()
    process.dies(1)
    crew.settles()
    assert told(crew) == ["died"]
    crew.new_worker().dies(1)
    crew.loop.passes()
    assert told(crew) == ["none serves", "died"]


# ---- a worker that stands in ----


def test_the_successor_of_one_that_is_recycled_waits_until_it_has_let_go(crew: Crew) -> None:
    old, _ = crew.serve(2)
    successor = crew.wears_out(old)
    assert successor.boot.slot == 0
    assert told(crew) == ["recycles"]
    assert old.heard() == []
    successor.says(Ready())
    crew.loop.passes()
    assert (old.heard(), successor.heard()) == ([Drain(10.0, successor=True)], [])
    old.says(Closed())
    crew.loop.passes()
    assert successor.heard() == [Go()]
    old.dies(0)
    crew.settles()
    assert crew.team.world.new_workers() == []
    assert told(crew) == []


def test_the_end_of_one_that_is_recycled_lets_its_successor_in(crew: Crew) -> None:
    old, _ = crew.serve(2)
    successor = crew.wears_out(old)
    successor.says(Ready())
    crew.loop.passes()
    old.dies(-signal.SIGKILL)
    crew.loop.passes()
    assert successor.heard() == [Go()]


def test_one_that_dies_before_its_successor_is_ready_needs_no_other(crew: Crew) -> None:
    old, _ = crew.serve(2)
    successor = crew.wears_out(old)
    crew.reporter.since()
    old.dies(1)
    crew.settles()
    assert crew.team.world.new_workers() == []
    assert told(crew) == []
    successor.says(Ready())
    crew.loop.passes()
    assert successor.heard() == [Go()]


def test_its_successor_may_not_even_be_born(crew: Crew) -> None:
    old, _ = crew.serve(2)
    crew.team.nursery.is_slow = True
    crew.wears_out(old)
    crew.reporter.since()
    old.dies(1)
    crew.settles()
    assert crew.team.world.new_workers() == []
    assert told(crew) == []
    [birth] = crew.team.nursery.unborn
    birth()
    assert [worker.slot for worker in crew.team.workforce] == [1, 0]


def test_a_successor_that_can_not_start_is_tried_again(crew: Crew) -> None:
    old, _ = crew.serve(2)
    crew.wears_out(old).dies(1)
    crew.settles()
    again = crew.new_worker()
    assert told(crew) == ["recycles", "died"]
    again.says(Ready())
    crew.loop.passes()
    assert old.heard() == [Drain(10.0, successor=True)], "it has served until now"


def test_a_recycled_worker_is_followed_by_one_that_is_born_at_once(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        for _ in range(62):
            world.passes(1)
            yield
        [new] = world.new_workers()
        yield from get_ready([new])
        assert old.heard() == [Drain(10.0, successor=True)]
        old.says(Closed())
        yield
        assert new.heard() == [Go()]

    world.run(script, config(1, recycle=RecyclePolicy(max_age=60, jitter=0.0)))


# ---- refusals ----


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)), "CannotStart"),
        (ValueError("illegal environment variable name"), "BadEnvironment"),
    ],
    ids=["processes", "environment"],
)
def test_a_start_that_is_refused_is_told_and_tried_again(
    crew: Crew, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    def spawn(*_: object, beside: bool) -> None:
        assert beside
        raise error

    first, _ = crew.serve(2)
    crew.loop.passes(100)
    with monkeypatch.context() as context:
        context.setattr(crew.team.nursery, "spawn", spawn)
        first.dies(1)
        crew.loop.passes()
        assert crew.reporter.since()[1:] == [("failed", kind, "old serves")], "no edit is awaited"
        assert crew.generations.last_failure is not None
        assert crew.generations.last_failure.kind == kind
    crew.loop.passes(1.9)
    assert crew.team.world.new_workers() == []
    crew.loop.passes(0.2)
    assert crew.new_worker().boot.slot == 0


def test_each_of_those_that_are_missing_is_tried_again(crew: Crew) -> None:
    crew.serve(1)
    crew.upkeep.missing(crew.generation, (0, 1), OSError("no more processes"))
    assert crew.reporter.since() == [("failed", "CannotStart", "old serves")]
    crew.loop.passes(1.9)
    assert crew.team.world.new_workers() == []
    crew.loop.passes(0.2)
    assert crew.new_worker().boot.slot == 1, "the other has its worker"


# ---- what a worker is to load that stands in ----


@pytest.fixture
def views(tmp_path: Path) -> Path:
    path = tmp_path / "views.py"
    path.write_text("OLD = 1\n")
    os.utime(path, (1000, 1000))
    return path


def note(crew: Crew, path: Path) -> None:
    """Note that the generation has loaded this file as it is."""
    status = path.stat()
    states = {str(path): mark(status.st_mtime, status.st_size)}
    crew.generation.snapshot.note(states, {"views": str(path)})


def test_where_the_old_code_is_lost_all_are_asked_for_anew_once(crew: Crew, views: Path) -> None:
    note(crew, views)
    os.utime(views, (2000, 2000))
    first, _ = crew.serve(2)
    first.dies(1)
    crew.loop.passes()
    assert crew.reporter.since()[1:] == [("not alike", 0, str(views))]
    assert crew.restarted == [str(views)]
    for _ in range(3):
        crew.settles()
    assert crew.team.world.new_workers() == []
    assert (told(crew), crew.restarted) == ([], [str(views)])
    os.utime(views, (1000, 1000))
    crew.settles()
    assert crew.new_worker().boot.slot == 0, "the file is again what it was"


def test_where_none_serves_there_is_none_to_be_like(crew: Crew, views: Path) -> None:
    """Start the code of now rather than none, and ask once for all anew."""
    note(crew, views)
    os.utime(views, (2000, 2000))
    [process] = crew.serve(1)
    process.dies(1)
    crew.loop.passes()
    new = crew.new_worker()
    assert (told(crew), crew.restarted) == (["died"], [])
    new.dies(1)
    crew.settles()
    assert crew.restarted == [str(views)]
    crew.new_worker().dies(1)
    crew.settles()
    assert crew.restarted == [str(views)], "once"
