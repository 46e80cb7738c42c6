"""The check of a broker: how it ends where that answers, where not, and what is said then."""

from __future__ import annotations

import asyncio
import logging
import runpy
from collections.abc import Iterator
from typing import Any

import pytest

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.bus import Bus
from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus.home import home
from tornkit.bus.links import check
from tornkit.bus.position import MessagePosition

FILE = check.__file__


@pytest.fixture(autouse=True)
def _as_a_process_of_its_own() -> Iterator[None]:
    """What the check does for good in its process is not left to the next test."""
    home.forget()
    before = logging.root.manager.disable
    yield
    logging.disable(before)
    home.forget()


class AskedLink:
    """A link that answers with an error or a position, and is heard to log."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error
        self.asked: list[tuple[Any, ...]] = []

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        self.asked.append((names, since))
        logging.getLogger("tornkit").critical("beside the matter")
        if self._error is not None:
            raise self._error
        return CaughtUp(MessagePosition("e", 1), [], gap=False)

    def tell(self, changes: dict[str, list[int]]) -> bool:
        return True


def checked(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> AskedLink:
    """Run the check with a broker that answers so."""
    link = AskedLink(error)

    def made(bus: Bus) -> Any:
        return link

    monkeypatch.setattr(home, "_link", made)
    runpy.run_path(FILE, run_name="__main__")
    return link


def test_one_that_answers_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(monkeypatch).asked == [((), None)], "it is asked for no message"


@pytest.mark.parametrize("kind", [Unavailable, BusError])
def test_one_that_does_not_is_a_failure_that_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: type[BusError]
) -> None:
    with pytest.raises(SystemExit) as end:
        checked(monkeypatch, kind("Redis is not there"))
    # A text is written to standard error by Python, which exits with 1.
    assert end.value.code == "Redis is not there"
    assert caplog.records == [], "or the last line might be another's"


def test_so_is_a_url_by_which_there_can_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORNKIT_BUS", "gopher://a")
    with pytest.raises(SystemExit) as end:
        runpy.run_path(FILE, run_name="__main__")
    assert isinstance(end.value.code, str)
    assert "gopher://a" in end.value.code


def test_an_error_of_its_own_is_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        checked(monkeypatch, ZeroDivisionError())


def test_it_does_nothing_where_it_is_only_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "run", None)
    runpy.run_path(FILE, run_name="imported")
    assert logging.root.manager.disable == logging.NOTSET
