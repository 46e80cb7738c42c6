"""Upkeep of the generation that serves: which workers it wants, replaces and lets in.

A generation is there from the start; its workers are those of `tests.serve.workforce.team`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.serve.scripted import CLAIM, FAILURE, FakeWorker, config
from tests.serve.workforce.team import Team, team
from tornkit.serve.config import RecyclePolicy, ServeConfig
from tornkit.serve.sources.sources import mark
from tornkit.serve.wire.messages import Adopt, Closed, Drain, Go, Grant, Loaded, Ready
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.generations import Generations
from tornkit.serve.workforce.health import Health, HealthPolicy
from tornkit.serve.workforce.upkeep import Upkeep

pytestmark = pytest.mark.usefixtures("no_leaks")


class Verdict(Health):
    """Health that finds worn out whichever worker a test says."""

    worn: Worker | None = None

    def __init__(self) -> None:
        super().__init__(HealthPolicy(hang_timeout=0.0, recycle=RecyclePolicy(max_requests=1)))

    def worn_out(self, workers: Iterable[Worker]) -> tuple[Worker, str] | None:
        return next(((each, "is worn out") for each in workers if each is self.worn), None)


class Crew:
    """The generation that serves, and its upkeep, which alone hears of its workers."""

    def __init__(self, team: Team, verdict: Verdict, config: ServeConfig) -> None:
        self.team = team
        self.loop, self.reporter, self.listeners = team.loop, team.reporter, team.listeners
        self._verdict = verdict
        self.generations = Generations()
        self.restarted: list[str] = []
        self.finished = 0
        self.upkeep = Upkeep(
            config,
            self.generations,
            loop=team.loop,
            workforce=team.workforce,
            listeners=team.listeners,
            health=verdict,
            reporter=team.reporter,
            restart=self.restarted.append,
            finished=self._finish,
        )
        team.workforce.connect(self)
        self.generation = self.begin()
        self.upkeep.begin()

    def _finish(self) -> None:
        self.finished += 1

    def begin(self) -> Generation:
        """Begin another generation."""
        generation = Generation(self.generations.new_number(), (), self.loop.now())
        self.generations.begin(generation)
        return generation

    def serve(self, count: int = 1, *, claim: bool = False) -> list[FakeWorker]:
        """Start workers of the generation, and let it serve; return their processes."""
        processes = self.team.start(self.generation, range(count))
        for process in processes:
            if claim:
                process.says(CLAIM)
            process.says(Ready())
        self.loop.passes()
        self.generations.serve(self.generation)
        self.generation.opened = True
        for worker in self.team.workforce.of(self.generation):
            self.team.workforce.promise(worker)
            self.upkeep.open(worker)
        for process in processes:
            process.heard()
        return processes

    def settles(self) -> None:
        """Let everything happen that is due, and then all that is delayed by it."""
        self.loop.passes()
        self.loop.passes(10)

    def new_worker(self) -> FakeWorker:
        [process] = self.team.world.new_workers()
        return process

    def wears_out(self, process: FakeWorker) -> FakeWorker:
        """Have a worker recycled; return the process of its successor."""
        self._verdict.worn = self.team.worker(process)
        self.loop.passes(1)
        self._verdict.worn = None
        return self.new_worker()

    # ---- as the events of the workforce ----

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        if self.generations[worker.generation].state is GenerationState.SERVING:
            self.upkeep.stand_in(worker)

    def worker_claimed(self, worker: Worker) -> None:
        self.upkeep.look_after_slot(worker)

    def worker_unreachable(self, worker: Worker) -> None:
        self.upkeep.look_after_slot(worker)

    def worker_closed(self, worker: Worker) -> None:
        self.upkeep.closed(worker)

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        self.generation.snapshot.note(loaded.sources, loaded.names)

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        self.upkeep.gone(self.generations[worker.generation], worker, before, status)

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        self.upkeep.missing(generation, slots, why)

    def workers_stale(self, what: str) -> None:
        raise AssertionError(what)

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        return self.upkeep.is_wanted(generation, slot)


@pytest.fixture
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    """Upkeep of two slots, with a reload on each edit unless the test says otherwise."""
    verdict = Verdict()
    with team(verdict) as each:
        yield Crew(each, verdict, config(2, **getattr(request, "param", {})))


def told(crew: Crew) -> list[str]:
    """Return the sorts of the lines since the last call."""
    return [each[0] for each in crew.reporter.since()]


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


# ---- a program that ends ----


def test_a_program_that_ends_in_good_order_is_over(crew: Crew) -> None:
    first, second = crew.serve(2)
    second.dies(0)
    crew.loop.passes()
    booting = crew.new_worker()
    first.dies(0)
    crew.settles()
    assert crew.reporter.since()[-1] == ("program ended", 0, "waiting")
    assert not booting.alive
    assert crew.team.world.new_workers() == []
    assert not crew.upkeep.is_wanted(crew.generation, 0)
    assert crew.finished == 0, "an edit is awaited"


@pytest.mark.parametrize("crew", [{"reload": False}], indirect=True)
def test_where_no_edit_is_awaited_it_ends_the_server(crew: Crew) -> None:
    [process] = crew.serve(1)
    process.dies(0)
    crew.loop.passes()
    assert crew.reporter.since() == [("program ended", 0)]
    assert crew.finished == 1


@pytest.mark.parametrize("crew", [{"reload": False}], indirect=True)
def test_where_another_generation_boots_that_decides(crew: Crew) -> None:
    """A signal had asked for the other one."""
    [process] = crew.serve(1, claim=True)
    crew.begin()
    process.dies(0)
    crew.loop.passes()
    assert crew.finished == 0
    assert len(list(crew.listeners)) == 1, "what both listen on goes on to listen"


def test_one_that_was_confused_is_replaced(crew: Crew) -> None:
    """A failure that was told counts, though the process ends as if in good order."""
    [process] = crew.serve(1)
    process.says(FAILURE)
    process.dies(0)
    crew.loop.passes()
    assert crew.reporter.since() == [("died", 0, FAILURE.message, 0.0)]
    assert crew.new_worker().alive


def test_one_that_ends_before_it_serves_is_replaced(crew: Crew) -> None:
    [process] = crew.serve(1)
    process.dies(1)
    crew.loop.passes()
    crew.new_worker().dies(0)
    crew.settles()
    assert told(crew) == ["died", "none serves", "died"]
    assert crew.new_worker().alive


def test_what_a_program_listened_on_is_closed_with_it(crew: Crew) -> None:
    """Clients are refused, as without tornkit; the next start gets the same port."""
    [process] = crew.serve(1, claim=True)
    [sock] = crew.listeners
    address = sock.getsockname()
    process.dies(0)
    while process.descriptors:
        os.close(process.descriptors.pop())
    crew.loop.passes()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address):
        pass
    [again] = crew.listeners.claim(CLAIM, 0, 2)
    assert again.getsockname() == address


def test_while_it_serves_no_address_is_closed(crew: Crew) -> None:
    crew.serve(1, claim=True)
    crew.upkeep.refuse_connections()
    assert len(list(crew.listeners)) == 1
    crew.generation.has_ended = True
    crew.generations.next = crew.generation
    crew.upkeep.refuse_connections()
    assert len(list(crew.listeners)) == 1, "another is on its way"
    crew.generations.next = None
    crew.upkeep.refuse_connections()
    assert list(crew.listeners) == []


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


# ---- slots without a worker ----


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
