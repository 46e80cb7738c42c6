"""Bits of an integer."""

from __future__ import annotations

from tornkit.serve.warm_imports.bits import bits


def test_bits() -> None:
    assert list(bits(0)) == []
    assert list(bits(0b1)) == [0]
    assert list(bits(1 << 700 | 0b1010)) == [1, 3, 700]
