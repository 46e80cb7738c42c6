"""Inputs become as small as what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.engine.differential.case import Case, every_byte
from tests.engine.differential.shrink import shrink

LONG = b"GET /path?query=1 HTTP/1.1\r\nHost: example\r\nX: y\r\nBad\0Name: z\r\n\r\nbody"


def checking(is_wrong: Callable[[Case], bool]) -> Callable[[Sequence[Case]], list[bool]]:
    return lambda cases: [is_wrong(case) for case in cases]


def test_one_byte_is_left_where_one_is_enough() -> None:
    found = shrink(Case("web", LONG), checking(lambda case: b"\0" in case.data))

    assert found.data == b"\0"


def test_parts_that_are_needed_together_stay() -> None:
    found = shrink(
        Case("web", LONG * 3),
        checking(lambda case: case.data.count(b"GET") >= 2 and b"\0" in case.data),
    )

    assert sorted(found.data) == sorted(b"GETGET\0")


def test_letters_that_do_not_matter_become_plain() -> None:
    found = shrink(
        Case("web", b"GET /path"), checking(lambda case: case.data.startswith(b"GET ") > 0)
    )
    assert found.data == b"GET "

    found = shrink(Case("web", b"wxyz"), checking(lambda case: len(case.data) == 4))
    assert found.data == b"aaaa"


def test_cuts_and_the_end_go_where_they_do_not_matter() -> None:
    cut = Case("web", LONG, every_byte(LONG), eof=True)

    found = shrink(cut, checking(lambda case: b"\0" in case.data))
    assert (found.cuts, found.eof) == ((), False)

    found = shrink(cut, checking(lambda case: bool(case.cuts) and b"\0" in case.data))
    assert len(found.data) == 2


def test_what_can_not_shrink_is_left_as_it_is() -> None:
    case = Case("web", LONG, (3,))

    assert shrink(case, checking(lambda each: each == case)) == case


@pytest.mark.thorough
def test_it_ends_for_long_inputs_too() -> None:
    asked = []

    def check(cases: Sequence[Case]) -> list[bool]:
        asked.append(len(cases))
        return [False] * len(cases)

    case = Case("web", b"x" * 100_000)
    assert shrink(case, check) == case
    assert len(asked) < 300
