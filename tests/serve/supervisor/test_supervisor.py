"""Generations: the first one, and those that edits start. See `tests.serve.scripted`."""

from __future__ import annotations

import errno
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.serve.scripted import (
    APP,
    CLAIM,
    FAILURE,
    PAGE,
    VIEWS,
    Script,
    World,
    config,
    get_ready,
)
from tornkit.serve.supervisor.debounce import DebouncePolicy
from tornkit.serve.wire.messages import (
    Claim,
    Closed,
    Drain,
    Failed,
    Go,
    Grant,
    Loaded,
    Ready,
    Refresh,
)
from tornkit.serve.workforce.workforce import STACKS_SIGNAL

pytestmark = pytest.mark.usefixtures("no_leaks")

# ---- the first generation ----


def test_all_ready_then_go_and_the_banner(world: World) -> None:
    world.environment = {"NAME": "value"}

    def script() -> Script:
        first, second, third = world.new_workers()
        assert [worker.boot.slot for worker in world.workers] == [0, 1, 2]
        assert {worker.boot.generation for worker in world.workers} == {1}
        assert first.environment == {"NAME": "value"}
        assert world.watcher.running
        first.says(CLAIM)
        second.says(CLAIM)
        yield
        assert first.heard() == second.heard() == [Grant()]
        assert len(first.descriptors) == len(second.descriptors) == 1
        first.says(Ready(modules=("json", "html")))
        third.says(Ready())
        yield
        assert first.heard() == third.heard() == []
        assert world.reporter.told == []
        second.says(Ready())
        yield
        assert [worker.heard() for worker in world.workers] == [[Go()]] * 3
        assert world.reporter.since() == [("serving",)]
        assert ("json", "html") in world.nursery.learned

    world.run(script, config(3))
    [sock] = [world.reporter.banner]
    assert sock is not None
    assert sock.label == "app:app"
    assert len(sock.urls) == 1
    assert sock.urls[0].startswith("http://127.0.0.1:")
    assert (sock.everywhere, sock.workers, sock.pid) == (False, 3, os.getpid())


def test_the_granted_descriptor_is_the_listening_socket(world: World) -> None:
    [sock] = world.listeners.claim(CLAIM, 0, 0)

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(CLAIM)
        yield
        assert worker.heard() == [Grant()]
        with socket.socket(fileno=os.dup(worker.descriptors[0])) as granted:
            assert granted.getsockname() == sock.getsockname()

    world.run(script, config())


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


# ---- an edit ----


def test_an_edit(world: World) -> None:
    """The old lets go before the new accepts, and not before the new is whole."""

    def script() -> Script:
        old = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        new = world.new_workers()
        assert [(worker.boot.slot, worker.boot.generation) for worker in new] == [(0, 2), (1, 2)]
        assert world.reporter.since() == [("reloading", "app.py")]
        new[1].says(Ready())
        yield
        assert [worker.heard() for worker in old] == [[], []]
        world.passes(0.05)
        new[0].says(Ready())
        yield
        assert [worker.heard() for worker in old] == [[Drain(10.0, successor=True)]] * 2
        assert [worker.heard() for worker in new] == [[], []]
        old[0].says(Closed())
        yield
        assert [worker.heard() for worker in new] == [[], []]
        old[1].says(Closed())
        yield
        assert [worker.heard() for worker in new] == [[Go()]] * 2
        assert world.reporter.since() == [("reloaded", 2, 0.05)]
        world.passes(1)
        for worker in old:
            worker.dies(0)
        yield
        assert [worker.heard() for worker in new] == [[], []]
        assert world.reporter.told == []
        assert world.new_workers() == []

    world.run(script, config(2))


def test_an_old_worker_that_never_lets_go(world: World) -> None:
    """Stuck in a handler: the new one accepts in half a second; at last it is killed."""

    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(Ready())
        yield
        world.passes(0.49)
        yield
        assert new.heard() == []
        world.passes(0.02)
        yield
        assert new.heard() == [Go()]
        world.reporter.since()
        old.says(Closed())  # late
        yield
        assert new.heard() == []
        world.passes(12.8)
        yield
        assert old.alive
        world.passes(0.2)
        yield
        assert old.signals == [STACKS_SIGNAL]
        assert world.reporter.since() == [("overdue", 0)]
        world.passes(1)
        yield
        assert old.signals == [STACKS_SIGNAL, signal.SIGKILL]

    world.run(script, config(drain_timeout=10.0))


