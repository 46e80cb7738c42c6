"""The loop: which measurements it makes, in which order, and what a failure ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.cores import Cores
from tests.benchmarks.errors import CannotMeasure, MeasurementFailed
from tests.benchmarks.harness import loop
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.environment import Environment
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.scripted import Scripted
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Stage

A, B = (Server(name=name, title=name.upper(), command=()) for name in "ab")
CASES = (Case("1", "One"), Case("2", "Two"))


class GivingUp(Scripted):
    """The same, with servers that are not tried again."""

    tries_again = False


def measured(
    benchmark: Scripted, tmp_path: Path, unusable: dict[str, str] | None = None
) -> tuple[list[str], list[str]]:
    """The readings, or errors, and what was shown as progress."""
    shown: list[str] = []
    stage = Stage(tmp_path, tmp_path, "scripted", tmp_path, Cores(None, None), shown.append)
    samples = loop.rounds(benchmark, stage, unusable or {})
    return [sample.reading or str(sample.error) for sample in samples], shown


def test_each_round_takes_each_case_through_all_servers_in_turn(tmp_path: Path) -> None:
    readings, shown = measured(Scripted(servers=(A, B), cases=CASES, rounds=2), tmp_path)
    assert readings == ["a1", "b1", "a2", "b2"] * 2
    assert shown[5] == "round 2 of 2 · 1 · B"


def test_a_server_is_not_measured_in_a_case_that_it_takes_no_part_in(tmp_path: Path) -> None:
    some = Server(name="c", title="C", command=(), cases=frozenset({"2"}))
    readings, _ = measured(Scripted(servers=(A, some), cases=CASES), tmp_path)
    assert readings == ["a1", "a2", "c2"]


def test_a_failure_is_the_result_of_one_server_in_one_case_and_round(tmp_path: Path) -> None:
    errors: dict[str, Exception] = {"a1": MeasurementFailed("no answer")}
    benchmark = Scripted(servers=(A, B), cases=CASES, rounds=2, errors=errors)
    readings, _ = measured(benchmark, tmp_path)
    assert readings == ["no answer", "b1", "a2", "b2"] * 2


def test_a_server_that_could_not_be_installed_says_so_each_time(tmp_path: Path) -> None:
    readings, _ = measured(Scripted(servers=(A, B), cases=CASES), tmp_path, {"a": "no wheel"})
    assert readings == ["no wheel", "b1", "no wheel", "b2"]


def test_where_servers_are_not_tried_again_a_failure_is_told_once(tmp_path: Path) -> None:
    errors: dict[str, Exception] = {"a2": MeasurementFailed("too slow")}
    benchmark = GivingUp(servers=(A, B), cases=CASES, rounds=2, errors=errors)
    readings, _ = measured(benchmark, tmp_path)
    assert readings == ["a1", "b1", "too slow", "b2", "b1", "b2"]


def test_what_all_of_it_needs_ends_all_of_it(tmp_path: Path) -> None:
    benchmark = Scripted(servers=(A, B), cases=CASES, errors={"b1": CannotMeasure("no /proc")})
    with pytest.raises(CannotMeasure, match="no /proc"):
        measured(benchmark, tmp_path)


def test_servers_run_in_a_copy_of_the_applications_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "app.py").write_text("here")
    seen: list[Path] = []

    class Looking(Scripted):
        apps = tmp_path / "apps"

        def prepare(self, folder: Path) -> None:
            (folder / "made.txt").touch()

        def measure(self, server: Server, case: Case, stage: Stage) -> Sample[str]:
            seen.append(stage.folder)
            assert {file.name for file in stage.folder.iterdir()} == {"app.py", "made.txt"}
            return Sample(server, case, (stage.folder / "app.py").read_text())

    monkeypatch.setattr(loop, "LOGS", tmp_path / "logs")
    benchmark = Looking(servers=(A,), cases=CASES[:1])
    samples = list(loop.run(benchmark, Environment(tmp_path / "venv"), lambda _: None))
    assert [sample.reading for sample in samples] == ["here"]
    assert (tmp_path / "logs").is_dir()
    assert not seen[0].exists()
    assert [file.name for file in (tmp_path / "apps").iterdir()] == ["app.py"]
