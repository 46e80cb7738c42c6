"""What a connection takes: the arithmetic, and connections that are counted only while open."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.exchange import Address, wait_until_serving
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Sample, outcomes_of
from tests.benchmarks.idle.crowd import Crowd
from tests.benchmarks.idle.results import Comparison, Reading, before, collected, idle
from tests.benchmarks.idle.servers import SERVERS
from tests.benchmarks.process import Memory, ServerFailed, ServerProcess, free_ports

APPS = Path(__file__).parent / "apps"
CASE = Case("idle", "memory a connection")


def reading(before: int, idle: int, collected: int) -> Reading:
    """RSS is made so wrong that whoever used it would be seen."""
    figures = (Memory(rss=1 << 40, pss=pss) for pss in (before, idle, collected))
    return Reading(100, *figures)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[ServerProcess, Address]]:
    (port,) = free_ports(1)
    command = [sys.executable, str(APPS / "tornado_app.py"), str(port)]
    with ServerProcess(command, tmp_path, tmp_path / "log") as server:
        wait_until_serving(("127.0.0.1", port), server)
        yield server, ("127.0.0.1", port)


def test_a_connection_takes_its_share_of_what_came_on_top_median_of_the_rounds() -> None:
    (outcome,) = outcomes_of(
        Sample(SERVERS["node"], CASE, reading(1000, held, 1000 + (held - 1000) // 2))
        for held in (3000, 9000, 5000)
    )
    assert [outcome.median(each) for each in (before, idle, collected)] == [1000, 40, 20]


def test_the_ratio_is_to_tornados_own() -> None:
    outcomes = outcomes_of(
        [
            Sample(SERVERS["tornkit"], CASE, reading(0, 300, 200)),
            Sample(SERVERS["tornado"], CASE, reading(0, 900, 800)),
            Sample(SERVERS["node"], CASE, error="can't be run"),
        ]
    )
    run = Comparison({}, {}, {}, outcomes)
    assert [run.ratio(outcome) for outcome in outcomes] == [0.25, 1.0, None]


def test_a_crowd_of_open_connections_is_served_and_is_there(
    process: tuple[ServerProcess, Address],
) -> None:
    server, address = process
    with Crowd(address) as crowd:
        crowd.arrive(5)
        crowd.repeat(3)
        crowd.check_all_open()
        server.stop()
        with pytest.raises(ServerFailed, match="closed 5 of 5"):
            crowd.check_all_open()


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_the_memory_of_a_process_is_that_of_an_interpreter(
    process: tuple[ServerProcess, Address],
) -> None:
    server, _ = process
    memory = server.memory()
    assert memory is not None
    assert 4 << 20 < memory.pss <= memory.rss < 1 << 30
