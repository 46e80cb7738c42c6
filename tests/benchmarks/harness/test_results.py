"""Samples become outcomes: medians over the rounds, and ratios within a case of the run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Comparison, Outcome, Sample, outcomes_of, rounded
from tests.benchmarks.harness.server import Server

ONE, OTHER = Case("one", "One case"), Case("other", "Another")
SERVERS = {
    name: Server(name=name, title=name.title(), command=(), packages=(name,))
    for name in ("tornado", "node")
}


def sample(server: str, reading: float | None, case: Case = ONE) -> Sample[float]:
    """A sample with this reading; with an error where there is none."""
    return Sample(SERVERS[server], case, reading, None if reading is not None else "ended")


def comparison(*samples: Sample[float]) -> Comparison[float]:
    return Comparison({"cpu": "fast"}, {"tornado": "6.5"}, {"rounds": 3}, outcomes_of(samples))


def itself(reading: float) -> float:
    return reading


def test_rounds_that_came_interleaved_are_put_together_and_their_median_counts() -> None:
    tornado, node = outcomes_of(
        sample(server, reading)
        for reading in (100.0, 400.0, 200.0)
        for server in ("tornado", "node")
    )
    assert (tornado.server.name, tornado.readings) == ("tornado", [100, 400, 200])
    assert (node.server.name, node.median(itself)) == ("node", 200)


def test_a_round_that_failed_leaves_the_others_and_its_reason() -> None:
    (outcome,) = outcomes_of(sample("node", reading) for reading in (100.0, None, 300.0))
    assert outcome.median(itself) == 200
    assert outcome.error == "ended"


def test_a_figure_that_some_rounds_do_not_have_is_the_median_of_the_others() -> None:
    (outcome,) = outcomes_of(sample("node", reading) for reading in (1.0, 2.0, 9.0))
    assert outcome.median(lambda reading: reading if reading < 9 else None) == 1.5
    assert outcome.median(lambda _: None) is None


def test_the_ratio_is_to_tornado_in_the_same_case() -> None:
    run = comparison(
        sample("tornado", 200.0),
        sample("node", 700.0),
        sample("tornado", 350.0, OTHER),
        sample("node", 700.0, OTHER),
    )
    assert run.cases == [ONE, OTHER]
    ratios = [run.times_baseline(outcome, itself) for outcome in run.outcomes]
    assert ratios == [1.0, 3.5, 1.0, 2.0]


@pytest.mark.parametrize(
    "tornado", [[], [sample("tornado", None)], [sample("tornado", 0.0)]], ids=len
)
def test_without_a_figure_of_tornado_there_is_no_ratio(tornado: list[Sample[float]]) -> None:
    run = comparison(*tornado, sample("node", 700.0))
    assert run.times_baseline(run.outcomes[-1], itself) is None


def test_a_server_that_does_not_take_part_in_a_case_has_no_outcome_there() -> None:
    run = comparison(sample("tornado", 1.0), sample("node", 2.0), sample("tornado", 3.0, OTHER))
    assert run.servers == list(SERVERS.values())
    assert run.outcome(SERVERS["node"], OTHER) is None
    assert run.outcome(SERVERS["node"], ONE) == run.of_case(ONE)[1]


def test_json_names_machine_settings_and_versions_beside_the_figures_of_a_benchmark() -> None:
    class Doubled(Comparison[float]):
        def figures(self, outcome: Outcome[float]) -> dict[str, object]:
            return {"doubled": [2 * reading for reading in outcome.readings]}

    outcomes = outcomes_of([sample("tornado", 1.0), sample("node", None)])
    run = Doubled({"cpu": "fast"}, {"tornado": "6.5"}, {"rounds": 3}, outcomes)
    told: Any = json.loads(json.dumps(run.as_json()))
    assert told["machine"] == {"cpu": "fast"}
    assert told["settings"] == {"rounds": 3}
    assert told["baseline"] == "tornado"
    assert told["outcomes"] == [
        {
            "server": "tornado",
            "title": "Tornado",
            "versions": {"tornado": "6.5"},
            "error": None,
            "doubled": [2.0],
        },
        {
            "server": "node",
            "title": "Node",
            "versions": {"node": None},
            "error": "ended",
            "doubled": [],
        },
    ]


def test_a_value_is_rounded_in_its_other_unit() -> None:
    assert rounded(0.0012345, 2, 1000) == 1.23
    assert rounded(None, 2, 1000) is None
