"""The Dockerfile, judged by hadolint, and its entry point, run with commands of a test's."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.scaffold.deploying import image
from tests.scaffold.deploying.projects import (
    FROM_INDEX,
    FROM_REPOSITORY,
    PACKAGE,
    each_template,
    judge,
    text,
    tool,
    with_store,
    write_each,
)


@pytest.mark.thorough
def test_hadolint_is_content(tmp_path: Path) -> None:
    paths = write_each(tmp_path, "Dockerfile", ("docker",))
    assert judge(tool("hadolint"), *paths) == ""


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    hadolint = tool("hadolint")
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN pip install x\n")
    with pytest.raises(AssertionError, match="DL3006"):
        judge(hadolint, tmp_path / "Dockerfile")


def instructions(template: str, requirement: str = FROM_INDEX) -> list[str]:
    return image.instructions(text("Dockerfile", template, "docker", requirement=requirement))


@each_template
def test_the_image_is_small_and_serves_as_a_user_without_rights(template: str) -> None:
    lines = instructions(template)
    stages = [number for number, line in enumerate(lines) if line.startswith("FROM")]
    last = lines[stages[-1] :]
    assert last[0] == "FROM base", "with nothing of what built it"
    assert "COPY --from=build /opt/venv /opt/venv" in last
    assert "USER 10001" in last[last.index("COPY . .") :], "its files are root's"
    assert any(line.startswith("HEALTHCHECK") and "/healthz" in line for line in last)
    command = '["tornkit", "serve", "--no-reload", "--workers", "auto", "--address", "0.0.0.0"]'
    assert last[-1] == f"CMD {command}"
    assert lines[:2] == [
        "FROM python:3.13-slim AS base",
        "ENV PYTHONUNBUFFERED=1      PATH=/opt/venv/bin:$PATH",
    ]


@each_template
def test_a_secret_is_never_built_in(template: str) -> None:
    assert not [line for line in instructions(template) if "SECRET" in line or "PASSWORD" in line]
    ignored = text(".dockerignore", template, "docker").splitlines()
    assert ".*" in ignored, ".env and .git among them"


def test_a_repository_needs_git() -> None:
    for requirement, needed in (("tornkit>=0.1.0", False), (FROM_REPOSITORY, True)):
        lines = instructions("site", requirement=requirement)
        assert any("install --yes --no-install-recommends git" in line for line in lines) is needed


@each_template
def test_postgresql_is_there_for_those_with_a_database(template: str) -> None:
    has_extra = any("--extra postgresql" in line for line in instructions(template))
    assert has_extra is (template in with_store)


class EntryPoint:
    """The entry point, with commands in place of a container's, which say how they were called."""

    def __init__(self, folder: Path, template: str) -> None:
        (folder / "docker-entrypoint").write_text(text("docker-entrypoint", template, "docker"))
        for name in ("tornkit", "python"):
            program = folder / name
            program.write_text(f'#!/bin/sh\necho "{name} $*"\n[ "$FAIL" != {name} ]\n')
            program.chmod(0o755)
        self.folder = folder

    def environment(self, **variables: str) -> dict[str, str]:
        return {"PATH": f"{self.folder}:{os.environ['PATH']}", "FAIL": "", **variables}

    def run(self, *command: str, **variables: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            ["sh", "docker-entrypoint", *command],
            cwd=self.folder,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()


SQLITE = "sqlite:////data/board.sqlite3"
SERVE = ("tornkit", "serve", "--workers", "2")


@pytest.mark.parametrize("template", with_store)
def test_a_database_of_its_own_is_migrated_first(template: str, tmp_path: Path) -> None:
    entry_point = EntryPoint(tmp_path, template)
    migrated = f"python -m {PACKAGE}.migrate"
    assert entry_point.run(*SERVE, DATABASE_URL=SQLITE) == (
        0,
        [migrated, "tornkit serve --workers 2"],
    )
    assert entry_point.run(*SERVE, DATABASE_URL=SQLITE, FAIL="python") == (1, [migrated])


@pytest.mark.parametrize("template", with_store)
def test_one_that_containers_share_is_not(template: str, tmp_path: Path) -> None:
    entry_point = EntryPoint(tmp_path, template)
    for url in ("postgresql://host/name", ""):
        assert entry_point.run(*SERVE, DATABASE_URL=url) == (0, ["tornkit serve --workers 2"])
    release = ("python", "-m", f"{PACKAGE}.migrate")
    assert entry_point.run(*release, DATABASE_URL=SQLITE) == (0, [f"python -m {PACKAGE}.migrate"])


@pytest.mark.parametrize("template", with_store)
def test_an_end_waits_for_the_migrations(template: str, tmp_path: Path) -> None:
    entry_point = EntryPoint(tmp_path, template)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "python").write_text("#!/bin/sh\necho migrating\nread line <pipe\necho migrated\n")
    process = subprocess.Popen(
        ["sh", "docker-entrypoint", *SERVE],
        cwd=tmp_path,
        env=entry_point.environment(DATABASE_URL=SQLITE),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "migrating\n"
        process.terminate()
        pipe.write_text("go on\n")
        assert process.communicate(timeout=20)[0] == "migrated\n", "and nothing is served"
        assert process.returncode == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("template", ["site", "api", "realtime"])
def test_a_container_that_starts_again_is_ready_again(template: str, tmp_path: Path) -> None:
    drain_file = tmp_path / "draining"
    drain_file.touch()
    entry_point = EntryPoint(tmp_path, template)
    assert entry_point.run("true", DRAIN_FILE=str(drain_file)) == (0, [])
    assert drain_file.exists(), "another command in the same pod says nothing of it"
    assert entry_point.run(*SERVE, DRAIN_FILE=str(drain_file))[0] == 0
    assert not drain_file.exists()


@pytest.mark.parametrize("template", ["site", "api", "realtime"])
def test_the_drain_file_is_the_one_of_the_settings(template: str) -> None:
    script = text("docker-entrypoint", template, "docker")
    assert re.search(r"\$\{DRAIN_FILE:-(.*)\}", script), script
    assert f"/tmp/{PACKAGE}-draining" in script
