"""The figures: medians over the rounds, ratios within the run, and who sends which headers."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.throughput.cases import CASES
from tests.benchmarks.throughput.made_up import comparison, sample
from tests.benchmarks.throughput.results import outcomes_of
from tests.benchmarks.throughput.servers import SERVERS


def test_rounds_that_came_interleaved_are_put_together_and_their_median_counts() -> None:
    tornado, node = outcomes_of(
        sample(server, "json", rate)
        for server, rate in [
            *(("tornado", 100.0), ("node", 900.0)),
            *(("tornado", 400.0), ("node", 800.0)),
            *(("tornado", 200.0), ("node", 850.0)),
        ]
    )
    assert (tornado.server.name, tornado.rate, tornado.spread) == ("tornado", 200, 1.5)
    assert (node.server.name, node.rate, node.p50, node.p99) == ("node", 850, 0.001, 0.010)


def test_a_round_that_failed_leaves_the_others_and_its_reason() -> None:
    (outcome,) = outcomes_of(sample("node", "json", rate) for rate in (100.0, None, 300.0))
    assert outcome.rate == 200
    assert outcome.error is not None


def test_one_round_has_no_spread_and_none_has_no_figure() -> None:
    one, none = outcomes_of([sample("tornado", "json", 100.0), sample("node", "json", None)])
    assert one.spread is None
    assert none.rate is none.p50 is none.p99 is none.spread is none.core is None


def test_the_ratio_is_to_tornado_in_the_same_case() -> None:
    run = comparison(
        [
            sample("tornado", "json", 200.0),
            sample("node", "json", 700.0),
            sample("tornado", "static", 350.0),
            sample("node", "static", 700.0),
        ]
    )
    ratios = [run.ratio(outcome) for outcome in run.outcomes]
    assert ratios == [1.0, 3.5, 1.0, 2.0]


@pytest.mark.parametrize("tornado", [[], [sample("tornado", "json", None)]])
def test_without_tornado_there_is_no_ratio(tornado: list[object]) -> None:
    run = comparison([*tornado, sample("node", "json", 700.0)])  # type: ignore[list-item]
    assert run.ratio(run.outcomes[-1]) is None


def test_headers_beyond_the_usual_four_are_told_apart() -> None:
    (outcome,) = outcomes_of([sample("tornado", "json", 100.0)])
    assert outcome.further_headers == ["Etag"]
    assert outcome.missing_headers == []


def test_the_json_can_be_read_back_and_holds_every_round() -> None:
    run = comparison([sample("tornado", "json", rate) for rate in (100.0, 300.0)])
    (outcome,) = json.loads(json.dumps(run.as_json()))["outcomes"]
    assert outcome["requests_per_second"] == 200
    assert outcome["times_tornado"] == 1
    assert outcome["p99_ms"] == 10
    assert outcome["versions"]["tornado"] == "6.5"
    assert [each["requests_per_second"] for each in outcome["rounds"]] == [100, 300]


def test_every_server_takes_part_in_known_cases_and_the_baseline_in_all() -> None:
    assert SERVERS["tornado"].cases == set(CASES)
    for server in SERVERS.values():
        assert server.cases <= set(CASES)
