"""Loggers of hidden modules: what a program configures before it imports one."""

from __future__ import annotations

import logging
import logging.config
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from tornkit.serve.warm_imports import loggers

ROOT = logging.getLogger()
REGISTRY = ROOT.manager.loggerDict


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry of the test's own."""
    before = dict(REGISTRY)
    monkeypatch.setattr(ROOT, "level", logging.WARNING)
    monkeypatch.setattr(ROOT, "handlers", [])
    REGISTRY.clear()
    yield
    REGISTRY.clear()
    REGISTRY.update(before)
    ROOT.setLevel(ROOT.level)


def made(*names: str) -> list[logging.Logger]:
    """Loggers as a module makes them, out of sight."""
    found: list[logging.Logger] = []
    with loggers.recorded(found.append):
        for name in names:
            logging.getLogger(name)
    loggers.hide(found)
    return found


def said_by(logger: logging.Logger) -> str:
    """What a warning of it comes to, by a handler of the root's."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    ROOT.addHandler(handler)
    logger.warning("said")
    ROOT.removeHandler(handler)
    return stream.getvalue()


def test_what_is_recorded() -> None:
    logging.getLogger("before")
    found: list[logging.Logger] = []
    original = logging.Manager.getLogger
    with loggers.recorded(found.append):
        logging.getLogger("before")
        one = logging.getLogger("one")
        assert logging.getLogger("one") is one
        logging.Manager(logging.RootLogger(logging.INFO)).getLogger("of a registry of its own")
    assert found == [one, one]
    assert logging.Manager.getLogger is original


def test_hidden_ones_are_as_if_never_made() -> None:
    logging.getLogger("shared.mine")
    before = dict(REGISTRY)
    made("shared.theirs", "other.part.deep", "other")
    assert before == REGISTRY
    placeholder = REGISTRY["shared"]
    assert isinstance(placeholder, logging.PlaceHolder)
    assert [each.name for each in placeholder.loggerMap] == ["shared.mine"]


def test_one_above_another_that_stays() -> None:
    found: list[logging.Logger] = []
    with loggers.recorded(found.append):
        logging.getLogger("above")
    logging.getLogger("above.mine")
    loggers.hide(found)
    assert REGISTRY["above"] is found[0]


def test_it_is_shown_where_it_would_be_made() -> None:
    deep, above = made("lib.part.deep", "lib")
    mine = logging.getLogger("lib.part.deep.mine")
    own = logging.getLogger("lib.own")
    loggers.show([deep])
    assert (logging.getLogger("lib.part.deep"), deep.parent, mine.parent) == (deep, ROOT, deep)
    loggers.show([above])
    assert (deep.parent, own.parent, above.parent) == (above, above, ROOT)


@pytest.mark.parametrize("is_there", [False, True])
def test_disabled_is_what_was_there(is_there: bool) -> None:
    """By `dictConfig`, which disables the loggers that there are, if it isn't told not to."""
    (logger,) = made("lib")
    if is_there:
        loggers.show([logger])
    logging.config.dictConfig({"version": 1})
    loggers.show([logger])
    assert said_by(logger) == ("" if is_there else "said\n")


def test_levels_that_were_set_meanwhile() -> None:
    """Whether a level is enabled is remembered by each logger."""
    (logger,) = made("lib")
    assert not logger.isEnabledFor(logging.INFO)
    ROOT.setLevel(logging.INFO)
    loggers.show([logger])
    assert logger.isEnabledFor(logging.INFO)


class TestOneThatTheProgramHasMade:
    """``logging.getLogger("lib").setLevel(...)`` before ``import lib``: plainly, the same."""

    def test_what_the_program_has_set(self) -> None:
        (logger,) = made("lib")
        own = logging.getLogger("lib")
        own.setLevel(logging.ERROR)
        loggers.show([logger])
        assert logging.getLogger("lib") is own
        assert said_by(logger) == ""
        own.setLevel(logging.DEBUG)
        assert said_by(logger) == "said\n"
        assert logger.parent is own.parent is ROOT

    def test_what_the_module_has_set(self) -> None:
        """It comes later, and counts."""
        (logger,) = made("lib")
        handler = logging.NullHandler()
        logger.addHandler(handler)
        logger.addFilter(bool)
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        vars(logger)["extra"] = 1
        own = logging.getLogger("lib")
        own.setLevel(logging.DEBUG)
        own.addHandler(mine := logging.StreamHandler(sys.stderr))
        loggers.show([logger])
        assert (own.handlers, own.filters) == ([mine, handler], [bool])
        assert (own.level, own.propagate, vars(own)["extra"]) == (logging.ERROR, False, 1)

    def test_twice(self) -> None:
        (logger,) = made("lib")
        logger.addHandler(logging.NullHandler())
        own = logging.getLogger("lib")
        loggers.show([logger])
        loggers.show([logger])
        assert own.handlers == logger.handlers
        assert len(own.handlers) == 1
