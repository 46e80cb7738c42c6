"""The figures of the throughput, and the headers that some servers send and others do not."""

from __future__ import annotations

import json

from tests.benchmarks.throughput.cases import CASES
from tests.benchmarks.throughput.made_up import comparison, sample
from tests.benchmarks.throughput.results import (
    core,
    further_headers,
    missing_headers,
    p50,
    p99,
    rate,
    spread,
)
from tests.benchmarks.throughput.servers import SERVERS


def test_figures_are_medians_and_the_spread_is_of_the_median() -> None:
    run = comparison([sample("node", "json", each) for each in (100.0, 400.0, 200.0)])
    (outcome,) = run.outcomes
    assert [outcome.median(each) for each in (rate, p50, p99, core)] == [200, 0.001, 0.010, 0.99]
    assert spread(outcome) == 1.5


def test_one_round_has_no_spread_and_none_has_no_figure() -> None:
    run = comparison([sample("tornado", "json", 100.0), sample("node", "json", None)])
    one, none = run.outcomes
    assert spread(one) is None
    assert {none.median(each) for each in (rate, p50, p99, core)} == {spread(none)} == {None}


def test_the_ratio_is_of_the_rates() -> None:
    run = comparison([sample("tornado", "json", 200.0), sample("node", "json", 700.0)])
    assert [run.ratio(outcome) for outcome in run.outcomes] == [1.0, 3.5]


def test_headers_beyond_the_usual_four_are_told_apart() -> None:
    (outcome,) = comparison([sample("tornado", "json", 100.0)]).outcomes
    assert further_headers(outcome) == ["Etag"]
    assert missing_headers(outcome) == []


def test_the_json_can_be_read_back_and_holds_every_round() -> None:
    run = comparison([sample("tornado", "json", each) for each in (100.0, 300.0)])
    (outcome,) = json.loads(json.dumps(run.as_json()))["outcomes"]
    assert outcome["requests_per_second"] == 200
    assert outcome["times_tornado"] == 1
    assert outcome["p99_ms"] == 10
    assert outcome["versions"]["tornado"] == "6.5"
    assert [each["requests_per_second"] for each in outcome["rounds"]] == [100, 300]


def test_every_server_takes_part_in_known_cases_and_the_baseline_in_all() -> None:
    assert all(SERVERS["tornado"].takes_part_in(case) for case in CASES.values())
    for server in SERVERS.values():
        assert server.cases is None or server.cases <= set(CASES)
