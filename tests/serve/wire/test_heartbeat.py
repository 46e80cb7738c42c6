"""The record that a worker writes and the supervisor reads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tornkit.serve.wire.heartbeat import Heartbeat, Pulse, silence

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_a_worker_that_has_not_beaten() -> None:
    heartbeat = Heartbeat.create()
    assert heartbeat.read() == Pulse()
    assert silence(heartbeat.read()) == 0.0, "it may not have begun"
    heartbeat.close()


def test_what_is_written_is_read_at_the_other_end() -> None:
    ours = Heartbeat.create()
    theirs = Heartbeat(os.dup(ours.descriptor))
    pulse = Pulse(beat=12.5, lag=0.25, requests=2**40, in_flight=3, connections=4)
    theirs.write(pulse)
    assert ours.read() == pulse
    theirs.close()
    assert ours.read() == pulse, "it outlives its writer"
    ours.close()


def test_another_process_writes_it() -> None:
    ours = Heartbeat.create()
    script = (
        "from tornkit.serve.wire.heartbeat import Heartbeat, Pulse; import sys;"
        "Heartbeat(int(sys.argv[1])).write(Pulse(1.0, 2.0, 3, 4, 5))"
    )
    descriptor = ours.descriptor
    subprocess.run(
        [sys.executable, "-c", script, str(descriptor)],
        pass_fds=[descriptor],
        check=True,
        timeout=30,
    )
    assert ours.read() == Pulse(1.0, 2.0, 3, 4, 5)
    ours.close()


@pytest.mark.parametrize(("beat", "now", "seconds"), [(10.0, 12.5, 2.5), (10.0, 9.0, 0.0)])
def test_silence(beat: float, now: float, seconds: float) -> None:
    assert silence(Pulse(beat=beat), now) == seconds
