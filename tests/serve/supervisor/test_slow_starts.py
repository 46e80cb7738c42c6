"""A start that takes its time is told of; one that has ended is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import FAILURE, FakeReporter
from tornkit.serve.supervisor.slow_starts import SlowStarts

ENDS: dict[str, Callable[[SlowStarts], None]] = {
    "serving": lambda starts: starts.serving(None),
    "reloaded": lambda starts: starts.reloaded(2, 0.1),
    "failed": lambda starts: starts.failed(FAILURE, old_serves=True, waiting=True),
    "stopping": lambda starts: starts.stopping("SIGINT"),
}


class Scene:
    """A server that starts."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.reporter = FakeReporter()
        self.starts = SlowStarts(self.loop, self.reporter)

    def passes(self, seconds: float) -> list[Any]:
        self.loop.passes(seconds)
        return self.reporter.since()


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.loop.close()


def test_a_start_that_takes_its_time(scene: Scene) -> None:
    assert scene.passes(1.9) == []
    assert scene.passes(0.2) == [("still starting", 2.0)]
    assert scene.passes(8.0) == [("still starting", 10.0)]
    assert scene.passes(20.0) == [("still starting", 30.0)]
    assert scene.passes(100.0) == []


@pytest.mark.parametrize("end", ENDS)
def test_one_that_has_ended(scene: Scene, end: str) -> None:
    ENDS[end](scene.starts)
    assert scene.passes(100.0) == []


def test_each_start_has_its_own_time(scene: Scene) -> None:
    scene.passes(1.5)
    scene.starts.reloading(["app.py"])
    assert scene.passes(1.5) == []
    assert scene.passes(0.6) == [("still starting", 2.0)]
    scene.starts.serves_by_itself("app.py")
    assert scene.passes(2.1) == [("still starting", 2.0)]
