"""Generations that fail: what is told, what goes on, and what an edit mends."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator, Mapping

import pytest

from tests.serve.scripted import APP, FAILURE, Script, World, config
from tests.serve.supervisor.steps import edit, told
from tornkit.errors import UsageError
from tornkit.serve.wire.messages import Claim, Drain, Failed, Go, Grant, Ready
from tornkit.serve.workforce.workforce import STACKS_SIGNAL

pytestmark = pytest.mark.usefixtures("no_leaks")

# ---- the first generation ----


def test_a_port_that_is_taken(world: World) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        def script() -> Script:
            [worker] = world.new_workers()
            worker.says(Claim(port=port, address="127.0.0.1"))
            yield
            [grant] = worker.heard()
            assert isinstance(grant, Grant)
            assert "is taken" in grant.reason
            assert worker.descriptors == []
            worker.says(Failed("BindError", grant.reason))
            worker.dies(1)
            yield

        # No edit can help: it ends, although it reloads.
        assert world.run(script, config()) == 1
    assert world.reporter.told == [("failed", "BindError")]


def test_failure_of_the_first_waits_for_an_edit(world: World) -> None:
    def script() -> Script:
        first, second = world.new_workers()
        second.says(Ready())
        first.says(FAILURE)
        first.dies(1)
        yield
        assert world.reporter.since() == [("failed", "AppRaised", "waiting")]
        assert second.signals == [signal.SIGKILL]
        world.passes(100)
        yield
        assert world.new_workers() == []
        world.watcher.sees(APP)
        yield
        for worker in world.new_workers():
            assert worker.boot.generation == 2
            worker.says(Ready())
        yield
        assert [worker.heard() for worker in world.workers[2:]] == [[Go()]] * 2
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("reloaded", 2, 0.0),
            ("serving",),
        ]

    world.run(script, config(2))


def test_failure_of_the_first_without_reload_exits(world: World) -> None:
    def script() -> Script:
        first, _ = world.new_workers()
        first.says(FAILURE)
        first.dies(1)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config(2, reload=False)) == 1
    assert world.reporter.told == [("failed", "AppRaised")]


@pytest.mark.parametrize(
    "kind", ["NoSuchModule", "NoSuchAttribute", "NotAnApplication", "UsageError"]
)
def test_misnamed_exits_although_it_reloads(world: World, kind: str) -> None:
    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(Failed(kind, "no"))
        worker.dies(1)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 1
    assert world.reporter.told == [("failed", kind)]


def test_misnamed_later_is_only_an_edit_under_way(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [worker] = world.new_workers()
        worker.says(Failed("NoSuchAttribute", "no app in app.py"))
        worker.dies(1)
        yield
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("failed", "NoSuchAttribute", "old serves", "waiting"),
        ]
        assert old.alive
        assert old.heard() == []

    assert world.run(script, config()) is None


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (3, "a worker exited with status 3 while it started"),
        (-signal.SIGSEGV, "a worker was killed by SIGSEGV while it started"),
        (-99, "a worker was killed by signal 99 while it started"),
    ],
)
def test_death_without_a_word_while_it_starts(world: World, status: int, how: str) -> None:
    failures: list[str] = []

    def failed(failure: Failed, *, old_serves: bool, waiting: bool) -> None:
        failures.append(failure.message)

    world.reporter.failed = failed  # type: ignore[method-assign]

    def script() -> Script:
        [worker] = world.new_workers()
        worker.dies(status)
        yield

    world.run(script, config())
    assert failures == [how]


def test_boot_timeout(world: World) -> None:
    def script() -> Script:
        first, second = world.new_workers()
        first.says(Ready())
        world.passes(4.9)
        yield
        assert world.reporter.told == []
        world.passes(0.2)
        yield
        assert world.reporter.since() == [("failed", "BootTimeout", "waiting")]
        # Where it is stuck, then the end.
        assert first.signals == second.signals == [STACKS_SIGNAL]
        world.passes(1)
        yield
        assert first.signals == second.signals == [STACKS_SIGNAL, signal.SIGKILL]

    world.run(script, config(2, boot_timeout=5.0))


def test_boot_timeout_of_one_that_serves_means_nothing(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        world.passes(1000)
        yield
        assert world.reporter.told == []
        assert worker.alive

    world.run(script, config(boot_timeout=5.0))


# ---- a failure, and what goes on ----


def test_boot_failure_keeps_the_old(world: World) -> None:
    def script() -> Script:
        old = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        new = world.new_workers()
        new[0].says(Ready())
        new[1].says(FAILURE)
        new[1].dies(1)
        yield
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("failed", "AppRaised", "old serves", "waiting"),
        ]
        assert new[0].signals == [signal.SIGKILL]
        assert [worker.heard() for worker in old] == [[], []]
        world.passes(100)
        yield
        assert [worker.alive for worker in old] == [True, True]
        # And the next edit mends it.
        world.watcher.sees(APP)
        yield
        for worker in world.new_workers():
            worker.says(Ready())
        yield
        assert [worker.heard() for worker in old] == [[Drain(10.0, True)]] * 2

    world.run(script, config(2))


def test_a_failure_behind_a_program_that_has_ended(world: World) -> None:
    """End the server: a signal had asked for another start, nothing serves, no edit is awaited."""

    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        signal.raise_signal(signal.SIGHUP)
        yield
        [new] = world.new_workers()
        old.dies(0)
        yield
        assert told(world) == ["reloading", "program ended"]
        new.says(FAILURE)
        new.dies(1)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config(reload=False)) == 1
    assert told(world) == ["failed", "stopped"]


def test_a_failure_without_reload_leaves_the_old_one(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        signal.raise_signal(signal.SIGHUP)
        yield
        [new] = world.new_workers()
        new.says(FAILURE)
        new.dies(1)
        yield
        assert world.reporter.since() == [
            ("reloading", "SIGHUP"),
            ("failed", FAILURE.kind, "old serves"),
        ]
        assert old.heard() == []

    assert world.run(script, config(reload=False)) is None


# ---- an environment that can't be ----


class Unreadable(Mapping[str, str]):
    """Environment of an --env-file that is broken."""

    def __getitem__(self, name: str) -> str:
        raise AssertionError(name)

    def __iter__(self) -> Iterator[str]:
        raise UsageError("--env-file .env, line 1: 'x' is no NAME=value")

    def __len__(self) -> int:
        return 0


def test_an_environment_that_is_broken_before_anything_serves(world: World) -> None:
    """A mistake on the command line: nothing has served, and no edit is awaited."""

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(FAILURE)
        worker.dies(1)
        yield
        world.reporter.since()
        world.environment = Unreadable()  # type: ignore[assignment]
        yield from edit(world)
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 1
    assert world.reporter.told == [("reloading", "app.py"), ("failed", "UsageError")]


def test_an_environment_that_an_edit_breaks(world: World) -> None:
    """Wait for the edit that mends it: nothing is tried again before."""

    def script() -> Script:
        [old] = yield from world.serve()
        world.environment = Unreadable()  # type: ignore[assignment]
        yield from edit(world)
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("failed", "UsageError", "old serves", "waiting"),
        ]
        world.passes(100)
        yield
        assert world.new_workers() == []
        assert old.heard() == []
        world.environment = {"MENDED": "1"}
        yield from edit(world)
        [new] = world.new_workers()
        assert new.environment == {"MENDED": "1"}

    world.run(script, config())
