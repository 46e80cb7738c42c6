"""The dictionary inside `os.environ` that notes what is asked for, and how it gets there.

What is made of the notes: `test_import_recorder`.
"""

from __future__ import annotations

import os
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tornkit.serve.warm_imports.environment import (
    RecordedEnvironment,
    encoded_variables,
    keep_in,
    mapping,
)


class NotedVariables:
    """All that was noted, in its order."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any]] = []

    def note_variable(self, name: str, value: str | None) -> None:
        self.all.append((f"read {name}", value))

    def note_set(self, name: str, value: str | None) -> None:
        self.all.append((f"set {name}", value))

    def note_environment(self, values: Mapping[str, str]) -> None:
        self.all.append(("listed", dict(values)))


GIVEN = {b"COLOUR": b"red", b"NAME": b"\xff"}
LISTED = {"COLOUR": "red", "NAME": "\udcff"}


@contextmanager
def recorded() -> Iterator[NotedVariables]:
    """Context in which `os.environ` has other variables, and the process its own."""
    before = mapping()
    assert before is not None
    variables = RecordedEnvironment(GIVEN)
    variables.notes = notes = NotedVariables()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("putenv", "unsetenv"):
            patch.setattr(os, name, lambda *arguments: None)
        keep_in(variables)
        try:
            yield notes
        finally:
            keep_in(before)


class TestNotes:
    @pytest.mark.parametrize(
        "read",
        [
            lambda: os.environ["COLOUR"],
            lambda: os.environ.get("COLOUR"),
            lambda: os.getenv("COLOUR", "blue"),
            lambda: "COLOUR" in os.environ,
            lambda: os.environb[b"COLOUR"],
        ],
    )
    def test_of_one_that_is_read(self, read: Callable[[], object]) -> None:
        with recorded() as notes:
            found = read()
        assert found in ("red", b"red", True)
        assert set(notes.all) == {("read COLOUR", "red")}

    def test_of_one_that_is_not_there(self) -> None:
        with recorded() as notes:
            is_there = "SIZE" in os.environ
            with pytest.raises(KeyError):
                os.environ["SIZE"]
        assert not is_there
        assert notes.all == [("read SIZE", None)] * 2

    def test_of_one_that_is_no_text(self) -> None:
        with recorded() as notes:
            value = os.environ["NAME"]
        assert notes.all == [("read NAME", value)] == [("read NAME", "\udcff")]

    @pytest.mark.parametrize(
        "read",
        [
            lambda: set(os.environ) == {"COLOUR", "NAME"},
            lambda: len(os.environ) == 2,
            lambda: os.environ.copy() == LISTED,
            lambda: dict(os.environb) == GIVEN,
            lambda: set(os.environ.values()) == set(LISTED.values()),
        ],
    )
    def test_of_all(self, read: Callable[[], bool]) -> None:
        with recorded() as notes:
            is_right = read()
        assert is_right
        assert notes.all[0] == ("listed", LISTED)

    def test_of_one_that_is_set(self) -> None:
        """To set a variable is not to read it."""
        with recorded() as notes:
            os.environ["COLOUR"] = "blue"
            value = os.environ["COLOUR"]
        assert notes.all == [("set COLOUR", "blue"), ("read COLOUR", "blue")]
        assert value == "blue"

    def test_of_one_that_is_removed(self) -> None:
        """It would be an error if it were not there."""
        with recorded() as notes:
            del os.environ["COLOUR"]
            is_there = "COLOUR" in os.environ
        assert notes.all[:2] == [("read COLOUR", "red"), ("set COLOUR", None)]
        assert not is_there

    def test_of_one_that_can_not_be_removed(self) -> None:
        with recorded() as notes, pytest.raises(KeyError):
            del os.environ["SIZE"]
        assert notes.all == [("read SIZE", None)]

    def test_of_none_that_can_not_be_set(self) -> None:
        value: Any = 5
        with recorded() as notes, pytest.raises(TypeError):
            os.environ["COLOUR"] = value
        assert notes.all == []


@pytest.mark.parametrize(
    ("ask", "noted"),
    [
        (lambda variables: variables[b"COLOUR"], ("read COLOUR", "red")),
        (lambda variables: b"COLOUR" in variables, ("read COLOUR", "red")),
        (lambda variables: next(iter(variables)), ("listed", LISTED)),
        (len, ("listed", LISTED)),
    ],
)
def test_each_way_to_ask_the_dictionary_itself(
    ask: Callable[[RecordedEnvironment], object], noted: tuple[str, Any]
) -> None:
    """Which of them `os.environ` goes is another matter in each Python."""
    variables = RecordedEnvironment(GIVEN)
    variables.notes = notes = NotedVariables()
    assert ask(variables)
    assert notes.all == [noted]


class TestMapping:
    def test_is_kept_for_texts_and_bytes(self) -> None:
        before = mapping()
        with recorded():
            kept = mapping()
            os.environb[b"SHAPE"] = b"round"
            values = os.environ["COLOUR"], os.environb[b"COLOUR"], os.environ["SHAPE"]
        assert isinstance(kept, RecordedEnvironment)
        assert values == ("red", b"red", "round")
        assert mapping() is before

    def test_is_not_copied_to_be_looked_at(self) -> None:
        with recorded() as notes:
            kept, found = mapping(), encoded_variables()
        assert found is kept
        assert notes.all == []

    def test_of_a_python_of_another_sort(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = mapping()
        with monkeypatch.context() as patch:
            patch.setattr(os.environ, "_data", UserDict(before or {}))
            found = mapping()
            variables = encoded_variables()
            patch.delattr(os.environ, "_data")
            without = mapping()
        assert found is without is None
        assert variables == before
        assert variables is not before
