"""The record that a worker writes and the supervisor reads."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tornkit.serve.wire.heartbeat import (
    INTERVAL,
    STACKS_SIGNAL,
    Heartbeat,
    Pulse,
    interval_for,
    silence,
)

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_a_worker_that_has_not_beaten() -> None:
    heartbeat = Heartbeat.create()
    assert heartbeat.read() == Pulse()
    assert silence(heartbeat.read()) == 0.0, "it may not have begun"
    heartbeat.close()


def test_what_is_written_is_read_at_the_other_end() -> None:
    ours = Heartbeat.create()
    theirs = Heartbeat(os.dup(ours.descriptor))
    pulse = Pulse(beat=12.5, lag=0.25, requests=2**40, in_flight=3, connections=4, thread=2**47)
    theirs.write(pulse)
    assert ours.read() == pulse
    theirs.close()
    assert ours.read() == pulse, "it outlives its writer"
    ours.close()


def test_another_process_writes_it() -> None:
    ours = Heartbeat.create()
    script = (
        "from tornkit.serve.wire.heartbeat import Heartbeat, Pulse; import sys;"
        "Heartbeat(int(sys.argv[1])).write(Pulse(1.0, 2.0, 3, 4, 5, 6))"
    )
    descriptor = ours.descriptor
    subprocess.run(
        [sys.executable, "-c", script, str(descriptor)],
        pass_fds=[descriptor],
        check=True,
        timeout=30,
    )
    assert ours.read() == Pulse(1.0, 2.0, 3, 4, 5, 6)
    ours.close()


@pytest.mark.parametrize(("beat", "now", "seconds"), [(10.0, 12.5, 2.5), (10.0, 9.0, 0.0)])
def test_silence(beat: float, now: float, seconds: float) -> None:
    assert silence(Pulse(beat=beat), now) == seconds


WRITER = """
import select, sys
from tornkit.serve.wire.heartbeat import Heartbeat
heartbeat = Heartbeat(int(sys.argv[1]))
heartbeat.write_stacks_on_signal()
assert heartbeat.writes_stacks
print("ready", flush=True)
select.select([sys.stdin], [], [])
"""


def test_a_process_writes_its_stacks_where_it_beats() -> None:
    ours = Heartbeat.create()
    ours.write(Pulse(beat=12.5))
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(ours.descriptor)],
        pass_fds=[ours.descriptor],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(2):
            ours.forget_stacks()
            assert ours.stacks() == ""
            process.send_signal(STACKS_SIGNAL)
            deadline = time.monotonic() + 20
            while not ours.stacks().endswith("in <module>\n"):
                assert time.monotonic() < deadline
                time.sleep(0.002)
            _, frame = ours.stacks().splitlines()
            assert frame.startswith('  File "<string>", line ')
        process.stdin.close()
    assert ours.read() == Pulse(beat=12.5), "the record is as it was"
    ours.close()


@pytest.mark.parametrize(
    ("threshold", "interval"), [(0.0, INTERVAL), (0.1, 0.05), (0.001, 0.01), (30.0, INTERVAL)]
)
def test_beats_come_twice_in_the_time_that_is_told_of(threshold: float, interval: float) -> None:
    assert interval_for(threshold) == interval


GIVES_UP = """
import os, signal, sys
from tornkit.serve.wire.heartbeat import STACKS_SIGNAL, Heartbeat
came = []
if sys.argv[2] == "before":
    signal.signal(STACKS_SIGNAL, lambda number, frame: came.append(number))
heartbeat = Heartbeat(int(sys.argv[1]))
heartbeat.write_stacks_on_signal()
if sys.argv[2] == "after":
    signal.signal(STACKS_SIGNAL, lambda number, frame: came.append(number))
elif sys.argv[2] == "closes":
    os.closerange(190, 1000)
    for number in range(190, 300):
        os.dup2(1, number)
print(heartbeat.writes_stacks, heartbeat.writes_stacks, flush=True)
os.kill(os.getpid(), STACKS_SIGNAL)
print(len(came), flush=True)
"""


@pytest.mark.parametrize(("when", "called"), [("before", 1), ("after", 1), ("closes", 0)])
def test_a_program_that_has_the_signal_or_closes_all_keeps_what_it_has(
    when: str, called: int
) -> None:
    ours = Heartbeat.create()
    done = subprocess.run(
        [sys.executable, "-c", GIVES_UP, str(ours.descriptor), when],
        pass_fds=[ours.descriptor],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.split() == ["False", "False", str(called)], "nothing of ours is among it"
    assert ours.stacks() == ""
    ours.close()
