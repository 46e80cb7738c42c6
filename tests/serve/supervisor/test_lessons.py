"""What workers find out of the user's code by running it: it is started again by that."""

from __future__ import annotations

import signal

import pytest

from tests.serve.scripted import APP, CLAIM, FAILURE, FakeReporter, Script, World, config
from tornkit.serve.config import HttpOptions
from tornkit.serve.failures import CONFUSED, MISNAMED
from tornkit.serve.supervisor.lessons import LessonMemory
from tornkit.serve.wire.messages import Claim, Failed, Go, Learned, Lesson, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")

PROGRAM = Lesson(serves="imported")
NEVER_LISTENED = Failed("NotAnApplication", "app.py never listened: it ended first")


def test_an_application_that_is_a_program(world: World) -> None:
    """And its port is free again: the program may ask for the same, of other addresses."""
    world.listeners.claim(CLAIM, 0, 0)

    def script() -> Script:
        first, second = world.new_workers()
        assert first.boot.lesson == Lesson()
        first.says(Learned(PROGRAM))
        yield
        assert first.signals == second.signals == [signal.SIGKILL]
        assert world.reporter.since() == [("serves by itself", "app:app")]
        assert list(world.listeners) == []
        workers = world.new_workers()
        for worker in workers:
            assert worker.boot.lesson == PROGRAM
            worker.says(Ready())
        yield
        for worker in workers:
            assert worker.heard() == [Go()]
        # Known from now on.
        [third, fourth] = yield from world.serve(APP)
        assert third.boot.lesson == fourth.boot.lesson == PROGRAM

    assert world.run(script, config(2)) is None


def test_an_edit_makes_it_an_application_again(world: World) -> None:
    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(Learned(PROGRAM))
        yield
        [worker] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [worker] = world.new_workers()
        world.reporter.since()
        worker.says(NEVER_LISTENED)
        worker.dies(1)
        yield
        assert world.reporter.since() == []
        [worker] = world.new_workers()
        assert worker.boot.lesson == Lesson()
        # And once only: what is neither is a failure.
        worker.says(Learned(PROGRAM))
        yield
        [worker] = world.new_workers()
        worker.says(NEVER_LISTENED)
        worker.dies(1)
        yield
        assert world.new_workers() == []
        assert ("failed", "NotAnApplication", "old serves") in [
            each[:3] for each in world.reporter.since()
        ]

    assert world.run(script, config()) is None


def test_options_that_a_program_has_no_use_for(world: World) -> None:
    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(Learned(PROGRAM))
        yield

    assert world.run(script, config(http=HttpOptions(xheaders=True))) == 1
    assert world.reporter.told == [("failed", "UsageError")]


def test_ports_of_other_protocols_add_up(world: World) -> None:
    def script() -> Script:
        for known in ((), (25,), (25, 79)):
            [worker] = world.new_workers()
            assert worker.boot.lesson == Lesson(not_http=known)
            worker.says(Claim(port=0, address="127.0.0.1"))
            yield
            worker.says(Learned(Lesson(not_http=((25, 79, 79)[len(known)],))))
            yield
        # One that finds out the same again is not to be started for ever.
        assert world.new_workers() == []

    assert world.run(script, config(reload=False)) == 1
    assert world.reporter.told == [("failed", "Confused")]


# ---- the memory by itself ----


@pytest.fixture
def reporter() -> FakeReporter:
    return FakeReporter()


@pytest.fixture
def memory(reporter: FakeReporter) -> LessonMemory:
    return LessonMemory(config(http=HttpOptions(xheaders=True)), "app:app", reporter)


def program(reporter: FakeReporter) -> LessonMemory:
    """Make a memory that knows a program, of which a generation has served."""
    memory = LessonMemory(config(), "app:app", reporter)
    assert memory.learn(PROGRAM) is None
    memory.serves(PROGRAM)
    reporter.since()
    return memory


def test_options_do_not_matter_to_what_is_no_program(
    memory: LessonMemory, reporter: FakeReporter
) -> None:
    assert memory.learn(Lesson(not_http=(25,))) is None
    assert reporter.since() == []
    assert memory.known == Lesson(not_http=(25,))


def test_a_lesson_that_is_refused_is_not_kept(memory: LessonMemory, reporter: FakeReporter) -> None:
    failure = memory.learn(PROGRAM)
    assert failure is not None
    assert "app:app serves by itself, and --xheaders" in failure.message
    assert (memory.known, reporter.since()) == (Lesson(), [])


def test_it_is_said_once_that_it_serves_by_itself(reporter: FakeReporter) -> None:
    memory = LessonMemory(config(), "app:app", reporter)
    assert memory.learn(PROGRAM) is None
    assert memory.learn(Lesson(PROGRAM.serves, (25,))) is None
    assert reporter.since() == [("serves by itself", "app:app")]
    assert memory.known == Lesson(PROGRAM.serves, (25,))


@pytest.mark.parametrize("again", [PROGRAM, Lesson(), Lesson(not_http=(25,))])
def test_a_lesson_that_is_known_is_a_failure(reporter: FakeReporter, again: Lesson) -> None:
    memory = LessonMemory(config(), "app:app", reporter)
    for lesson in (PROGRAM, Lesson(not_http=(25,))):
        memory.learn(lesson)
    assert memory.learn(again) == CONFUSED


@pytest.mark.parametrize("kind", sorted(MISNAMED))
def test_a_name_that_has_gone_makes_it_forget_all(reporter: FakeReporter, kind: str) -> None:
    memory = program(reporter)
    assert memory.unlearn(Failed(kind, "no"))
    assert memory.known == Lesson()
    assert not memory.unlearn(Failed(kind, "no")), "once: what is neither has failed"


def test_other_failures_say_nothing_of_its_kind(reporter: FakeReporter) -> None:
    memory = program(reporter)
    assert not memory.unlearn(FAILURE)
    assert memory.known == PROGRAM


def test_nothing_is_forgotten_that_has_not_served(reporter: FakeReporter) -> None:
    """Keep it before a generation serves, and behind one that was started without it."""
    memory = LessonMemory(config(), "app:app", reporter)
    memory.learn(PROGRAM)
    assert not memory.unlearn(NEVER_LISTENED)
    memory.serves(Lesson())
    assert not memory.unlearn(NEVER_LISTENED)
    assert memory.known == PROGRAM


def test_a_later_lesson_has_to_serve_as_well(reporter: FakeReporter) -> None:
    memory = program(reporter)
    memory.learn(Lesson(not_http=(25,)))
    assert not memory.unlearn(NEVER_LISTENED)
    memory.serves(memory.known)
    assert memory.unlearn(NEVER_LISTENED)
