"""What connections do, assignment by assignment: the steps from one of their states to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tornkit.engine.connection import Connection
from tornkit.engine.link import Link
from tornkit.engine.states import State

Step = tuple[State, State]
_TOLD_BY = ((Connection, "_exchange"), (Connection, "_queued"), (Link, "_outbox"), (Link, "closed"))


class _Watched:
    """A slot whose assignments are told."""

    def __init__(self, slot: Any, tell: Callable[[Connection, State], None]) -> None:
        self._slot = slot
        self._tell = tell

    def __get__(self, connection: Connection | None, kind: type[Connection]) -> Any:
        return self if connection is None else self._slot.__get__(connection, kind)

    def __set__(self, connection: Connection, value: object) -> None:
        try:
            before = connection.state
        except AttributeError:  # it is being made
            self._slot.__set__(connection, value)
        else:
            self._slot.__set__(connection, value)
            self._tell(connection, before)


def watch_states(monkeypatch: pytest.MonkeyPatch) -> set[Step]:
    """The steps that connections take from now on: a set that grows."""
    taken: set[Step] = set()

    def tell(connection: Connection, before: State) -> None:
        if connection.state is not before:
            taken.add((before, connection.state))

    for kind, name in _TOLD_BY:
        monkeypatch.setattr(kind, name, _Watched(vars(kind)[name], tell))
    return taken
