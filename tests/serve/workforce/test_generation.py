"""A generation's life, by its table."""

from __future__ import annotations

import itertools

import pytest

from tornkit.serve.workforce.children import IllegalMove
from tornkit.serve.workforce.generation import Generation, GenerationState

S = GenerationState
# As the picture in the module has it.
LEGAL = {
    (S.BOOTING, S.SERVING),
    (S.BOOTING, S.FAILED),
    (S.SERVING, S.DRAINING),
    (S.DRAINING, S.GONE),
    (S.FAILED, S.GONE),
}
EVERY = list(itertools.product(S, S))


def generation(state: S = S.BOOTING, awaited: set[int] | None = None) -> Generation:
    return Generation(
        number=3, reason=("a.py",), started_at=0.0, awaited=awaited or set(), state=state
    )


@pytest.mark.parametrize(("before", "after"), EVERY, ids=lambda state: state.value)
def test_moves(before: S, after: S) -> None:
    each = generation(before)
    if (before, after) in LEGAL:
        each.move(after)
        assert each.state is after
    else:
        with pytest.raises(IllegalMove, match=f"generation 3: {before.value} -> {after.value}"):
            each.move(after)
        assert each.state is before


def test_whole_with_its_last_worker() -> None:
    each = generation(awaited={0, 1, 2})
    assert not each.ready(2)
    assert not each.ready(0)
    assert not each.ready(0)
    assert each.ready(1)


@pytest.mark.parametrize("state", [state for state in S if state is not S.BOOTING])
def test_only_one_that_boots_becomes_whole(state: S) -> None:
    assert not generation(state, {0}).ready(0)


def test_generations_are_told_apart_by_identity() -> None:
    one, other = generation(), generation()
    assert one != other
    assert len({one, other}) == 2


def test_agrees_while_the_common_files_are_the_same() -> None:
    generation = Generation(1, (), 0.0)
    assert generation.agrees({"app.py": "1:10", "first.py": "1:1"})
    assert generation.agrees({"app.py": "1:10", "second.py": "2:1"})
    assert not generation.agrees({"app.py": "2:10"})
