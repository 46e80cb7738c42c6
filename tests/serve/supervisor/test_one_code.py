"""One code serves at a time, and no slot is left alone. See `tests.serve.scripted`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.scripted import APP, CLAIM, FAILURE, FakeWorker, Script, World, config
from tornkit.serve.sources.sources import mark
from tornkit.serve.wire.messages import Adopt, Closed, Drain, Go, Grant, Loaded, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")


def state(path: Path) -> str:
    status = path.stat()
    return mark(status.st_mtime, status.st_size)


@pytest.fixture
def views(tmp_path: Path) -> Path:
    path = tmp_path / "views.py"
    path.write_text("OLD = 1\n")
    os.utime(path, (1000, 1000))
    return path


def change(path: Path) -> None:
    path.write_text("NEW = 1\n")
    os.utime(path, (2000, 2000))


def serve_from(world: World, path: Path) -> Iterator[None]:
    """Have the first generation serve what is in this file."""
    for worker in world.new_workers():
        worker.says(Ready(sources={str(path): state(path)}, names={"views": str(path)}))
    yield
    yield
    world.reporter.since()
    for worker in world.workers:
        assert worker.heard() == [Go()]


@contextlib.contextmanager
def clients_of(descriptor: int) -> Iterator[None]:
    """Connections to the address of a listening socket.

    The kernel chooses a socket for each by the client's port: each socket gets some of so many.
    """
    with (
        socket.socket(fileno=os.dup(descriptor)) as listening,
        contextlib.ExitStack() as clients,
    ):
        for _ in range(40):
            client = clients.enter_context(socket.socket())
            client.connect(listening.getsockname())
        yield


def adopted(worker: FakeWorker) -> int:
    """How many connections it was given since it was asked last; it was told nothing else."""
    heard = worker.heard()
    assert set(heard) <= {Adopt(b"")}
    return len(heard)


def claim(world: World, worker: FakeWorker) -> Script:
    worker.says(CLAIM)
    yield
    assert [each for each in worker.heard() if isinstance(each, Grant)] == [Grant()]


# ---- what a worker loads that is started beside others ----


def test_a_replacement_is_given_what_the_others_have_loaded(world: World, views: Path) -> None:
    old = state(views)

    def script() -> Script:
        yield from serve_from(world, views)
        first, _ = world.workers
        assert first.snapshot is None, "the first ones read the files"
        change(views)
        world.passes(100)
        first.dies(-signal.SIGKILL)
        yield
        [new] = world.new_workers()
        assert (new.boot.slot, new.boot.generation) == (0, 1)
        assert new.snapshot == {str(views): (old, b"OLD = 1\n")}
        new.says(Ready(sources={str(views): old}))
        yield
        assert new.heard() == [Go()]

    world.run(script, config(2))


def test_so_is_one_more(world: World, views: Path) -> None:
    def script() -> Script:
        yield from serve_from(world, views)
        change(views)
        os.kill(os.getpid(), signal.SIGTTIN)
        yield
        [more] = world.new_workers()
        assert more.boot.slot == 2
        assert more.snapshot is not None
        assert more.snapshot[str(views)][1] == b"OLD = 1\n"

    world.run(script, config(2))


def test_what_is_imported_later_is_known_too(world: World, views: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.py"
    late.write_text("LATE = 1\n")

    def script() -> Script:
        yield from serve_from(world, views)
        first, second = world.workers
        second.says(Loaded(sources={str(late): state(late)}, names={"late": str(late)}))
        yield
        late.unlink()
        world.passes(100)
        first.dies(-signal.SIGKILL)
        yield
        [new] = world.new_workers()
        assert new.boot is not None
        assert new.snapshot is not None
        assert new.snapshot[str(late)][1] == b"LATE = 1\n"

    world.run(script, config(2))


def test_one_that_has_loaded_something_else_does_not_serve(world: World, views: Path) -> None:
    def script() -> Script:
        yield from serve_from(world, views)
        first, _ = world.workers
        world.passes(100)
        first.dies(-signal.SIGKILL)
        yield
        [new] = world.new_workers()
        change(views)
        new.says(Ready(sources={str(views): state(views)}))
        yield
        assert new.heard() == []
        assert new.signals == [signal.SIGKILL]
        [_, (told, slot, how, _)] = world.reporter.since()
        assert (told, slot) == ("died", 0)
        assert "has changed since" in how

    world.run(script, config(2))


def test_where_the_old_code_is_lost_all_are_started_anew(world: World, views: Path) -> None:
    """Where that fails, those that are there go on without the one, and take its connections."""
    old = state(views)
    change(views)

    def script() -> Script:
        workers = world.new_workers()
        for worker in workers:
            yield from claim(world, worker)
            worker.says(Ready(sources={str(views): old}))
        yield
        first, second = workers
        world.reporter.since()
        second.heard()
        world.passes(100)
        first.dies(-signal.SIGKILL)
        yield
        assert [told[:2] for told in world.reporter.since()] == [
            ("died", 0),
            ("not alike", 0),
            ("reloading", str(views)),
        ]
        anew = world.new_workers()
        assert {worker.boot.generation for worker in anew} == {2}
        anew[0].says(FAILURE)
        anew[0].dies(1)
        yield
        world.passes(100)
        yield
        assert world.new_workers() == [], "once, until something changes"
        assert world.reporter.since() == [("failed", FAILURE.kind, "old serves", "waiting")]
        with clients_of(second.descriptors[0]):
            yield
            assert adopted(second) > 0
        world.watcher.sees(APP)
        yield
        assert {worker.boot.generation for worker in world.new_workers()} == {3}

    world.run(script, config(2))


# ---- a slot without a worker ----


def test_connections_to_a_dead_worker_are_taken_by_the_others(world: World, views: Path) -> None:
    def script() -> Script:
        first, second = world.new_workers()
        for worker in (first, second):
            yield from claim(world, worker)
            worker.says(Ready())
        yield
        assert (first.heard(), second.heard()) == ([Go()], [Go()])
        with clients_of(second.descriptors[0]):  # they come before the worker dies
            world.passes(100)
            first.dies(-signal.SIGKILL)
            yield
            assert adopted(second) > 0
        [new] = world.new_workers()
        yield from claim(world, new)
        with clients_of(second.descriptors[0]):
            yield
            assert adopted(second) > 0
            assert new.heard() == []
        new.says(Ready())
        yield
        assert new.heard() == [Go()]
        with clients_of(second.descriptors[0]):  # the kernel's way again
            yield
            assert adopted(second) == 0

    world.run(script, config(2))


def test_so_are_those_to_one_more_that_has_bound_and_is_not_ready(world: World) -> None:
    def script() -> Script:
        [first] = world.new_workers()
        yield from claim(world, first)
        first.says(Ready())
        yield
        assert first.heard() == [Go()]
        os.kill(os.getpid(), signal.SIGTTIN)
        yield
        [more] = world.new_workers()
        yield from claim(world, more)
        with clients_of(more.descriptors[0]):
            yield
            assert adopted(first) > 0

    world.run(script, config(1))


def test_a_worker_whose_channel_ends_gets_no_connection(world: World) -> None:
    """Its parent may be stopped, and tell of its end much later."""

    def script() -> Script:
        first, second = world.new_workers()
        for worker in (first, second):
            yield from claim(world, worker)
            worker.says(Ready())
        yield
        second.heard()
        first.channel.close()
        yield
        with clients_of(second.descriptors[0]):
            yield
            assert adopted(second) > 0
        assert world.nursery.missed == []
        world.passes(0.6)
        yield
        assert world.nursery.missed == [first.pid]
        first.alive = False
        world.on_exit(first.pid, -signal.SIGKILL)
        yield
        [new] = world.new_workers()
        assert new.boot.slot == 0

    world.run(script, config(2))


def test_where_none_serves_and_none_can_be_started(world: World, views: Path) -> None:
    """It is said, once; and what is in the files by now is tried, once."""

    def script() -> Script:
        yield from serve_from(world, views)
        [worker] = world.workers
        world.passes(100)
        change(views)
        worker.dies(1)
        yield
        [new] = world.new_workers()
        new.says(FAILURE)
        new.dies(1)
        yield
        told = [each[0] for each in world.reporter.since()]
        assert told == ["died", "none serves", "died", "reloading"]
        again, anew = sorted(world.new_workers(), key=lambda each: each.boot.generation)
        assert (again.boot.generation, anew.boot.generation) == (1, 2)
        anew.says(FAILURE)
        anew.dies(1)
        again.says(FAILURE)
        again.dies(1)
        yield
        told = [each[0] for each in world.reporter.since()]
        assert sorted(told) == ["died", "failed"]
        world.passes(100)
        yield
        [last] = world.new_workers()
        assert last.boot.generation == 1

    world.run(script, config(1))


# ---- births that take their time ----


def test_nothing_waits_for_a_birth(world: World) -> None:
    world.nursery.is_slow = True

    def script() -> Script:
        assert len(world.new_workers()) == 2
        world.watcher.sees(APP)  # an edit overtakes what is not even born
        yield
        world.passes(1)
        yield
        first, second = world.nursery.unborn
        first()
        yield
        assert [worker.signals for worker in world.workers[:2]] == [[signal.SIGKILL]] * 2
        second()
        yield
        for worker in world.workers[2:]:
            assert worker.boot.generation == 2
            worker.says(Ready())
        yield
        assert [worker.heard() for worker in world.workers[2:]] == [[Go()]] * 2

    world.run(script, config(2))


def test_the_time_to_boot_begins_with_the_birth(world: World) -> None:
    world.nursery.is_slow = True

    def script() -> Script:
        world.passes(61)
        yield
        assert world.reporter.since() == []
        [birth] = world.nursery.unborn
        birth()
        world.passes(29)
        yield
        assert world.reporter.since() == []
        world.passes(32)
        yield
        assert world.reporter.since() == [("failed", "BootTimeout", "waiting")]

    world.run(script, config(1, boot_timeout=60.0))


def test_it_ends_although_a_birth_is_awaited(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        world.nursery.is_slow = True
        world.watcher.sees(APP)
        yield
        os.kill(os.getpid(), signal.SIGTERM)
        yield
        assert Drain(10.0, successor=False, final=signal.SIGTERM) in worker.heard()
        worker.says(Closed())
        worker.dies(0)
        yield

    assert world.run(script, config()) == 0


def test_workers_that_are_not_born_after_all(world: World) -> None:
    world.nursery.is_slow = True
    births: list[object] = []

    def script() -> Script:
        [birth] = world.nursery.unborn
        birth()
        yield
        [worker] = world.new_workers()
        worker.says(Ready())
        yield
        assert worker.heard() == [Go()]
        world.reporter.since()
        births.append(world.nursery.unborn)
        world.passes(100)
        worker.dies(1)
        yield
        [lost] = world.new_workers()
        lost.dies(1)
        lost.process.channel.close()
        world.nursery.unborn[-1].func(OSError("no more processes"))  # type: ignore[attr-defined]
        yield
        assert [told[0] for told in world.reporter.since()] == ["died", "failed"]
        world.passes(2.1)
        yield
        assert len(world.nursery.unborn) == 3, "it is tried again"
        world.new_workers()[0].process.channel.close()

    world.run(script, config(1))
