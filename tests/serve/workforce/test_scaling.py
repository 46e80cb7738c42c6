"""One worker more or fewer, whatever happens just then. See `tests.serve.scripted`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.serve.scripted import (
    APP,
    CLAIM,
    FAILURE,
    VIEWS,
    FakeWorker,
    Script,
    World,
    config,
    get_ready,
)
from tornkit.serve.wire.messages import Adopt, Closed, Drain, Go, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")


def more() -> None:
    signal.raise_signal(signal.SIGTTIN)


def fewer() -> None:
    signal.raise_signal(signal.SIGTTOU)


def resized(world: World) -> list[int]:
    """What was told of it since this was asked last."""
    return [told[1] for told in world.reporter.since() if told[0] == "resized"]


def slots(workers: list[FakeWorker]) -> list[int]:
    return [worker.boot.slot for worker in workers]


def edit(world: World) -> Script:
    world.passes(10)
    world.watcher.sees(APP)
    yield


def take_over(
    world: World, old: list[FakeWorker], new: list[FakeWorker]
) -> Generator[None, None, None]:
    """The new are ready, the old let go, the new accept."""
    yield from get_ready(new)
    for worker in old:
        assert worker.heard() == [Drain(10.0, successor=True)]
        worker.says(Closed())
    yield


# ---- while nothing else happens ----


def test_one_more(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        more()
        yield
        assert resized(world) == [3]
        [third] = world.new_workers()
        assert (third.boot.slot, third.boot.generation) == (2, 1)
        third.says(Ready())
        yield
        assert third.heard() == [Go()]

    world.run(script, config(2))


def test_one_fewer(world: World) -> None:
    def script() -> Script:
        first, second = yield from world.serve()
        fewer()
        yield
        assert resized(world) == [1]
        assert (first.heard(), second.heard()) == ([], [Drain(10.0, successor=True)])
        second.says(Closed())
        second.dies(0)
        yield
        assert world.new_workers() == []
        assert [told[0] for told in world.reporter.since()] == []

    world.run(script, config(2))


def test_never_fewer_than_one(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        fewer()
        yield
        assert (resized(world), worker.heard()) == ([], [])
        more()
        yield
        assert resized(world) == [2]
        assert slots(world.new_workers()) == [1]

    world.run(script, config(1))


def test_the_next_generation_is_as_large(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        more()
        yield
        [third] = world.new_workers()
        third.says(Ready())
        yield
        yield from edit(world)
        assert slots(world.new_workers()) == [0, 1, 2]

    world.run(script, config(2))


def test_a_worker_that_the_system_can_not_give(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawn(count: int, environment: object, on_born: object, *, beside: bool) -> None:
        raise OSError("no more processes")

    def script() -> Script:
        yield from world.serve()
        with monkeypatch.context() as context:
            context.setattr(world.nursery, "spawn", spawn)
            more()
            yield
        assert world.reporter.since() == [("failed", "CannotStart", "old serves")]
        yield from edit(world)
        assert slots(world.new_workers()) == [0, 1]
        assert resized(world) == []

    world.run(script, config(2))


# ---- during a reload ----


def test_one_more_waits_for_the_reload(world: World) -> None:
    def script() -> Script:
        old = yield from world.serve()
        yield from edit(world)
        new = world.new_workers()
        more()
        yield
        assert world.new_workers() == []
        yield from take_over(world, old, new)
        assert [worker.heard() for worker in new] == [[Go()]] * 2
        [third] = world.new_workers()
        assert (third.boot.slot, third.boot.generation) == (2, 2)
        assert [told[0] for told in world.reporter.since()] == ["reloading", "reloaded", "resized"]

    world.run(script, config(2))


def test_one_fewer_waits_for_the_reload(world: World) -> None:
    def script() -> Script:
        old = yield from world.serve()
        yield from edit(world)
        new = world.new_workers()
        fewer()
        yield
        assert [worker.heard() for worker in old] == [[], []]
        yield from take_over(world, old, new)
        assert new[0].heard() == [Go()]
        assert new[1].heard() == [Go(), Drain(10.0, successor=True)]
        assert resized(world) == [1]
        yield from edit(world)
        assert slots(world.new_workers()) == [0]

    world.run(script, config(2))


def test_between_the_cut_over_and_the_first_answer(world: World) -> None:
    """The new ones are told to serve, but the old one has not let go yet."""

    def script() -> Script:
        [old] = yield from world.serve()
        yield from edit(world)
        [new] = world.new_workers()
        yield from get_ready([new])
        more()
        yield
        assert world.new_workers() == []
        old.says(Closed())
        yield
        assert new.heard() == [Go()]
        assert slots(world.new_workers()) == [1]
        assert resized(world) == [2]

    world.run(script, config(1))


def test_a_reload_waits_for_one_that_goes_already(world: World) -> None:
    """And no longer than that: its last word opens the new one, as any other's would."""

    def script() -> Script:
        first, second = yield from world.serve()
        fewer()
        yield
        assert second.heard() == [Drain(10.0, successor=True)]
        yield from edit(world)
        [new] = world.new_workers()
        yield from get_ready([new])
        first.says(Closed())
        yield
        assert new.heard() == []
        second.says(Closed())
        yield
        assert new.heard() == [Go()]

    world.run(script, config(2))


