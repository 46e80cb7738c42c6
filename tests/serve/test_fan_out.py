"""One reporter in the place of several."""

from __future__ import annotations

import inspect

import pytest

from tests.serve.scripted import FAILURE, FakeReporter
from tornkit.serve.fan_out import fan_out
from tornkit.serve.reporter import Reporter


class Some:
    """Hears of failures alone."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def failed(self, failure: object, *, old_serves: bool, waiting: bool) -> None:
        self.heard.append((failure, old_serves, waiting))


def test_each_is_told_what_it_has_a_method_for() -> None:
    first, second, some = FakeReporter(), FakeReporter(), Some()
    both = fan_out(first, second, some)
    both.reloading(["app.py"])
    both.failed(FAILURE, old_serves=True, waiting=False)
    both.stopped()
    assert first.told == second.told
    assert [name for name, *_ in first.told] == ["reloading", "failed", "stopped"]
    assert some.heard == [(FAILURE, True, False)]


def test_it_has_every_method_of_a_reporter_and_no_other() -> None:
    both = fan_out(FakeReporter())
    for name, _ in inspect.getmembers(Reporter, inspect.isfunction):
        if not name.startswith("_"):
            assert callable(getattr(both, name))
    with pytest.raises(AttributeError):
        both.tells_lies  # type: ignore[attr-defined]  # noqa: B018
