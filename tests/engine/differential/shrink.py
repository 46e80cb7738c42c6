"""Makes an input small while what is wrong with it stays: delta debugging by deletion.

First whole delivery is tried in place of cuts. Then ever smaller pieces are left out, several
positions in one go, since a few cases are played in about the time of one. At the end each letter
that is left is tried as a plain "a", so that what catches the eye is what matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.engine.differential.case import Case

# Tells for each case whether it still shows the same difference.
Check = Callable[[Sequence[Case]], Sequence[bool]]
# Rounds in all; each is one call of the check with up to `_WIDTH` cases. Wider ones waste the more
# of a round the more of its deletions would have worked; narrower ones wait more often.
_ROUNDS = 250
_WIDTH = 16


def shrink(case: Case, check: Check) -> Case:
    """The smallest case that was found; ``case`` itself where nothing can go."""
    budget = [_ROUNDS]

    def first(candidates: Sequence[Case]) -> Case | None:
        if budget[0] <= 0 or not candidates:
            return None
        budget[0] -= 1
        verdicts = check(candidates)
        return next((each for each, same in zip(candidates, verdicts, strict=True) if same), None)

    for simpler in (replace(case, cuts=(), eof=False), replace(case, cuts=()), _one_cut(case)):
        if simpler != case and (found := first([simpler])):
            case = found
            break
    size = max(1, len(case.data) // 2)
    while True:
        case = _without_pieces(case, size, first)
        if size == 1:
            break
        size //= 2
    # A deletion may have made another one possible.
    case = _without_pieces(case, 2, first)
    case = _without_pieces(case, 1, first)
    return _plain(case, first)


def _one_cut(case: Case) -> Case:
    return replace(case, cuts=case.cuts[:1])


def _without_pieces(case: Case, size: int, first: Callable[[Sequence[Case]], Case | None]) -> Case:
    """Leaves out pieces of this size, from the front to the end, while it works."""
    start = 0
    while start < len(case.data):
        data = case.data
        step = max(1, size // 2)
        starts = range(start, len(data), step)[:_WIDTH]
        found = first([case.with_data(data[:at] + data[at + size :]) for at in starts])
        if found is None:
            start = starts[-1] + step
            continue
        # Go on where it was: what is in front of it has just been tried.
        start = next(at for at in starts if case.with_data(data[:at] + data[at + size :]) == found)
        case = found
    return case


def _plain(case: Case, first: Callable[[Sequence[Case]], Case | None]) -> Case:
    for at in range(min(len(case.data), 60)):
        letter = case.data[at : at + 1]
        if not letter.isalnum() or letter == b"a":
            continue
        data = case.data[:at] + b"a" + case.data[at + 1 :]
        case = first([case.with_data(data)]) or case
    return case
