from __future__ import annotations

import signal
from unittest.mock import Mock

import pytest

from tests.serve.scripted import NO_PID
from tornkit.serve.nursery.forked_ahead import ForkedAhead


@pytest.fixture
def processes() -> list[Mock]:
    return [Mock(pid=NO_PID + number) for number in range(3)]


def test_the_oldest_are_given_first(processes: list[Mock]) -> None:
    ahead = ForkedAhead()
    ahead.add(processes)
    assert ahead.take(2) == processes[:2]
    assert ahead.pids() == [NO_PID + 2]
    assert ahead.take(2) == processes[2:]
    assert len(ahead) == 0


def test_one_that_has_ended_is_given_no_more(processes: list[Mock]) -> None:
    ahead = ForkedAhead()
    ahead.add(processes)
    ahead.ended(NO_PID + 1)
    ahead.ended(NO_PID + 9)  # another's
    assert ahead.pids() == [NO_PID, NO_PID + 2]
    processes[1].channel.close.assert_called_once_with()
    processes[0].channel.close.assert_not_called()


def test_all_are_killed_once(processes: list[Mock]) -> None:
    ahead = ForkedAhead()
    ahead.add(processes)
    ahead.dismiss()
    ahead.dismiss()
    for each in processes:
        each.signal.assert_called_once_with(signal.SIGKILL)
        each.channel.close.assert_called_once_with()
    assert ahead.pids() == []
