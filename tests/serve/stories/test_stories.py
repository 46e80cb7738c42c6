"""Some of the stories; `python -m tests.serve.stories` tells more."""

from __future__ import annotations

import pytest

from tests.serve.stories import telling
from tests.serve.stories.story import Story
from tests.serve.stories.telling import LOOPS, tell


@pytest.mark.parametrize("kind", LOOPS)
def test_each_story_ends_served_or_with_a_word(kind: str) -> None:
    if kind == "uvloop":
        pytest.importorskip("uvloop")
    assert list(tell(1, 30, kind)) == []


def test_most_stories_tell_of_servers_that_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no worker is ever ready, each of them ends with a word, whatever is wrong."""
    told: list[set[str]] = []

    class Overheard(Story):
        def play(self) -> None:
            super().play()
            told.append({each[0] for each in self.reporter.told})

    monkeypatch.setattr(telling, "Story", Overheard)
    assert list(tell(1, 30, "asyncio")) == []
    assert sum("serving" in each for each in told) > 20
    assert sum("reloaded" in each for each in told) > 10
    assert sum("resized" in each for each in told) > 10


@pytest.mark.thorough
@pytest.mark.parametrize("kind", LOOPS)
def test_more_stories(kind: str) -> None:
    if kind == "uvloop":
        pytest.importorskip("uvloop")
    assert list(tell(1001, 1000, kind)) == []
