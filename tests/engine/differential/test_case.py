"""Cases are cut without losing a byte, and can be told apart in words."""

from __future__ import annotations

import pytest

from tests.engine.differential.case import Case, every_byte

DATA = b"GET / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("cuts", [(), (1,), (3, 9), every_byte(DATA)])
def test_the_pieces_are_the_input(cuts: tuple[int, ...]) -> None:
    pieces = Case("web", DATA, cuts).pieces()

    assert b"".join(pieces) == DATA
    assert len(pieces) == len(cuts) + 1
    assert all(pieces)


def test_an_empty_input_is_one_empty_piece() -> None:
    assert Case("web", b"").pieces() == [b""]


def test_other_bytes_are_delivered_in_the_same_way() -> None:
    assert Case("web", DATA, (3, 9)).with_data(DATA[:8]).cuts == (3,)
    assert Case("web", DATA, every_byte(DATA)).with_data(b"abc").cuts == (1, 2)
    assert Case("web", DATA).with_data(b"abc").cuts == ()


def test_deliveries_have_words() -> None:
    assert Case("web", DATA).delivery == "whole"
    assert Case("web", DATA, (3, 9), eof=True).delivery == "cut at 3, 9, then EOF"
    assert Case("web", DATA, every_byte(DATA)).delivery == "one byte at a time"
