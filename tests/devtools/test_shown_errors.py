"""Errors that a person was shown, and the names by which their pages refer to them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tornkit.devtools import shown_errors


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Errors that were told to who keeps them."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(shown_errors, "tell", found.append)
    return found


def test_where_nobody_keeps_them_they_have_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_errors, "tell", None)
    assert shown_errors.note({"frames": []}) == ""


def test_each_is_told_by_a_name_of_its_own(told: list[dict[str, Any]]) -> None:
    names = [shown_errors.note({"frames": []}) for _ in range(2)]
    assert [each["id"] for each in told] == names
    assert len(set(names)) == 2


def test_a_name_can_not_be_guessed(told: list[dict[str, Any]]) -> None:
    """Another page could have its frames opened."""
    assert re.fullmatch(r"request-[0-9a-f]{16}", shown_errors.note({}))


def test_what_was_noted_stays_as_it_is(told: list[dict[str, Any]]) -> None:
    data = {"frames": [1], "id": "of before"}
    name = shown_errors.note(data)
    assert told == [{"frames": [1], "id": name}]
    assert data == {"frames": [1], "id": "of before"}


def test_whether_a_frame_can_be_opened_is_not_asked(
    told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who keeps them lists them, though no editor is there."""
    monkeypatch.setattr(shown_errors, "opens_lines", False)
    assert shown_errors.note({}) == told[0]["id"]
