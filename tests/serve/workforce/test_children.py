"""The supervisor's book of workers: a table of moves, and who takes whose place."""

from __future__ import annotations

import itertools

import pytest

from tornkit.serve.workforce.children import Children, IllegalMove, WorkerHandle, WorkerState

S = WorkerState
LEGAL = {
    (S.BOOTING, S.READY),
    (S.BOOTING, S.GONE),
    (S.READY, S.SERVING),
    (S.READY, S.GONE),
    (S.SERVING, S.DRAINING),
    (S.SERVING, S.GONE),
    (S.DRAINING, S.GONE),
}
EVERY = list(itertools.product(S, S))


def worker(
    pid: int = 1, *, slot: int = 0, generation: int = 1, state: S = S.BOOTING
) -> WorkerHandle[None]:
    return WorkerHandle(
        slot=slot, generation=generation, pid=pid, process=None, started_at=0.0, state=state
    )


@pytest.mark.parametrize(("before", "after"), EVERY, ids=lambda state: state.value)
def test_moves(before: S, after: S) -> None:
    each = worker(77, state=before)
    if (before, after) in LEGAL:
        each.move(after)
        assert each.state is after
    else:
        with pytest.raises(IllegalMove, match=f"worker 77: {before.value} -> {after.value}"):
            each.move(after)
        assert each.state is before


def test_booting_is_all_before_it_serves() -> None:
    assert {state for state in S if worker(state=state).is_booting} == {S.BOOTING, S.READY}


@pytest.fixture
def children() -> Children[None]:
    return Children()


def test_added_and_removed(children: Children[None]) -> None:
    one, other = worker(1), worker(2, generation=2)
    children.add(one)
    children.add(other)
    assert len(children) == 2
    assert children.of_generation(2) == [other]
    children.remove(one)
    assert one.state is S.GONE
    assert list(children) == [other]
    assert children.of_generation(1) == []


def test_nobody_goes_twice(children: Children[None]) -> None:
    one = worker(1)
    children.add(one)
    children.remove(one)
    with pytest.raises(IllegalMove):
        children.remove(one)


def test_may_be_changed_while_it_is_walked(children: Children[None]) -> None:
    for pid in range(5):
        children.add(worker(pid))
    for each in children:
        children.remove(each)
    assert len(children) == 0


def test_successor_is_in_the_same_slot(children: Children[None]) -> None:
    old = worker(1, slot=1, generation=1, state=S.DRAINING)
    same = worker(3, slot=1, generation=2, state=S.SERVING)
    for each in (
        old,
        worker(2, slot=0, generation=2, state=S.SERVING),
        same,
        worker(4, slot=2, generation=2, state=S.SERVING),
    ):
        children.add(each)
    assert children.successor_of(old) is same


def test_successor_is_of_the_newest_generation(children: Children[None]) -> None:
    """Also where only another slot of it is there."""
    old = worker(1, slot=0, generation=1, state=S.DRAINING)
    newest = worker(3, slot=1, generation=3, state=S.SERVING)
    for each in (old, worker(2, slot=0, generation=2, state=S.SERVING), newest):
        children.add(each)
    assert children.successor_of(old) is newest


@pytest.mark.parametrize("state", [state for state in S if state is not S.SERVING])
def test_only_one_that_serves_succeeds(children: Children[None], state: S) -> None:
    old = worker(1, generation=1, state=S.DRAINING)
    children.add(old)
    children.add(worker(2, generation=2, state=state))
    assert children.successor_of(old) is None


def test_no_one_of_an_older_generation_succeeds(children: Children[None]) -> None:
    old = worker(1, slot=0, generation=2, state=S.DRAINING)
    for each in (old, worker(3, slot=0, generation=1, state=S.SERVING)):
        children.add(each)
    assert children.successor_of(old) is None


def test_one_of_the_same_generation_succeeds_where_there_will_be_fewer(
    children: Children[None],
) -> None:
    retired = worker(2, slot=1, generation=2, state=S.DRAINING)
    stays = worker(1, slot=0, generation=2, state=S.SERVING)
    for each in (stays, retired):
        children.add(each)
    assert children.successor_of(retired) is stays
    assert children.successor_of(stays) is None, "not itself, nor one that drains"