def test_a_reload_that_fails_gives_the_old_one_what_was_asked_for(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        yield from edit(world)
        [new] = world.new_workers()
        more()
        new.says(FAILURE)
        new.dies(1)
        yield
        [second] = world.new_workers()
        assert (second.boot.slot, second.boot.generation) == (1, 1)
        assert [told[0] for told in world.reporter.since()] == ["reloading", "failed", "resized"]

    world.run(script, config(1))


def test_a_boot_that_is_overtaken_passes_it_on(world: World) -> None:
    def script() -> Script:
        old = yield from world.serve()
        yield from edit(world)
        world.new_workers()
        more()
        world.passes(1)
        world.watcher.sees(VIEWS)
        yield
        world.passes(1)
        yield
        new = world.new_workers()
        assert [worker.boot.generation for worker in new] == [3, 3]
        yield from take_over(world, old, new)
        assert slots(world.new_workers()) == [2]
        assert resized(world) == [3]

    world.run(script, config(2))


def test_what_adds_up_to_nothing_does_nothing(world: World) -> None:
    def script() -> Script:
        old = yield from world.serve()
        yield from edit(world)
        new = world.new_workers()
        more()
        yield
        fewer()
        yield
        yield from take_over(world, old, new)
        assert [worker.heard() for worker in new] == [[Go()]] * 2
        assert (world.new_workers(), resized(world)) == ([], [])

    world.run(script, config(2))


def test_the_last_one_stays_also_when_it_is_asked_for_later(world: World) -> None:
    def script() -> Script:
        old = yield from world.serve()
        yield from edit(world)
        new = world.new_workers()
        for ask in (fewer, fewer, fewer, more):
            ask()
            yield
        yield from take_over(world, old, new)
        assert [worker.heard() for worker in new] == [[Go()], [Go()]]
        assert resized(world) == []

    world.run(script, config(2))


def test_while_the_old_one_ends_first(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        yield from edit(world)
        more()
        yield
        assert world.new_workers() == []
        old.says(Closed())
        old.dies(0)
        yield
        [new] = world.new_workers()
        yield from get_ready([new])
        assert new.heard() == [Go()]
        assert slots(world.new_workers()) == [1]
        assert resized(world) == [2]

    world.run(script, config(1, reload_order="stop-first"))


# ---- before anything serves ----


def test_while_the_first_boots(world: World) -> None:
    def script() -> Script:
        [first] = world.new_workers()
        more()
        yield
        assert world.new_workers() == []
        yield from get_ready([first])
        assert first.heard() == [Go()]
        assert slots(world.new_workers()) == [1]
        assert world.reporter.since() == [("serving",), ("resized", 2)]

    world.run(script, config(1))


def test_while_nothing_serves(world: World) -> None:
    def script() -> Script:
        [first] = world.new_workers()
        first.says(FAILURE)
        first.dies(1)
        yield
        more()
        yield
        assert world.new_workers() == []
        yield from edit(world)
        [mended] = world.new_workers()
        yield from get_ready([mended])
        assert slots(world.new_workers()) == [1]
        assert resized(world) == [2]

    world.run(script, config(1))


def test_at_the_end_nobody_is_started(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        signal.raise_signal(signal.SIGTERM)
        yield
        more()
        yield
        assert world.new_workers() == []
        worker.dies(0)
        yield

    world.run(script, config(1))


# ---- the sockets of a slot that goes ----


@contextlib.contextmanager
def listening(worker: FakeWorker) -> Iterator[socket.socket]:
    """The socket that the worker was granted."""
    with socket.socket(fileno=os.dup(worker.descriptors[0])) as sock:
        sock.setblocking(False)
        yield sock


def connect(sock: socket.socket, count: int = 32) -> list[socket.socket]:
    """So many connections to its address, that none goes to a certain slot by chance."""
    return [socket.create_connection(sock.getsockname()) for _ in range(count)]


def accept_all(sock: socket.socket) -> int:
    """How many connections wait there; none does any more."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.accept()[0].close()
            count += 1
    return count


def all_come_to(worker: FakeWorker) -> Generator[None, None, bool]:
    """Whether every connection that is opened now comes to this worker, some by way of others."""
    with listening(worker) as sock:
        clients = connect(sock)
        yield
        passed_on = worker.heard()
        came = accept_all(sock)
        for client in clients:
            client.close()
        assert set(passed_on) == {Adopt(b"")}
        return came + len(passed_on) == len(clients)


def serve_with_sockets(world: World) -> Generator[None, None, list[FakeWorker]]:
    workers = world.new_workers()
    for worker in workers:
        worker.says(CLAIM)
    yield
    yield from get_ready(workers)
    for worker in workers:
        worker.heard()
    world.reporter.since()
    return workers


def close_sockets(worker: FakeWorker) -> None:
    """As a worker does before it says so, or its end does."""
    for descriptor in worker.descriptors:
        os.close(descriptor)
    worker.descriptors.clear()


def test_connections_of_one_that_goes_reach_the_others(world: World) -> None:
    def script() -> Script:
        first, second = yield from serve_with_sockets(world)
        fewer()
        yield
        close_sockets(second)
        second.says(Closed())
        yield
        assert (yield from all_come_to(first))

    world.run(script, config(2))


def test_what_comes_while_nobody_serves_waits(world: World) -> None:
    """As in any other backlog; it is asked about again after a moment."""

    def script() -> Script:
        first, second = yield from serve_with_sockets(world)
        fewer()
        yield
        close_sockets(second)
        second.says(Closed())
        second.dies(0)
        first.dies(1)
        yield
        [again] = world.new_workers()
        with listening(first) as sock:
            clients = connect(sock)
            yield
            waiting = accept_all(sock)
            assert 0 < waiting < len(clients)
        again.says(CLAIM)
        yield from get_ready([again])
        again.heard()
        world.passes(1)
        yield
        assert len(again.heard()) == len(clients) - waiting
        for client in clients:
            client.close()

    world.run(script, config(2))


def test_a_port_that_nobody_wants_any_more_is_closed_in_each_slot(world: World) -> None:
    def script() -> Script:
        first, second = yield from serve_with_sockets(world)
        with listening(first) as sock:
            place = sock.getsockname()
        fewer()
        yield
        close_sockets(second)
        second.says(Closed())
        second.dies(0)
        yield
        world.passes(10)
        world.watcher.sees(Path("/src/app.py"))
        yield
        [successor] = world.new_workers()
        assert [offer.claim for offer in successor.boot.offers] == [CLAIM]
        successor.says(Ready())  # it has taken nothing
        yield
        world.passes(1)
        yield
        close_sockets(first)
        first.dies(0)
        yield
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place)
        assert successor.alive

    world.run(script, config(2))


def test_a_slot_that_is_given_anew_has_one_worker(world: World) -> None:
    """The one that was killed while it booted ends when another has its slot already."""

    def script() -> Script:
        yield from world.serve()
        more()
        yield
        [killed] = world.new_workers()
        killed.dies = lambda status: None  # type: ignore[method-assign]  # not yet
        fewer()
        yield
        more()
        yield
        started: list[FakeWorker | None] = [*world.new_workers()]
        [second] = started or [None]
        del killed.dies
        killed.dies(-9)
        yield
        workers = [each for each in (second, *world.new_workers()) if each is not None]
        assert [each.boot.slot for each in workers if each.alive] == [1]

    world.run(script, config())


def test_one_that_still_boots_leaves_no_socket_behind(world: World) -> None:
    def script() -> Script:
        [first] = yield from serve_with_sockets(world)
        more()
        yield
        [second] = world.new_workers()
        second.says(CLAIM)
        yield
        second.heard()
        close_sockets(second)
        fewer()
        yield
        assert second.signals == [signal.SIGKILL]
        assert (yield from all_come_to(first))
        assert resized(world) == [2, 1]

    world.run(script, config(1))


def test_one_that_waits_to_be_replaced_leaves_no_socket_behind(world: World) -> None:
    def script() -> Script:
        first, second = yield from serve_with_sockets(world)
        for _ in range(2):
            close_sockets(second)
            second.dies(1)
            yield
            [second] = world.new_workers() or [second]
        assert world.new_workers() == [], "it died twice in a row: another one comes later"
        with listening(first) as sock:
            clients = connect(sock)
            fewer()
            yield
            adopted = first.heard()
            assert adopted
            assert set(adopted) == {Adopt(b"")}
            assert accept_all(sock) + len(adopted) == len(clients)
        for client in clients:
            client.close()
        assert (yield from all_come_to(first))
        world.passes(10)
        yield
        assert world.new_workers() == []

    world.run(script, config(2))


def test_a_slot_that_is_wanted_again_keeps_its_sockets(world: World) -> None:
    """The new one has claimed them when the old one says that it has let go."""

    def script() -> Script:
        first, second = yield from serve_with_sockets(world)
        fewer()
        yield
        more()
        yield
        [again] = world.new_workers()
        again.says(CLAIM)
        yield from get_ready([again])
        again.heard()
        close_sockets(second)
        second.says(Closed())
        second.dies(0)
        yield
        # It dies, and another comes: what waits in its backlog meanwhile is not lost.
        close_sockets(again)
        with listening(first) as sock:
            clients = connect(sock)
            assert 0 < accept_all(sock) < len(clients)
        again.dies(1)
        for client in clients:
            client.close()

    world.run(script, config(2))
