"""Generated projects that are run, and a database for those that need one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.serve import Serve
from tests.integration.waiting import wait_for
from tests.scaffold.deploying import projects

REPOSITORY = Path(__file__).parents[3]

# Packages that a template's projects need, and the ordinary environment has not.
NEEDED = {
    "minimal": (),
    "site": ("sqlalchemy", "alembic", "aiosqlite", "argon2"),
    "api": ("sqlalchemy", "alembic", "aiosqlite", "pydantic"),
    "realtime": (),
}

Run = Callable[..., str]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a project of a template, made once; skips where what it needs is missing."""
    made: dict[str, Path] = {}

    def make(template: str) -> Path:
        for package in NEEDED[template]:
            pytest.importorskip(package)
        if template not in made:
            root = tmp_path_factory.mktemp("running") / f"my-{template}"
            made[template] = projects.write(root, template)
        return made[template]

    return make


def inherited() -> dict[str, str]:
    """The environment of a project's processes: nothing of this test run's settings."""
    mine = ("PYTEST_", "TORNKIT_", "APP_ENV", "COOKIE_SECRET", "DATABASE_URL", "LOG_FORMAT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def run() -> Run:
    """Runs this Python in a folder; returns what it prints, fails at another exit status."""

    def run(
        folder: Path, *arguments: str, typed: str = "", status: int = 0, **variables: str
    ) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=inherited() | variables,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    return run


@pytest.fixture
def served(serve: Serve, project: Callable[[str], Path]) -> Callable[..., Any]:
    """A server of two workers of a template's project, in a folder of its own."""

    def served(template: str, *options: str) -> Any:
        root = project(template)
        shutil.copytree(root, serve.folder, dirs_exist_ok=True)
        # Its imports take a second of CPU for each worker: so not for a process more, and patience.
        server = serve({}, "--workers", "2", "--preload", "off", *options, wait=False)
        wait_for(lambda: server.urls, "the server", patience=60)
        return server

    return served
