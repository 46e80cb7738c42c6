"""In what two outcomes of one case differ, and how bad that is.

`reference` is Tornado's own server, `candidate` the one that is judged. The first response in which
they differ decides the kind; what follows it is a consequence more often than not.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass

from tests.engine.differential.outcome import Outcome
from tests.engine.differential.replies import Replies, Reply, read


class Kind(enum.StrEnum):
    """What a difference means, worst first."""

    ACCEPTED = "accepted by the candidate, refused by the reference"
    FRAMING = "requests end at different places"
    CRASH = "the candidate's process died"
    HANG = "the candidate never came to rest"
    LEAK = "something is left over"
    ERROR = "the candidate logged another error"
    REFUSED = "refused by the candidate, accepted by the reference"
    SEEN = "the application saw something else"
    STATUS = "refused with another status"
    CLOSED = "closed by one of them only"
    EOF = "a client that ends its side at once gets another answer, or none"
    EVENTS = "the application was called differently"
    HEADERS = "the response's head differs"
    BYTES = "the response differs in bytes alone"

    @property
    def is_fatal(self) -> bool:
        """Whether no explanation can make it acceptable."""
        return self in _FATAL


_FATAL = frozenset({Kind.ACCEPTED, Kind.FRAMING, Kind.CRASH, Kind.HANG, Kind.LEAK, Kind.ERROR})


@dataclass(frozen=True)
class Difference:
    """``detail`` is one short line; differences with equal kind and detail are of one group."""

    kind: Kind
    detail: str

    @property
    def signature(self) -> str:
        return f"{self.kind.name.lower()}: {self.detail}"


def difference(reference: Outcome, candidate: Outcome) -> Difference | None:
    """None where both did the same."""
    if reference.digest() == candidate.digest():
        return _in_events(reference.events, candidate.events)
    mine, theirs = read(reference.received), read(candidate.received)
    found = _in_replies(reference, mine, candidate, theirs)
    if found is None and _end(reference) != _end(candidate):
        found = Difference(Kind.CLOSED, f"{_end(reference)} -> {_end(candidate)}")
    return (
        found
        or _in_heads(mine, theirs)
        or Difference(Kind.BYTES, "same responses, framed or spelled in another way")
    )


def _in_events(reference: tuple[str, ...], candidate: tuple[str, ...]) -> Difference | None:
    if reference == candidate:
        return None
    missing, more = _minus(reference, candidate), _minus(candidate, reference)
    errors = [event for event in more if event.startswith("error ")]
    if errors:
        return Difference(Kind.ERROR, errors[0])
    # Without the request, which is the case's own, and would make each case a group.
    words = [f"-{event.split()[0]}" for event in missing] + [f"+{each.split()[0]}" for each in more]
    return Difference(Kind.EVENTS, " ".join(sorted(set(words))))


def _minus(some: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    left = list(some)
    for each in others:
        if each in left:
            left.remove(each)
    return left


def _in_replies(
    reference: Outcome, mine: Replies, candidate: Outcome, theirs: Replies
) -> Difference | None:
    for index in range(max(len(mine.final), len(theirs.final))):
        one = mine.final[index] if index < len(mine.final) else None
        other = theirs.final[index] if index < len(theirs.final) else None
        found = _in_one_reply(reference, one, candidate, other)
        if found:
            return found
    if mine.rest != theirs.rest:
        return Difference(Kind.SEEN, "what follows the responses")
    return None


def _in_one_reply(
    reference: Outcome, mine: Reply | None, candidate: Outcome, theirs: Reply | None
) -> Difference | None:
    detail = f"{_status(reference, mine)} -> {_status(candidate, theirs)}"
    is_mine_seen = mine is not None and mine.is_seen
    is_theirs_seen = theirs is not None and theirs.is_seen
    if is_mine_seen != is_theirs_seen:
        waits = _waits(candidate, theirs) if is_mine_seen else _waits(reference, mine)
        if waits:
            return Difference(Kind.FRAMING, detail)
        return Difference(Kind.REFUSED if is_mine_seen else Kind.ACCEPTED, detail)
    if mine is None or theirs is None:
        return Difference(Kind.STATUS, detail) if mine is not theirs else None
    if is_mine_seen:
        fields = _fields(mine, theirs)
        if fields:
            is_framing = "body" in fields and mine.status == theirs.status
            return Difference(Kind.FRAMING if is_framing else Kind.SEEN, ", ".join(fields))
    return Difference(Kind.STATUS, detail) if mine.status != theirs.status else None


def _fields(mine: Reply, theirs: Reply) -> list[str]:
    """The names of what the application saw otherwise."""
    one, other = mine.record, theirs.record
    if one is None or other is None:
        return [] if mine.body == theirs.body else ["text"]
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def _waits(outcome: Outcome, reply: Reply | None) -> bool:
    """Whether the server still waits for more of the request that it has not answered."""
    return reply is None and not outcome.is_closed


def _status(outcome: Outcome, reply: Reply | None) -> str:
    if reply is None:
        return "closed" if outcome.is_closed else "waits"
    return f"{reply.status}{'' if reply.is_seen else ' (server)'}"


def _end(outcome: Outcome) -> str:
    if outcome.is_left_open:
        return "open after EOF"
    return "closed" if outcome.is_closed else "open"


def _in_heads(mine: Replies, theirs: Replies) -> Difference | None:
    """Informational responses, reasons, and headers by name, order and value."""
    one, other = mine.replies, theirs.replies
    if [reply.status for reply in one] != [reply.status for reply in other]:
        return Difference(Kind.HEADERS, "informational responses")
    for first, second in zip(one, other, strict=True):
        if first.reason != second.reason:
            return Difference(Kind.HEADERS, f"reason {first.reason!r} -> {second.reason!r}")
        if first.headers != second.headers:
            if sorted(first.headers) == sorted(second.headers):
                return Difference(Kind.HEADERS, "order")
            one_lot, other_lot = Counter(first.headers), Counter(second.headers)
            uneven = (one_lot - other_lot) + (other_lot - one_lot)
            names = sorted({name for name, _ in uneven})
            return Difference(Kind.HEADERS, ", ".join(names))
    return None
