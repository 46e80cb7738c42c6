"""Secrets in texts."""

from __future__ import annotations

import time

import pytest

from tornkit.masking import MASK, is_secret_name, masked


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


@pytest.mark.parametrize("text", ["://" * 650, "a:" * 900, "key" * 600, "=" * 1900, "eyJ" * 600])
def test_no_text_takes_long(text: str) -> None:
    began = time.perf_counter()
    masked(text)
    assert time.perf_counter() - began < 0.5
