"""Which edits start a generation: played through with a clock that is a number."""

from __future__ import annotations

import heapq
import itertools

import pytest

from tornkit.serve.supervisor.debounce import DebouncePolicy, Debouncer

POLICY = DebouncePolicy(pause=0.04, patience=0.5)


def starts_after(edits: list[float], *, boot: float) -> list[float]:
    """When generations start, as the supervisor has it: asked at each edit, and when one is due.

    ``boot``: how long each takes until it serves; one that still boots is overtaken.
    """
    debouncer = Debouncer(POLICY)
    starts: list[float] = []
    events = [(when, "edit") for when in edits]
    heapq.heapify(events)
    while events:
        now, what = heapq.heappop(events)
        if what == "edit":
            booting = bool(starts) and now < starts[-1] + boot
            debouncer.edited(now, booting=booting)
        due = debouncer.due()
        if due is None:
            continue
        if due > now:
            heapq.heappush(events, (due, "timer"))
        else:
            starts.append(now)
            debouncer.started(now)
    assert debouncer.due() is None, "an edit is left waiting"
    return starts


def test_nothing_to_start() -> None:
    assert Debouncer(POLICY).due() is None


@pytest.mark.parametrize("boot", [0.01, 0.1, 3.0])
def test_a_single_edit_starts_at_once(boot: float) -> None:
    assert starts_after([100.0], boot=boot) == [100.0]


def test_saves_with_time_between_them_all_start_at_once() -> None:
    edits = [100.0, 101.0, 101.5, 109.0]
    assert starts_after(edits, boot=0.1) == edits


@pytest.mark.parametrize("boot", [0.005, 0.03, 0.2, 1.0, 10.0])
def test_a_save_every_20_ms_for_2_s(boot: float) -> None:
    edits = [100.0 + number * 0.02 for number in range(101)]
    starts = starts_after(edits, boot=boot)
    assert starts[0] == edits[0]
    assert len(starts) <= 6
    assert edits[-1] <= starts[-1] <= edits[-1] + POLICY.pause + 1e-9


def test_a_checkout() -> None:
    """Fifty files within 10 ms: the first starts one, the pause behind them the other."""
    edits = [100.0 + number * 0.0002 for number in range(50)]
    starts = starts_after(edits, boot=0.05)
    assert starts == pytest.approx([100.0, edits[-1] + POLICY.pause])


def test_an_edit_while_one_boots_waits_for_the_pause() -> None:
    assert starts_after([100.0, 100.3], boot=1.0) == pytest.approx([100.0, 100.34])


def test_an_edit_right_behind_a_start_waits_although_none_boots() -> None:
    assert starts_after([100.0, 100.03], boot=0.01) == pytest.approx([100.0, 100.07])


def test_patience_cuts_a_burst_without_a_pause() -> None:
    edits = [100.0 + number * 0.01 for number in range(400)]
    starts = starts_after(edits, boot=0.001)
    between = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert len(starts) >= 7
    assert max(between) <= POLICY.patience + 0.02
    # All but the last, which the end of the burst starts.
    assert min(between[:-1]) >= POLICY.patience - 1e-9


def test_a_waiting_edit_that_may_start_at_once_is_not_held_up_by_the_next() -> None:
    debouncer = Debouncer(POLICY)
    debouncer.edited(100.0, booting=False)
    debouncer.edited(100.01, booting=False)
    due = debouncer.due()
    assert due is not None
    assert due <= 100.0


def test_started_takes_all_that_was_seen() -> None:
    debouncer = Debouncer(POLICY)
    debouncer.edited(100.0, booting=True)
    debouncer.edited(100.01, booting=True)
    debouncer.started(100.02)
    assert debouncer.due() is None


def test_an_edit_right_behind_a_start_that_no_edit_caused_just_then() -> None:
    """The start was due to the pause; the edit comes long after the last edit."""
    debouncer = Debouncer(POLICY)
    debouncer.edited(100.0, booting=True)
    debouncer.started(100.04)
    debouncer.edited(100.07, booting=False)
    assert debouncer.due() == pytest.approx(100.11)
