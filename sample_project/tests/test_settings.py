"""What the environment decides."""

from __future__ import annotations

import pytest

from board.settings import PROJECT, Settings

PRODUCTION = {
    "APP_ENV": "production",
    "COOKIE_SECRET": "for these tests only, and long enough",
    "DATABASE_URL": "postgresql://ada@localhost/board",
}


def test_development_needs_nothing() -> None:
    assert Settings.from_environ({}).debug


def test_production() -> None:
    assert not Settings.from_environ(PRODUCTION).debug


@pytest.mark.parametrize("secret", ["", "short", "development only: not a secret"])
def test_production_needs_a_secret_of_its_own(secret: str) -> None:
    with pytest.raises(ValueError, match="COOKIE_SECRET"):
        Settings.from_environ({**PRODUCTION, "COOKIE_SECRET": secret})


def test_the_secret_is_not_shown() -> None:
    settings = Settings.from_environ(PRODUCTION)
    assert settings.cookie_secret not in repr(settings)


def test_production_needs_a_database() -> None:
    with pytest.raises(ValueError, match="DATABASE_URL"):
        Settings.from_environ({**PRODUCTION, "DATABASE_URL": ""})


@pytest.mark.parametrize("name", ["APP_ENV", "LOG_FORMAT"])
def test_what_is_misspelt_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.from_environ({name: "prod"})


def test_the_example_lists_every_variable() -> None:
    example = (PROJECT / ".env.example").read_text()
    for name in ("APP_ENV", "DRAIN_FILE", "LOG_FORMAT", *PRODUCTION):
        assert f"\n{name}=" in example
