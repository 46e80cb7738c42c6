"""What a message says of itself."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from tornkit.serve.wire.messages import Claim, Drain, Go, Lesson


def test_messages_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Go().anything = 1  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        Drain(1.0, True).timeout = 2.0  # type: ignore[misc]


def test_lessons_add_up() -> None:
    """What is said later of how it serves counts, and every port that is not HTTP's."""
    first = Lesson(serves="imported", not_http=(9, 25))
    assert first.and_also(Lesson(not_http=(25, 7))) == Lesson("imported", (7, 9, 25))
    assert first.and_also(Lesson(serves="called")) == Lesson("called", (9, 25))


@pytest.mark.parametrize(
    "other",
    [
        Claim(port=80, address="::1", backlog=1),
        Claim(port=80, address="::1", scheme="https"),
    ],
)
def test_claims_for_one_place(other: Claim) -> None:
    assert Claim(port=80, address="::1").place == other.place


@pytest.mark.parametrize(
    "other",
    [
        Claim(port=81, address="::1"),
        Claim(port=80),
        Claim(port=80, address="::1", family=2),
        Claim(port=80, address="::1", flags=1),
        Claim(port=80, address="::1", occurrence=1),
        Claim(port=80, address="::1", unix_path="/a"),
    ],
)
def test_claims_for_two_places(other: Claim) -> None:
    assert Claim(port=80, address="::1").place != other.place
