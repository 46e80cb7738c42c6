"""Fixtures: an application of its own for each test, on an empty database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tornado.web import Application
from tornkit.testing import Client

from board import migrate, sessions
from board.app import make_app
from board.sessions import add_user
from board.settings import Settings
from board.store import Store

NAME, PASSWORD = "ada", "correct horse battery"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ(
        {
            "LOG_FORMAT": "text",
            "DRAIN_FILE": str(tmp_path / "draining"),
            "COOKIE_SECRET": "for these tests only, and long enough",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'test.sqlite3'}",
        }
    )


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a password's hash take no time. Outside of tests it takes long, on purpose."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(sessions, "_hasher", quick)


@pytest.fixture
def tornkit_app(settings: Settings) -> Application:
    """The application that the fixtures of tornkit ask."""
    migrate.up(settings.database_url)
    return make_app(settings)


@pytest.fixture
def signed_in(client: Client, settings: Settings) -> Client:
    """The client, signed in as ada; it follows redirects, as a browser does."""
    asyncio.run(add_user(Store(settings.database_url), NAME, PASSWORD))
    client.follow_redirects = True
    client.post("/sign-in", data={"name": NAME, "password": PASSWORD})
    return client
