from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from tornkit.serve.watching.wake_pipe import WakePipe


@pytest.fixture
def pipe() -> Iterator[WakePipe]:
    made = WakePipe()
    made.open()
    yield made
    made.close()


def test_it_waits_no_longer_than_it_is_told(pipe: WakePipe) -> None:
    began = time.monotonic()
    pipe.wait(0.02)
    assert time.monotonic() - began >= 0.019


def test_another_thread_wakes_it(pipe: WakePipe) -> None:
    waiting = threading.Thread(target=pipe.wait, args=(60,))
    waiting.start()
    pipe.wake()
    waiting.join(20)
    assert not waiting.is_alive()


def test_one_that_is_woken_before_it_waits_does_not_wait_once(pipe: WakePipe) -> None:
    for _ in range(3):
        pipe.wake()
    pipe.wait(60)  # would last until the test's limit
    began = time.monotonic()
    pipe.wait(0.02)
    assert time.monotonic() - began >= 0.019, "all of it was taken in"


def test_what_else_can_be_read_ends_the_wait_and_is_left_there(pipe: WakePipe) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"x")
    pipe.wait(60, reading)
    assert os.read(reading, 9) == b"x"
    os.close(reading)
    os.close(writing)


def test_a_full_pipe_wakes_all_the_same(pipe: WakePipe) -> None:
    for _ in range(70_000):
        pipe.wake()
    pipe.wait(60)


def test_to_wake_a_closed_one_does_nothing() -> None:
    pipe = WakePipe()
    pipe.wake()
    pipe.open()
    pipe.close()
    pipe.wake()
