from __future__ import annotations

import io
from unittest.mock import Mock

import pytest

from tornkit.colour import wants_colour


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_only_on_a_terminal() -> None:
    assert wants_colour(Mock(isatty=lambda: True))
    assert not wants_colour(io.StringIO())
    assert not wants_colour(None)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_not_against_its_will(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert not wants_colour(Mock(isatty=lambda: True))


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert wants_colour(Mock(isatty=lambda: True))


class TestColour:
    @pytest.fixture
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        stream = io.StringIO()
        stream.isatty = lambda: True  # type: ignore[method-assign]
        return stream

    def test_on_a_terminal(self, terminal: io.StringIO) -> None:
        assert wants_colour(terminal)

    def test_not_in_a_pipe(self) -> None:
        assert not wants_colour(io.StringIO())

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [("NO_COLOR", "1", False), ("NO_COLOR", "", True), ("TERM", "dumb", False)],
    )
    def test_environment(
        self,
        terminal: io.StringIO,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        value: str,
        expected: bool,
    ) -> None:
        monkeypatch.setenv(name, value)
        assert bool(wants_colour(terminal)) is expected
