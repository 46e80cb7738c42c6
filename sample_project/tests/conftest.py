"""Fixtures: an application of its own for each test, on an empty database."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
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
from board.tokens import make_token

NAME, PASSWORD = "ada", "correct horse battery"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ(
        {
            "LOG_FORMAT": "text",
            "DRAIN_FILE": str(tmp_path / "draining"),
            "COOKIE_SECRET": "for these tests only, and long enough",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'test.sqlite3'}",
            "UPLOADS": str(tmp_path / "uploads"),
            "UPLOAD_LIMIT": "100000",
            "ADMINS": "ada",
        }
    )


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a password's hash take no time. Outside of tests it takes long, on purpose."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(sessions, "_hasher", quick)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, of which each test gets a copy: migrations take longer than a test."""
    file = tmp_path_factory.mktemp("migrated") / "test.sqlite3"
    migrate.up(f"sqlite:///{file}")
    return file


@pytest.fixture
def tornkit_app(settings: Settings, tmp_path: Path, migrated: Path) -> Application:
    """The application that the fixtures of tornkit ask."""
    shutil.copy(migrated, tmp_path / "test.sqlite3")
    return make_app(settings)


@pytest.fixture
def signed_in(client: Client, settings: Settings) -> Client:
    """The client, signed in as ada; it follows redirects, as a browser does."""
    asyncio.run(add_user(Store(settings.database_url), NAME, PASSWORD))
    client.follow_redirects = True
    client.post("/sign-in", data={"name": NAME, "password": PASSWORD})
    return client


@pytest.fixture
def robot(client: Client, settings: Settings) -> Client:
    """A program with a token of the API: what it writes is by "robot"."""
    token = asyncio.run(make_token(Store(settings.database_url), "robot"))
    robot = client.new()
    robot.xsrf = False
    robot.headers["Authorization"] = f"Bearer {token}"
    return robot


@pytest.fixture
def post(robot: Client) -> Callable[..., int]:
    """Posts a message; returns its number."""

    def post(body: str = "Hello", topic: str = "help") -> int:
        answer = robot.post(
            "/v1/messages", host="api.localhost", json={"topic": topic, "body": body}
        )
        assert answer.status_code == 201
        return int(answer.json()["id"])

    return post
