"""What pages are told of the server's generations, failures and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.hand_loop import HandLoop
from tornkit.serve.browsers.browser_reporter import BrowserReporter
from tornkit.serve.reporter import Banner
from tornkit.serve.wire.messages import Failed

FAILED = Failed(
    "AppRaised", "no db; token=hunter2", "Traceback", shown={"message": "no db", "frames": [1]}
)


class Told(BrowserReporter):
    """A reporter whose events are kept."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        super().__init__(self.loop, "run")
        self.events: list[dict[str, Any]] = []
        self.streams.tell = self.events.append  # type: ignore[assignment, method-assign]

    def now(self) -> dict[str, Any]:
        """What a browser hears that connects now."""
        return self.streams._greeting()

    def fails(self, failure: Failed = FAILED, *, old_serves: bool = True) -> dict[str, Any]:
        self.failed(failure, old_serves=old_serves, waiting=True)
        found: dict[str, Any] = self.events[-1]["failure"]
        return found


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    yield told
    told.loop.close()


def banner(generation: int) -> Banner:
    return Banner("app:app", (), False, 1, 1, (), False, generation=generation)


def test_the_generation_that_serves(told: Told) -> None:
    assert told.now() == {"type": "state", "generation": None, "failure": None}
    told.serving(banner(1))
    told.reloaded(4, 0.01)
    assert [event["generation"] for event in told.events] == ["run.1", "run.4"]
    assert told.now() == told.events[-1]


def test_a_failure_stands_until_something_serves(told: Told) -> None:
    told.serving(banner(1))
    failure = told.fails()
    assert failure["message"] == "no db", "without the secret"
    assert failure["frames"] == [1]
    assert failure["oldServes"] is True
    assert told.events[-1]["generation"] == "run.1"
    told.loop.clock += 3
    assert told.now()["failure"]["seconds"] == 3
    told.reloaded(3, 0.01)
    assert told.now()["failure"] is None


def test_one_failure_behind_another_has_stood_as_long(told: Told) -> None:
    first = told.fails()
    told.loop.clock += 2
    second = told.fails()
    assert first["id"] != second["id"]
    assert second["seconds"] == 2
    assert told.failure(second["id"]) is not None
    assert told.failure(first["id"]) is None


def test_a_failure_of_the_supervisors_own_has_words_alone(told: Told) -> None:
    failure = told.fails(Failed("BootTimeout", "not ready after 60 s"), old_serves=False)
    assert failure["message"] == "not ready after 60 s"
    assert failure["frames"] == []
    assert failure["oldServes"] is False
    raw = told.fails(Failed("AppRaised", "no db", "Traceback: token=hunter2"))
    assert "hunter2" not in str(raw), "nobody has looked through it for secrets"


def test_files_are_told_by_their_names_alone(told: Told) -> None:
    told.files_changed(["/src/a/b.css", "/src/c/b.css", "/src/d.html"])
    assert told.events == [{"type": "files", "names": ["b.css", "d.html"]}]
    told.files_changed([f"/src/{n}.css" for n in range(1000)])
    assert len(told.events[-1]["names"]) == 50
