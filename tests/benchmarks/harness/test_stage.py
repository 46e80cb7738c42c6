"""Servers of a stage: started for a measurement or for a round, and ended with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.cores import Cores
from tests.benchmarks.exchange import NoAnswer, Request, ask
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Running, Stage
from tests.benchmarks.process import ServerFailed

GOOD = Server(
    name="good",
    title="Good",
    command=(sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"),
)
BAD = Server(name="bad", title="Bad", command=(sys.executable, "-c", "raise SystemExit('broken')"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "file.txt").write_text("of the stage")
    return Stage(tmp_path, tmp_path / "apps", "x", tmp_path, Cores(None, None), lambda _: None)


def body(running: Running) -> bytes:
    return ask(running.address, Request("/file.txt").encode(running.address)).body


def is_gone(running: Running) -> bool:
    """Whether it answers no more; another test's server may have its port by now."""
    try:
        return body(running) != b"of the stage"
    except NoAnswer:
        return True


def test_a_server_of_a_measurement_runs_in_the_folder_and_ends_with_it(stage: Stage) -> None:
    with stage.serving(GOOD) as running:
        assert body(running) == b"of the stage"
    assert is_gone(running)
    assert "file.txt" in stage.log("good").read_text()


def test_a_server_of_a_round_is_started_once_and_ends_with_the_round(stage: Stage) -> None:
    with stage.all_serving([GOOD]):
        with stage.serving(GOOD) as running:
            pass
        with stage.serving(GOOD) as again:
            assert again is running
            assert body(again) == b"of the stage"
    assert is_gone(running)


def test_a_server_that_does_not_start_fails_when_it_is_asked_for_and_no_other(
    stage: Stage,
) -> None:
    with stage.all_serving([BAD, GOOD]):
        for _ in range(2):
            with pytest.raises(ServerFailed, match="status 1: broken"), stage.serving(BAD):
                pass
        with stage.serving(GOOD) as running:
            assert body(running) == b"of the stage"


def test_a_server_that_ended_during_the_round_fails_from_then_on(stage: Stage) -> None:
    with stage.all_serving([GOOD]):
        with stage.serving(GOOD) as running:
            running.process.stop()
        with pytest.raises(ServerFailed, match="ended with status"), stage.serving(GOOD):
            pass
