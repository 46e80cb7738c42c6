"""States of a connection, and which of them may follow which.

A state is not kept: it is what the connection holds at the moment, so that the two cannot differ.
That a connection is to *leave*, closed or moved to another process after its request
(`Connection.let_go`), may be said in any of them.
"""

from __future__ import annotations

import enum


class State(enum.Enum):
    """What a connection is doing; the value says it."""

    WAITING = "for a head: no request is under way, and nothing is unsent"
    QUEUED = "the next head may be here, and is looked at in the next turn of the loop"
    ANSWERING = "a request is under way, until the socket has taken its response"
    FLUSHING = "bytes are on their way that belong to no request: last words, or a handler's own"
    CLOSED = "by either side, detached, or handed on"


FOLLOWERS: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.QUEUED, State.ANSWERING, State.FLUSHING, State.CLOSED}),
    State.QUEUED: frozenset({State.WAITING, State.FLUSHING, State.CLOSED}),
    State.ANSWERING: frozenset({State.WAITING, State.FLUSHING, State.CLOSED}),
    State.FLUSHING: frozenset({State.WAITING, State.QUEUED, State.ANSWERING, State.CLOSED}),
    State.CLOSED: frozenset(),
}
"""States into which one assignment may lead from each: none from ``CLOSED``, above all."""
