"""The commands: each makes its benchmark of its options, and hands it to the harness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.benchmarks.__main__ import main
from tests.benchmarks.harness import loop
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.idle import crowd

AnyBenchmark = Benchmark[Any, Any, Any]


@pytest.fixture
def made(
    no_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[AnyBenchmark]:
    """The benchmarks that the harness was given; it measures nothing."""
    benchmarks: list[AnyBenchmark] = []

    def run(benchmark: AnyBenchmark, *_: object) -> Iterator[object]:
        benchmarks.append(benchmark)
        yield from ()

    for program in ("wrk", "redis-server"):
        (tmp_path / program).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(loop, "run", run)
    monkeypatch.setattr(crowd, "allow", lambda connections: None)
    return benchmarks


@pytest.mark.parametrize(
    "name", sorted(main.commands.keys() - {"proxies", "bus-memory", "bus-unused"})
)
def test_all_is_measured_unless_less_is_asked_for(name: str, made: list[AnyBenchmark]) -> None:
    result = CliRunner().invoke(main, [name])
    assert result.exit_code == 1, result.output  # nothing came of it
    (benchmark,) = made
    assert benchmark.name == name
    assert len(benchmark.servers) > 1
    assert any(not server.is_rival for server in benchmark.servers)
    assert benchmark.cases
    assert isinstance(benchmark.settings(), dict)


def test_servers_cases_and_numbers_can_be_chosen(made: list[AnyBenchmark]) -> None:
    options = (
        "throughput --servers node,tornkit --cases json --rounds 2 --seconds 1 --connections 7"
    )
    CliRunner().invoke(main, options.split())
    (benchmark,) = made
    assert [server.name for server in benchmark.servers] == ["tornkit", "node"]
    assert [case.name for case in benchmark.cases] == ["json"]
    settings = benchmark.settings()
    assert (settings["rounds"], settings["seconds"], settings["connections"]) == (2, 1, 7)


@pytest.mark.parametrize("servers", ["tornkit,nobody", ","])
def test_a_name_that_is_not_known_is_a_mistake_in_the_usage(servers: str) -> None:
    result = CliRunner().invoke(main, ["idle", "--servers", servers])
    assert result.exit_code == 2
    assert "choose from tornkit,httpserver,tornado,uvicorn,node" in result.output
