"""Workers that die, connections that move, and how it all ends. See `tests.serve.scripted`."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from tests.serve.scripted import (
    APP,
    CLAIM,
    FAILURE,
    Script,
    World,
    config,
    get_ready,
)
from tornkit.serve.wire.messages import (
    Adopt,
    Closed,
    Drain,
    Go,
    Handover,
    Ready,
)
from tornkit.serve.workforce.backoff import BackoffPolicy

pytestmark = pytest.mark.usefixtures("no_leaks")

# ---- a serving worker dies ----


def test_a_dead_worker_is_replaced(world: World) -> None:
    def script() -> Script:
        first, second = yield from world.serve()
        world.passes(100)
        first.dies(-signal.SIGKILL)
        yield
        assert world.reporter.since() == [("died", 0, "was killed by SIGKILL", 0.0)]
        [new] = world.new_workers()
        assert (new.boot.slot, new.boot.generation) == (0, 1)
        new.says(Ready())
        yield
        assert new.heard() == [Go()]
        assert second.heard() == []
        assert world.reporter.told == []  # no banner again

    world.run(script, config(2))


def test_a_crash_loop_backs_off(world: World) -> None:
    policy = BackoffPolicy()

    def script() -> Script:
        [worker] = yield from world.serve()
        delays = []
        for _ in range(4):
            worker.dies(1)
            yield
            [(_, slot, how, delay)] = world.reporter.since()
            assert (slot, how) == (0, "exited with status 1")
            delays.append(delay)
            if delay:
                world.passes(delay - 0.01)
                yield
                assert world.new_workers() == []
                world.passes(0.02)
                yield
            [worker] = world.new_workers()
            worker.says(Ready())
            yield
            assert worker.heard() == [Go()]
        assert delays == [0.0, policy.first, policy.first * 2, policy.first * 4]
        world.passes(policy.healthy_after)
        worker.dies(1)
        yield
        assert world.reporter.since() == [("died", 0, "exited with status 1", 0.0)]

    world.run(script, config())


def test_a_replacement_that_can_not_start_backs_off_too(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        world.passes(100)
        worker.dies(1)
        yield
        delays = []
        for _ in range(3):
            world.passes(10)
            yield
            [worker] = world.new_workers()
            worker.says(FAILURE)
            worker.dies(1)
            yield
            [*_, (_, _, how, delay)] = world.reporter.since()
            assert how == FAILURE.message
            delays.append(delay)
        assert delays == [0.0, 0.2, 0.4]
        assert world.watcher.running

    world.run(script, config())


def test_no_replacement_for_a_generation_that_gave_way(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        for _ in range(2):
            worker.dies(1)
            yield
            new = world.new_workers()
            if new:
                [worker] = new
                worker.says(Ready())
                yield
        # The second death waits for its delay; an edit comes first.
        assert world.reporter.since()[-1] == ("died", 0, "exited with status 1", 0.2)
        world.passes(0.1)
        world.watcher.sees(APP)
        yield
        [new_worker] = world.new_workers()
        new_worker.says(Ready())
        yield
        assert new_worker.heard() == [Go()]
        world.passes(10)
        yield
        assert world.new_workers() == []

    world.run(script, config())


def test_a_worker_that_dies_while_the_next_generation_boots(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        old.dies(1)
        yield
        [replacement] = world.new_workers()
        assert replacement.boot.generation == 1
        new.says(Ready())
        yield
        # Nothing of the old one serves, so nobody is waited for.
        assert new.heard() == [Go()]
        assert replacement.signals == [signal.SIGKILL]

    world.run(script, config())


def test_last_words_are_heard(world: World) -> None:
    """Ready, and seen to be dead before it was heard: it had been ready, and is replaced."""

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(Ready())
        worker.alive = False
        world.on_exit(worker.pid, 1)
        yield
        assert ("serving",) in world.reporter.told
        assert len(world.new_workers()) == 1

    world.run(script, config())


def test_a_worker_that_closes_its_channel_and_lives_is_killed(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        worker.channel.close()
        yield
        assert worker.alive
        world.passes(5)
        yield
        assert worker.signals == [signal.SIGKILL]
        assert len(world.new_workers()) == 1

    world.run(script, config())


# ---- connections that move ----


def test_a_connection_moves_to_the_same_slot(world: World) -> None:
    def script() -> Script:
        old = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        new = world.new_workers()
        yield from get_ready(new)
        client, connection = socket.socketpair()
        with client:
            old[1].says(Handover(b"GET "), connection.fileno())
            connection.close()
            old[0].says(Closed())
            old[1].says(Closed())
            yield
            assert new[0].heard() == [Go()]
            # Both, whichever comes first: a worker takes over before it accepts, too.
            told = new[1].heard()
            assert sorted(map(repr, told)) == sorted(map(repr, [Adopt(b"GET "), Go()]))
            [descriptor] = new[1].descriptors
            os.write(descriptor, b"answer")
            assert client.recv(99) == b"answer"

    world.run(script, config(2))


def test_a_connection_that_nobody_takes_is_closed(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        client, connection = socket.socketpair()
        with client:
            worker.says(Handover(b""), connection.fileno())
            connection.close()
            yield
            client.setblocking(False)
            assert client.recv(99) == b""

    world.run(script, config())


# ---- the end ----


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop(world: World, number: signal.Signals) -> None:
    def script() -> Script:
        first, second = world.new_workers()
        first.says(CLAIM)
        second.says(CLAIM)
        yield
        yield from get_ready([first, second])
        for worker in (first, second):
            worker.heard()
        world.reporter.since()
        signal.raise_signal(number)
        yield
        assert world.reporter.since() == [("stopping", number.name)]
        assert first.heard() == second.heard() == [Drain(10.0, successor=False, final=number)]
        assert list(world.listeners) == []
        world.watcher.sees(APP)
        first.dies(0)
        yield
        assert world.new_workers() == []
        second.says(Closed())
        second.dies(0)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config(2)) == 0
    assert world.reporter.since() == [("stopped",)]


def test_a_second_signal_kills(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        signal.raise_signal(signal.SIGINT)
        yield
        assert worker.signals == []
        signal.raise_signal(signal.SIGINT)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 128 + signal.SIGINT
    assert world.workers[0].signals == [signal.SIGKILL]


def test_sigquit_kills_at_once(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        signal.raise_signal(signal.SIGQUIT)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 128 + signal.SIGQUIT
    assert world.workers[0].signals == [signal.SIGKILL]


def test_a_worker_that_does_not_end_is_killed(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        signal.raise_signal(signal.SIGTERM)
        yield
        world.passes(4.9)
        yield
        assert world.workers[0].alive
        world.passes(0.2)
        yield
        world.passes(1)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config(drain_timeout=2.0)) == 0
    assert ("overdue", 0) in world.reporter.told
    assert world.reporter.told[-1] == ("stopped",)


def test_stop_while_the_first_boots(world: World) -> None:
    def script() -> Script:
        signal.raise_signal(signal.SIGTERM)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config(2)) == 0
    assert [worker.signals for worker in world.workers] == [[signal.SIGKILL]] * 2
    assert ("stopped",) not in world.reporter.told  # it never served


def test_stop_while_the_next_boots(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        world.reporter.since()
        signal.raise_signal(signal.SIGTERM)
        yield
        assert new.signals == [signal.SIGKILL]
        assert old.heard() == [Drain(10.0, successor=False, final=signal.SIGTERM)]
        assert world.reporter.since()[0] == ("stopping", "SIGTERM")
        old.dies(0)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 0


@pytest.mark.parametrize("reload", [True, False])
def test_stop_while_the_first_boots_is_no_failure(world: World, reload: bool) -> None:
    def script() -> Script:
        signal.raise_signal(signal.SIGTERM)
        yield

    assert world.run(script, config(2, reload=reload)) == 0
    assert world.reporter.told == [("stopping", "SIGTERM")]


def test_stop_while_the_next_boots_is_no_failure(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        world.reporter.since()
        signal.raise_signal(signal.SIGTERM)
        yield
        old.dies(0)
        yield

    assert world.run(script, config()) == 0
    assert world.reporter.told == [("stopping", "SIGTERM"), ("stopped",)]


def test_stop_while_a_replacement_is_awaited(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        for _ in range(2):
            worker.dies(1)
            yield
            for new in world.new_workers():
                new.says(Ready())
                yield
                worker = new
        signal.raise_signal(signal.SIGTERM)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 0
    assert world.new_workers() == []


def test_stop_while_a_refused_first_start_waits(world: World) -> None:
    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(FAILURE)
        worker.dies(1)
        yield
        signal.raise_signal(signal.SIGINT)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 0


def test_signal_handlers_are_put_back(world: World) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    def script() -> Script:
        assert signal.getsignal(signal.SIGTERM) != before[0]
        yield

    world.run(script, config())
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
