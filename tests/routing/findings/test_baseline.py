"""Tests of the file of accepted findings, and of comparing with it."""

from __future__ import annotations

import json

import pytest

from tornkit.routing.findings.baseline import BadBaseline, Compared, compare, read, write
from tornkit.routing.findings.identity import Identity

A = Identity("TK201", pattern="/a", handler="app.A")
B = Identity("TK301", host=r"b\.com", pattern="/b", name="b", handler="app.B")
C = Identity("TK601", file="templates/ä.html", text='{{ reverse_url("c") }}')


class TestFile:
    def test_what_was_written_is_read(self) -> None:
        assert read(write([C, A, B, A])) == (A, A, B, C)

    def test_it_is_sorted_and_has_no_empty_fields(self) -> None:
        assert write([B, A]) == write([A, B])
        assert json.loads(write([A])) == {
            "version": 1,
            "findings": [{"code": "TK201", "pattern": "/a", "handler": "app.A"}],
        }
        assert "ä" in write([C])

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "it is not JSON"),
            ("{", "it is not JSON"),
            ("[" * 100_000, "it is not JSON"),
            ("[]", "no baseline"),
            ('{"routes": []}', "no baseline"),
            ('{"version": true, "findings": []}', "no baseline"),
            ('{"version": 2, "findings": []}', "its version is 2, and this tornkit knows 1"),
            ('{"version": 1}', "no list of findings"),
            ('{"version": 1, "findings": {}}', "no list of findings"),
            ('{"version": 1, "findings": [{"code": "TK201"}, 1]}', "its finding 2"),
            ('{"version": 1, "findings": [{"pattern": "/a"}]}', "its finding 1"),
            ('{"version": 1, "findings": [{"code": "TK201", "line": "3"}]}', "its finding 1"),
            ('{"version": 1, "findings": [{"code": 201}]}', "its finding 1"),
        ],
    )
    def test_what_is_none(self, text: str, says: str) -> None:
        with pytest.raises(BadBaseline, match=says):
            read(text)


class TestCompare:
    def test_each_entry_stands_for_one_finding(self) -> None:
        assert compare([A, A, B], [A]) == Compared(new=(1, 2), known=1, mended=0)
        assert compare([A, A], [A, A]) == Compared(new=(), known=2, mended=0)

    def test_what_is_no_longer_found_is_mended(self) -> None:
        assert compare([A], [A, A, B]) == Compared(new=(), known=1, mended=2)
        assert compare([], [A]) == Compared(new=(), known=0, mended=1)

    def test_nothing(self) -> None:
        assert compare([A], []) == Compared(new=(0,), known=0, mended=0)