def test_an_old_worker_that_ends_in_time_is_not_overdue(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        yield from world.serve(APP)
        world.passes(100)
        yield
        assert world.reporter.told == []

    world.run(script, config())


def test_an_old_worker_that_dies_has_let_go(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(Ready())
        yield
        assert new.heard() == []
        old.dies(-signal.SIGSEGV)
        yield
        assert new.heard() == [Go()]
        assert world.new_workers() == []  # it was on its way out: nobody takes its place

    world.run(script, config())


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


def test_an_edit_during_a_boot_overtakes_it(world: World) -> None:
    pause = DebouncePolicy().pause

    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [overtaken] = world.new_workers()
        world.passes(1)
        world.watcher.sees(VIEWS, APP)
        yield
        assert world.new_workers() == []
        assert overtaken.alive
        world.passes(pause)
        yield
        [new] = world.new_workers()
        assert new.boot.generation == 3
        assert overtaken.signals == [signal.SIGKILL]
        # Being overtaken is no failure.
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("reloading", "views.py", "app.py"),
        ]
        assert old.heard() == []
        new.says(Ready())
        yield
        assert old.heard() == [Drain(10.0, True)]
        old.says(Closed())
        yield
        assert new.heard() == [Go()]

    world.run(script, config())


def test_an_edit_seen_while_one_boots_may_be_overtaken_by_its_readiness(world: World) -> None:
    """It serves what it has, and the edit starts the next one all the same."""

    def script() -> Script:
        [first] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [second] = world.new_workers()
        world.passes(1)
        world.watcher.sees(APP)
        yield
        second.says(Ready())
        yield
        first.heard()
        first.says(Closed())
        yield
        assert second.heard() == [Go()]
        world.passes(DebouncePolicy().pause)
        yield
        [third] = world.new_workers()
        third.says(Ready())
        yield
        assert second.heard() == [Drain(10.0, True)]

    world.run(script, config())


def test_three_generations_at_once(world: World) -> None:
    """The first still finishes something while the second gives way to the third."""

    def script() -> Script:
        [first] = yield from world.serve()
        workers = [first]
        for number in (2, 3):
            world.passes(1)
            world.watcher.sees(APP)
            yield
            [new] = world.new_workers()
            new.says(Ready())
            yield
            assert workers[-1].heard() == [Drain(10.0, True)]
            workers[-1].says(Closed())
            yield
            assert new.heard() == [Go()]
            assert new.boot.generation == number
            workers.append(new)
        assert [worker.alive for worker in workers] == [True] * 3
        workers[1].dies(0)
        workers[0].dies(0)
        yield
        assert workers[2].alive
        assert world.new_workers() == []

    world.run(script, config())


def test_a_burst_of_edits_starts_a_handful(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        world.passes(10)
        for _ in range(100):
            world.watcher.sees(APP)
            yield
            world.passes(0.02)
        world.passes(1)
        yield
        new = world.new_workers()
        assert 2 <= len(new) <= 6
        assert [worker.alive for worker in new] == [False] * (len(new) - 1) + [True]

    world.run(script, config())


def test_sighup_starts_a_generation(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        signal.raise_signal(signal.SIGHUP)
        yield
        [new] = world.new_workers()
        assert world.reporter.since() == [("reloading", "SIGHUP")]
        new.says(Ready())
        yield
        assert old.heard() == [Drain(10.0, True)]

    world.run(script, config(reload=False))


def test_a_template_refreshes_and_restarts_nothing(world: World) -> None:
    def script() -> Script:
        serving = yield from world.serve()
        world.watcher.sees(PAGE)
        yield
        assert [worker.heard() for worker in serving] == [[Refresh()]] * 2
        assert world.new_workers() == []
        world.passes(10)
        world.watcher.sees(PAGE, APP)
        yield
        assert len(world.new_workers()) == 2

    world.run(script, config(2))


def test_what_the_workers_run_is_watched(world: World) -> None:
    outside, folder = Path("/elsewhere/lib.py"), Path("/elsewhere/templates")

    def script() -> Script:
        [worker] = world.new_workers()
        before = world.watcher.rules
        worker.says(Ready(files=(str(outside),), folders=(str(folder),)))
        yield
        assert world.watcher.rules.loaded_files == before.loaded_files | {outside}
        assert world.watcher.rules.refresh_folders == before.refresh_folders | {folder}
        assert world.watcher.rules.folders == before.folders
        world.passes(10)
        world.watcher.sees(outside)
        yield
        assert world.reporter.since()[-1] == ("reloading", "/elsewhere/lib.py")

    world.run(script, config())


def test_a_new_generation_has_the_environment_of_now(world: World) -> None:
    def script() -> Script:
        world.environment = {"NAME": "new"}
        yield from world.serve()
        [worker] = yield from world.serve(APP)
        assert worker.environment == {"NAME": "new"}

    world.run(script, config())


def test_an_address_that_the_new_generation_lacks_is_let_go(world: World) -> None:
    dropped = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [old] = world.new_workers()
        old.says(CLAIM)
        old.says(dropped)
        yield from get_ready([old])
        assert len(list(world.listeners)) == 2
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(CLAIM)
        yield from get_ready([new])
        assert old.heard() == [Grant(), Grant(), Go()]  # it might claim it still
        world.passes(0.6)
        yield
        assert old.heard() == [Drain(10.0, True)]
        assert len(list(world.listeners)) == 2
        old.dies(0)
        yield
        assert len(list(world.listeners)) == 1

    world.run(script, config())


def test_an_address_that_is_claimed_behind_ready_is_kept(world: World) -> None:
    second = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [old] = world.new_workers()
        old.says(CLAIM)
        old.says(second)
        yield from get_ready([old])
        before = [sock.getsockname() for sock in world.listeners]
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(CLAIM)
        yield from get_ready([new])
        old.heard()
        new.says(second)
        yield
        assert old.heard() == [Drain(10.0, True)]
        old.dies(0)
        yield
        assert new.heard() == [Grant(), Grant(), Go()]
        assert [sock.getsockname() for sock in world.listeners] == before

    world.run(script, config())


def test_addresses_that_come_later_are_told(world: World) -> None:
    second = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(CLAIM)
        yield from get_ready([worker])
        assert world.reporter.since() == [("serving",)]
        worker.says(second)
        yield
        assert world.reporter.since() == [("also serving", 1)]
        worker.says(second)
        yield
        assert world.reporter.since() == []
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        for number in range(3):
            new.says(Claim(port=0, address="127.0.0.1", occurrence=number))
        yield from get_ready([new])
        worker.says(Closed())
        yield
        assert world.reporter.since()[-1] == ("also serving", 1)

    world.run(script, config())


def test_what_a_failed_generation_claimed_is_let_go(world: World) -> None:
    other = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [old] = world.new_workers()
        old.says(CLAIM)
        yield from get_ready([old])
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(CLAIM)
        new.says(other)
        yield
        assert len(list(world.listeners)) == 2
        new.says(FAILURE)
        new.dies(1)
        yield
        assert len(list(world.listeners)) == 1  # a client of the other would wait for ever

    world.run(script, config())


def test_a_worker_that_ends_is_granted_nothing(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        yield from get_ready([new])
        old.says(CLAIM)
        yield
        assert old.heard() == [Drain(10.0, True), Grant(errno.ECANCELED, "the worker ends")]
        assert len(list(world.listeners)) == 0

    world.run(script, config())


def test_stacks_are_printed_one_after_another(world: World) -> None:
    def script() -> Script:
        first, second = yield from world.serve()
        signal.raise_signal(signal.SIGUSR2)
        yield
        assert (first.signals, second.signals) == ([STACKS_SIGNAL], [])
        world.passes(0.1)
        yield
        assert (first.signals, second.signals) == ([STACKS_SIGNAL], [STACKS_SIGNAL])

    world.run(script, config(2))


def test_a_worker_that_is_gone_is_asked_for_nothing(world: World) -> None:
    def script() -> Script:
        _, second = yield from world.serve()
        signal.raise_signal(signal.SIGUSR2)
        yield
        second.dies(1)
        yield
        second.alive = True  # its number is another process's
        world.passes(0.1)
        yield
        assert second.signals == []

    world.run(script, config(2))


def test_a_file_that_a_first_start_failed_of_is_watched(world: World) -> None:
    """One outside the project, which no worker has ever said to run."""

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(Failed("AppRaised", "importing app failed", files=("/elsewhere/lib.py",)))
        worker.dies(1)
        yield
        world.passes(10)
        world.watcher.sees(Path("/elsewhere/other.py"))
        yield
        assert world.new_workers() == []
        world.watcher.sees(Path("/elsewhere/lib.py"))
        yield
        assert len(world.new_workers()) == 1

    assert world.run(script, config()) is None


def test_a_file_that_a_handler_imports_is_watched(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        worker.says(Loaded({"/elsewhere/late.py": "1.0:1"}, {"late": "/elsewhere/late.py"}))
        yield
        world.passes(10)
        world.watcher.sees(Path("/elsewhere/late.py"))
        yield
        assert world.reporter.since() == [("reloading", "/elsewhere/late.py")]

    assert world.run(script, config()) is None


def test_a_file_that_is_told_of_by_two_names_is_one_reason(world: World, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    names = [tmp_path.resolve() / folder / "lib.py" for folder in ("real", "link")]

    def script() -> Script:
        yield from world.serve()
        world.watcher.widen(map(str, names), (), ())
        world.passes(10)
        world.watcher.sees(*names)
        yield
        assert [len(told) for told in world.reporter.since()] == [2]

    assert world.run(script, config()) is None
