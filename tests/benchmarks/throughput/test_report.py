"""The tables: they fit a terminal, and nothing that a server says is taken for markup."""

from __future__ import annotations

import io

from rich.console import Console

from tests.benchmarks.harness.results import Sample
from tests.benchmarks.throughput import report
from tests.benchmarks.throughput.cases import CASES
from tests.benchmarks.throughput.made_up import comparison, sample
from tests.benchmarks.throughput.results import Reading
from tests.benchmarks.throughput.servers import SERVERS


def shown(*samples: Sample[Reading]) -> str:
    console = Console(file=io.StringIO(), width=80)
    report.show(comparison(samples), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_servers_and_cases_fit_80_columns_on_a_line_each() -> None:
    text = shown(
        *(
            sample(server.name, case.name, 123_456.0)
            for case in CASES.values()
            for server in SERVERS.values()
            if server.takes_part_in(case)
        )
    )
    lines = text.splitlines()
    for server in SERVERS.values():
        rows = [line for line in lines if line.strip().startswith(f"{server.title} ")]
        # Once in each overview, once in each case; what differs begins otherwise.
        assert len([row for row in rows if row.split()[-1][0] in "-0123456789"]) >= len(CASES) + 2


def test_a_case_that_a_server_does_not_take_part_in_is_a_dash() -> None:
    text = shown(
        sample("tornado", "form", 100.0),
        sample("tornado", "json", 100.0),
        sample("node", "json", 200.0),
    )
    (rates, p99s, *_) = [line for line in text.splitlines() if "Node http" in line]
    assert rates.split() == ["Node", "http", "-", "200"]
    assert p99s.split() == ["Node", "http", "-", "10.0"]


def test_a_line_while_it_is_measured_has_the_latencies() -> None:
    assert report.line(sample("node", "json", 1234.0)) == (
        "json · Node http: 1,234 requests/s, p50 1.00 ms, p99 10.00 ms"
    )


def test_an_error_is_shown_as_it_is() -> None:
    text = shown(sample("node", "json", None))
    assert "Node http, json: ended with status 1: <boom> & [bang]" in text


def test_headers_that_most_send_are_told_by_who_does_not() -> None:
    text = shown(
        *(sample(name, "json", 100.0) for name in ("tornado", "tornado-uvloop", "starlette"))
    )
    assert "also sends Etag: all" in text
