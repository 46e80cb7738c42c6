"""Computations that take too long are ended, inside ``re`` as well."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from tornkit.routing.patience import OutOfPatience, patience


def test_re_is_interrupted() -> None:
    begun = time.process_time()
    with pytest.raises(OutOfPatience), patience(0.1):
        re.match("(a+)+$", "a" * 60 + "!")
    assert time.process_time() - begun < 5


def test_what_is_quick_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    with patience(5):
        assert re.match("a", "a")
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_nested_the_shorter_time_counts() -> None:
    with pytest.raises(OutOfPatience), patience(0.1), patience(60):
        re.match("(a+)+$", "a" * 60 + "!")
    with patience(60):
        with pytest.raises(OutOfPatience), patience(0.05):
            re.match("(a+)+$", "a" * 60 + "!")
        left, _ = signal.getitimer(signal.ITIMER_VIRTUAL)
        assert 0 < left < 60


def test_another_thread_is_not_limited() -> None:
    done = threading.Event()

    def run() -> None:
        with patience(0.001):
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert done.is_set()
