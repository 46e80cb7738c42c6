"""What `tornkit serve` says, in the order in which a person wants to read it."""

from __future__ import annotations

import pytest

from tornkit.cli.reporter import TerminalReporter
from tornkit.serve.reporter import Banner
from tornkit.serve.warmth import Warmth

BANNER = Banner(
    label="app.py:make_app",
    urls=("http://127.0.0.1:8888",),
    everywhere=False,
    workers=2,
    pid=4711,
    watched=("/src",),
    polling=False,
)


def test_what_is_warm_stands_below_the_banner(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter()
    reporter.warmed(Warmth(285, {}))
    assert capsys.readouterr().err == ""
    reporter.serving(BANNER)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["serving", "workers", "watching", "Ctrl-C"]
    assert lines[5].endswith(" warm: 285 modules")
    reporter.warmed(Warmth(0, {"grpc": "starts a thread"}))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" only Tornado is warm; 1 quarantined (grpc starts a thread)")
