from __future__ import annotations

import datetime
import enum
import itertools
import pathlib
import re
import time
import uuid
from typing import Any, NoReturn

import pytest

from tornkit.routing.reading.masking import MASK, WIDTH, is_secret_name, masked, shown


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
        (shown, "tornkit.routing.reading.masking.shown"),
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


@pytest.mark.parametrize(
    "name",
    [
        *("secret", "cookie_secret", "clientSecret", "token", "access_token", "accesstoken"),
        *("password", "db_password", "PASSWD", "pwd", "user_pwd", "key", "api_key", "apiKey"),
        *("APIKEY", "x-api-key", "credential", "aws_credentials", "auth", "basic-auth", "cookie"),
        *("AUTH_HEADER", "passphrase", "privateKey", "salt", "secretkey", "Authorization"),
    ],
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["author", "monkey", "keyboard", "path", "passenger", "compass", "db", "url", "pins"]
)
def test_other_names(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgres://app:hunter2@db/app", f"postgres://app:{MASK}@db/app"),
        ("postgres://app:hun/t@er2@db/app", f"postgres://app:{MASK}@db/app"),
        ("redis://:hunter2@cache:6379/0", f"redis://:{MASK}@cache:6379/0"),
        ("app:hunter2@db:5432", f"app:{MASK}@db:5432"),
        ("dsn='app:hunter2@db'", f"dsn='app:{MASK}@db'"),
        ("see postgres://a:hunter2@b or c", f"see postgres://a:{MASK}@b or c"),
        ("host=db password=hunter2 user=app", f"host=db password={MASK} user=app"),
        ("/in?token=hunter2&next=/", f"/in?token={MASK}&next=/"),
        ("api_key: hunter2", f"api_key: {MASK}"),
        ("Bearer hunter2hunter2", MASK),
        ("-----BEGIN RSA PRIVATE KEY-----\nhunter2", MASK),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.x", MASK),
        ("http://localhost:8080/a", "http://localhost:8080/a"),
        ("https://user@host/a", "https://user@host/a"),
        ("a@b.c:d", "a@b.c:d"),
        ("/static/(.*)", "/static/(.*)"),
        ("size=3", "size=3"),
    ],
)
def test_secrets_in_a_text(text: str, left: str) -> None:
    assert masked(text) == left
    assert "hunter2" not in shown("value", text)
    assert "hunter2" not in shown("value", text.encode())
    assert "hunter2" not in shown("value", {"inside": [text]})
    assert "hunter2" not in shown("value", pathlib.PurePosixPath(text))


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


@pytest.mark.parametrize("text", ["://" * 650, "a:" * 900, "key" * 600, "=" * 1900, "eyJ" * 600])
def test_no_text_takes_long(text: str) -> None:
    began = time.perf_counter()
    masked(text)
    assert time.perf_counter() - began < 0.5
