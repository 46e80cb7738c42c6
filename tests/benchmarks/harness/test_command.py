"""A command's end: its exit status, its files, and the figures so far after Ctrl-C."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.benchmarks.harness import loop
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.command import compare
from tests.benchmarks.harness.results import Comparison, Sample
from tests.benchmarks.harness.scripted import Scripted
from tests.benchmarks.harness.server import Server

CASE = Case("one", "One")
OURS = Server(name="tornkit", title="Ours", command=(), is_rival=False)
RIVAL = Server(name="rival", title="Rival", command=())


pytestmark = pytest.mark.usefixtures("no_environment")


def run(
    samples: Sequence[Sample[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    interrupted: bool = False,
) -> int | str | None:
    """The exit status after these samples, and perhaps Ctrl-C; with all files written."""

    def measure(*_: object) -> Generator[Sample[str]]:
        yield from samples
        if interrupted:
            raise KeyboardInterrupt

    def show(comparison: Comparison[str], console: Console) -> None:
        console.print(f"{len(comparison.outcomes)} outcomes")

    monkeypatch.setattr(loop, "run", measure)
    with pytest.raises(SystemExit) as caught:
        compare(
            Scripted(servers=(OURS, RIVAL), cases=(CASE,)),
            Comparison[str],
            line=lambda sample: f"{sample.server.title}: {sample.error or sample.reading}",
            show=show,
            venv=tmp_path,
            json_file=tmp_path / "figures.json",
            drawings=[(tmp_path / "drawing", lambda _: "drawn"), (None, lambda _: "not drawn")],
        )
    return caught.value.code


def test_figures_are_shown_written_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [Sample(OURS, CASE, "fast"), Sample(RIVAL, CASE, "[slow]")]
    assert run(samples, tmp_path, monkeypatch) == 0
    shown = capsys.readouterr()
    assert shown.out == "2 outcomes\n"
    assert "Ours: fast\nRival: [slow]\n" in shown.err
    told: Any = json.loads((tmp_path / "figures.json").read_text())
    assert [each["server"] for each in told["outcomes"]] == ["tornkit", "rival"]
    assert told["packages"] == {"tornado": "6.5"}
    assert (tmp_path / "drawing").read_text() == "drawn"


@pytest.mark.parametrize(("server", "status"), [(RIVAL, 0), (OURS, 1)])
def test_only_a_failure_of_tornkit_itself_is_one_of_the_run(
    server: Server, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run([Sample(server, CASE, error="ended")], tmp_path, monkeypatch) == status


def test_after_an_interrupt_the_figures_so_far_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([Sample(OURS, CASE, "fast")], tmp_path, monkeypatch, interrupted=True) == 130
    assert capsys.readouterr().out == "1 outcomes\n"


@pytest.mark.parametrize(("interrupted", "status"), [(True, 130), (False, 1)])
def test_without_a_sample_there_is_nothing_to_show(
    interrupted: bool,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([], tmp_path, monkeypatch, interrupted=interrupted) == status
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == []
