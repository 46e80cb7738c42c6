"""What a typed letter does, and when the terminal is a worker's."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest

from tests.serve.scripted import NO_PID, FakeReporter
from tornkit.serve.supervisor.typed import SharedTerminal, Typed
from tornkit.serve.wire.heartbeat import Pulse
from tornkit.serve.workforce.children import WorkerHandle, WorkerState


class Supervisor:
    """What it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.stopping = False

    def restart(self, reason: str) -> None:
        self.asked.append(("restart", reason))

    def resize(self, change: int) -> None:
        self.asked.append(change)

    def stop(self, why: str, number: int) -> None:
        self.stopping = True
        self.asked.append(("stop", why, number))

    def stop_now(self, exit_code: int) -> None:
        self.asked.append(("stop now", exit_code))

    def urls(self) -> tuple[str, ...]:
        return ("http://127.0.0.1:8888",)


def made() -> tuple[Typed, Supervisor, FakeReporter]:
    supervisor, reporter = Supervisor(), FakeReporter()
    anything: Any = supervisor
    return (
        Typed(anything, ("-m", "board", "--", "x"), reporter, anything.asked.append),
        supervisor,
        reporter,
    )


def test_each_is_passed_on() -> None:
    actions, supervisor, reporter = made()
    actions.restart("r")
    actions.resize(-1)
    actions.open_browser()
    actions.open_browser("/page")
    actions.stop("q")
    actions.stop("q")
    browsed = ("http://127.0.0.1:8888",)
    page = ("http://127.0.0.1:8888/page",)
    asked = [("restart", "r"), -1, browsed, page, ("stop", "q", signal.SIGINT), ("stop now", 0)]
    assert supervisor.asked == asked
    actions.clear_terminal()
    actions.show_keys([("r", "start anew")])
    assert reporter.told == [("cleared",), ("keys", "r")]


def test_the_routes_are_listed_by_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(
        os, "posix_spawn", lambda path, command, *rest, **options: started.append(command)
    )
    actions, _, reporter = made()
    actions.list_routes()
    words = ["-m", "board", "--", "x"]
    assert started == [[sys.executable, "-P", "-m", "tornkit", "routes", *words]]
    assert reporter.told == []

    def refuses(*arguments: object, **options: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "posix_spawn", refuses)
    actions.list_routes()
    ((what, text),) = reporter.told
    assert what == "lacks"
    assert text.startswith("the routes can't be listed: ")


class Health:
    """Pulses as a test sets them."""

    def __init__(self) -> None:
        self.beat = 0.0

    def pulse(self, pid: int) -> Pulse:
        return Pulse(beat=self.beat)


@pytest.mark.parametrize(
    ("state", "beat", "free"),
    [
        (WorkerState.SERVING, 1000.01, True),
        (WorkerState.DRAINING, 1000.05, True),
        (WorkerState.BOOTING, 1000.05, False),
        (WorkerState.SERVING, 999.99, False),
        (WorkerState.SERVING, 0.0, True),
    ],
)
def test_whose_the_terminal_is(state: WorkerState, beat: float, free: bool) -> None:
    """A loop that has not turned since may stand in a debugger that waits for what was typed."""
    process: Any = None
    worker: WorkerHandle[Any] = WorkerHandle(0, 1, NO_PID, process, started_at=0.0)
    worker.state = state
    health: Any = Health()
    health.beat = beat
    workforce: Any = [worker]
    assert SharedTerminal(workforce, health).is_free(1000.0) is free
    assert SharedTerminal((), health).is_free(1000.0)  # type: ignore[arg-type]
