"""Environment variables while a module is imported ahead: each that is read or set is noted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Protocol


class VariableNotes(Protocol):
    """Notes of what is read and set, by names as `os.environ` has them."""

    def note_variable(self, name: str, value: str | None) -> None: ...

    def note_set(self, name: str, value: str | None) -> None: ...

    def note_environment(self, values: Mapping[str, str]) -> None:
        """Note that all environment variables were listed."""


def mapping() -> dict[bytes, bytes] | None:
    """The mapping in which `os.environ` keeps its variables; None in a Python of another sort."""
    found = getattr(os.environ, "_data", None)
    return found if isinstance(found, dict) else None


def keep_in(variables: dict[bytes, bytes]) -> None:
    """Have `os.environ` and `os.environb` keep their variables in this mapping."""
    views: tuple[Any, ...] = (os.environ, os.environb)
    for view in views:
        view._data = variables


def encoded_variables() -> Mapping[bytes, bytes]:
    """All environment variables, not to be changed; a copy if their mapping can't be had."""
    kept = mapping()
    return dict(os.environb) if kept is None else kept


class RecordedEnvironment(dict[Any, Any]):
    """Dictionary inside `os.environ`, which notes the variables that are asked for."""

    notes: VariableNotes

    def _note(self, key: Any) -> None:
        value = dict.get(self, key)
        self.notes.note_variable(os.fsdecode(key), None if value is None else os.fsdecode(value))

    def _note_all(self) -> None:
        self.notes.note_environment(
            {os.fsdecode(key): os.fsdecode(value) for key, value in dict.items(self)}
        )

    def __getitem__(self, key: Any) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def __iter__(self) -> Iterator[Any]:
        self._note_all()
        return super().__iter__()

    def __len__(self) -> int:
        self._note_all()
        return super().__len__()

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.notes.note_set(os.fsdecode(key), os.fsdecode(value))

    def __delitem__(self, key: Any) -> None:
        self._note(key)
        super().__delitem__(key)
        self.notes.note_set(os.fsdecode(key), None)
