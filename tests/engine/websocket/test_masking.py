"""Masks, by the letter of RFC 6455, section 5.3."""

from __future__ import annotations

import random

import pytest

from tornkit.engine.websocket.masking import unmask, unmask_in_python


@pytest.mark.parametrize("function", [unmask, unmask_in_python])
def test_each_byte_is_combined_with_its_byte_of_the_mask(function: object) -> None:
    rng = random.Random(5)
    for size in (*range(20), 999, 1000, 1001, 1002, 1003, 1004, 70_000):
        mask, data = rng.randbytes(4), rng.randbytes(size)
        expected = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        assert function(mask, data) == expected  # type: ignore[operator]
