"""``breakpoint()`` where no terminal is for it."""

from __future__ import annotations

import logging

import pytest

from tornkit.serve.terminal import debugger
from tornkit.serve.worker import signals


def test_without_a_terminal_it_is_passed_over(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.breakpointhook", signals._breakpoint)
    monkeypatch.setattr(debugger, "has_terminal", lambda: False)
    with caplog.at_level(logging.WARNING, "tornkit"):
        breakpoint()
    (record,) = caplog.records
    assert f"breakpoint() at {__file__}:" in record.getMessage()
    assert "tornkit serve --workers 1" in record.getMessage()


def test_standard_input_may_be_closed_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def isatty(self) -> bool:
            raise ValueError("I/O operation on closed file")

    for stream in (None, Closed()):
        monkeypatch.setattr("sys.stdin", stream)
        assert not debugger.has_terminal()
