"""What workers find out of the user's code by running it: it is started again by that."""

from __future__ import annotations

import signal

import pytest

from tests.serve.scripted import APP, CLAIM, Script, World, config
from tornkit.serve.config import HttpOptions
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
