from __future__ import annotations

import datetime
import enum
import itertools
import pathlib
import re
import uuid
from typing import Any, NoReturn

import pytest

from tornkit.masking import MASK
from tornkit.routing.reading.values import WIDTH, shown


class Colour(enum.Enum):
    RED = "red"


class Database:
    def __repr__(self) -> NoReturn:
        raise AssertionError("the repr of a user's class is not called")


class Lazy:
    @property  # type: ignore[misc]  # which nobody sets
    def __class__(self) -> Any:
        raise AssertionError("what is not there yet would be made by being asked what it is")


class Text(str):
    def __repr__(self) -> str:
        return "hunter2"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (50, "50"),
        (2.5, "2.5"),
        ("a", "'a'"),
        (b"a", "b'a'"),
        ([], "[]"),
        ((1,), "(1,)"),
        ((1, 2), "(1, 2)"),
        (set(), "set()"),
        ({1}, "{1}"),
        (frozenset({1}), "frozenset({1})"),
        (frozenset(), "frozenset()"),
        ({"a": [1, {"b": 2}]}, "{'a': [1, {'b': 2}]}"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, ...]"),
        ([[[[["deep"]]]]], "[[[[[...]]]]]"),
        (int, "int"),
        (len, "len"),
        (shown, "tornkit.routing.reading.values.shown"),
        (re, "<module re>"),
        (re.compile("/a"), "re.compile('/a')"),
        (pathlib.PurePosixPath("/a"), "PurePosixPath('/a')"),
        (datetime.timedelta(1), "datetime.timedelta(days=1)"),
        (uuid.UUID(int=0), "UUID('00000000-0000-0000-0000-000000000000')"),
        (Colour.RED, "Colour.RED"),
        (Database(), f"<{__name__}.Database>"),
        (Text("x"), f"<{__name__}.Text>"),
        (itertools.count(), "<itertools.count>"),
    ],
)
def test_values(value: object, text: str) -> None:
    assert shown("value", value) == text


def test_values_that_pytest_can_not_show() -> None:
    assert shown("value", Lazy()) == f"<{__name__}.Lazy>"
    assert shown("value", 10**5000) == "<int>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hunter2", f"'{MASK}'"),
        (b"hunter2", f"'{MASK}'"),
        (1234, f"'{MASK}'"),
        (["hunter2"], f"'{MASK}'"),
        ({"a": "hunter2"}, f"'{MASK}'"),
        (None, "None"),
        (False, "False"),
        (Database(), f"<{__name__}.Database>"),
    ],
)
def test_what_has_a_secret_name(value: object, text: str) -> None:
    assert shown("password", value) == text


def test_secrets_by_the_keys_of_a_mapping() -> None:
    value = {"user": "app", "password": "hunter2", b"token": "hunter2", 1: "one"}
    assert shown("db", value) == "{'user': 'app', 'password': '***', b'token': '***', 1: 'o..."
    assert shown("db", [{"auth": "hunter2"}]) == "[{'auth': '***'}]"


def test_a_line_is_short() -> None:
    text = shown("value", "x" * 500)
    assert len(text) == WIDTH
    assert text.endswith("...")
    assert shown("value", "\n") == r"'\n'"
    # What is too long to be searched is not shown at all: a mask may begin before the cut.
    assert shown("value", "redis://:" + "hunter2" * 1000 + "@host") == "<str of 7014>"


@pytest.mark.parametrize(
    "text", ["postgres://app:hunter2@db/app", "api_key: hunter2", "Bearer hunter2hunter2"]
)
def test_secrets_in_texts(text: str) -> None:
    for value in (text, text.encode(), {"inside": [text]}, pathlib.PurePosixPath(text)):
        assert "hunter2" not in shown("value", value)
