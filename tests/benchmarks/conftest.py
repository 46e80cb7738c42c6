"""Fixtures for the commands of the benchmarks."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.benchmarks.harness.environment import Environment


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command makes no virtual environment, and leaves SIGTERM as it was."""
    monkeypatch.setattr(Environment, "prepare", lambda self: None)
    monkeypatch.setattr(Environment, "packages", lambda self: {"tornado": "6.5"})
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
