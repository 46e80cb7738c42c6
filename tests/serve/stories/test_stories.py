"""Some of the stories; `python -m tests.serve.stories` tells more."""

from __future__ import annotations

import pytest

from tests.serve.stories.telling import LOOPS, tell


@pytest.mark.parametrize("kind", LOOPS)
def test_each_story_ends_served_or_with_a_word(kind: str) -> None:
    if kind == "uvloop":
        pytest.importorskip("uvloop")
    assert list(tell(1, 30, kind)) == []


@pytest.mark.thorough
@pytest.mark.parametrize("kind", LOOPS)
def test_more_stories(kind: str) -> None:
    if kind == "uvloop":
        pytest.importorskip("uvloop")
    assert list(tell(1001, 1000, kind)) == []
