"""Positions: the text that users keep, and what of it is one that no bus has written."""

from __future__ import annotations

from typing import Any

import pytest

from tornkit.bus.position import MessagePosition, position_of

LONGEST = MessagePosition("zZ9" * 21 + "0", 10**19 - 1)


@pytest.mark.parametrize(
    ("position", "text"),
    [
        (MessagePosition("0f", 12), "0f-12"),
        (MessagePosition("e", 0), "e-0"),
        (LONGEST, f"{LONGEST.epoch}-9999999999999999999"),
    ],
)
def test_a_position_and_its_text(position: MessagePosition, text: str) -> None:
    assert str(position) == f"{position}" == text
    assert position_of(text) == position


def test_zeros_in_front_make_no_other_position() -> None:
    assert position_of("e-007") == ("e", 7)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "a", "a-", "-1", "a-1\n", "a-\u0661", "a-1-2", "x" * 70 + "-1"),
        *(" a-1", "a -1", "a--1", "a-+1", "a-1.0", "a_b-1", "\u00e9-1", "a-1\0", "\ud800-1"),
        *("x" * 65 + "-1", "a-" + "1" * 20, "a-" + "0" * 20),
    ],
)
def test_what_is_no_position_is_one_that_nobody_knows(text: str) -> None:
    assert position_of(text) == MessagePosition("", 0)


@pytest.mark.parametrize(
    ("value", "kind"), [(1, "int"), (None, "NoneType"), (b"a-1", "bytes"), (LONGEST, "Message")]
)
def test_what_is_no_text(value: Any, kind: str) -> None:
    with pytest.raises(TypeError, match=f"^a position is a str, not {kind}"):
        position_of(value)
