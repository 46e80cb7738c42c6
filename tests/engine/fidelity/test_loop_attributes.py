"""Attributes of a loop are counted and found, and its dictionary is not made for that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.engine.replacing import plain
from tornkit.engine.fidelity import loop_attributes, replaced

METHODS = {"call_soon": asyncio.BaseEventLoop.call_soon}


@pytest.fixture
def loop() -> Iterator[asyncio.SelectorEventLoop]:
    made = asyncio.SelectorEventLoop()
    yield made
    made.close()


@pytest.mark.skipif(not loop_attributes.DICTIONARY_SLOWS, reason="it may be asked in any case")
def test_a_look_at_a_loop_does_not_ask_for_its_dictionary(loop: asyncio.SelectorEventLoop) -> None:
    for _ in range(2):
        assert not replaced.is_aside(loop)
        assert replaced.unchanged(loop), "looked at again each time"
    assert not loop_attributes.may_be_asked(loop)
    assert vars(loop)
    assert loop_attributes.may_be_asked(loop)


def test_the_count_is_that_of_the_dictionary(loop: asyncio.SelectorEventLoop) -> None:
    before = loop_attributes.count(loop)
    loop.another = None  # type: ignore[attr-defined]
    assert loop_attributes.count(loop) == before + 1 == len(vars(loop))
    assert loop_attributes.count(loop) == before + 1


@pytest.mark.parametrize("asked", [False, True])
def test_a_change_shows_in_what_is_counted(loop: asyncio.SelectorEventLoop, asked: bool) -> None:
    if asked:
        assert vars(loop)
    parts, holder = loop_attributes.counted(loop)
    before = len(parts(holder))
    assert len(parts(holder)) == before
    loop.another = None  # type: ignore[attr-defined]
    assert len(parts(holder)) != before


@pytest.mark.parametrize("asked", [False, True])
def test_a_replaced_method_is_found(loop: asyncio.SelectorEventLoop, asked: bool) -> None:
    if asked:
        assert vars(loop)
    assert "call_soon" not in loop_attributes.own(loop, METHODS)
    other = plain(loop.call_soon, lambda: None)
    loop.call_soon = other  # type: ignore[method-assign]
    assert loop_attributes.own(loop, METHODS)["call_soon"] is other
    del loop.call_soon
    assert "call_soon" not in loop_attributes.own(loop, METHODS)
