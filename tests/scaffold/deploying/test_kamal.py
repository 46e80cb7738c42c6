"""Kamal's files: the names in one are those in the other, and the hook knows when to do nothing."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scaffold.deploying.projects import (
    PACKAGE,
    each_template,
    files,
    text,
    texts,
    with_secret,
    with_store,
)
from tornkit.serve.config import ServeConfig

# Of Kamal's own description of its configuration; it accepts no others.
KEYS = {"service", "image", "servers", "proxy", "drain_timeout", "stop_timeout", "registry"} | {
    *("builder", "env", "accessories", "aliases")
}
PROXY_KEYS = {"host", "ssl", "app_port", "healthcheck", "buffering", "response_timeout"}


def configuration(template: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text("config/deploy.yml", template, "kamal"))
    return found


@each_template
def test_it_has_keys_that_kamal_knows(template: str) -> None:
    found = configuration(template)
    assert found.keys() <= KEYS
    assert found["proxy"].keys() <= PROXY_KEYS
    assert found["proxy"]["app_port"] == 8888
    assert found["proxy"]["healthcheck"].keys() == {"path", "interval", "timeout"}


@each_template
def test_it_waits_for_what_serves(template: str) -> None:
    found = configuration(template)
    path = found["proxy"]["healthcheck"]["path"]
    assert path == ("/healthz" if template == "minimal" else "/readyz")
    assert found["stop_timeout"] > ServeConfig().drain_timeout


def names_of_secrets(value: object) -> set[str]:
    """What is under ``secret`` and ``password``, wherever that is."""
    if not isinstance(value, dict):
        return set()
    found = {str(name) for key in ("secret", "password") for name in value.get(key, ())}
    return found.union(*(names_of_secrets(each) for each in value.values()))


@each_template
def test_each_secret_is_read_from_the_environment(template: str, tmp_path: Path) -> None:
    """The file as a shell reads it, which is how Kamal does."""
    environment = {
        "KAMAL_REGISTRY_PASSWORD": "r",
        "COOKIE_SECRET": "c" * 32,
        "POSTGRES_PASSWORD": "p",
    }
    secrets = text(".kamal/secrets", template, "kamal")
    script = f"set -eu\n{secrets}\nenv -0"
    (tmp_path / "secrets").write_text(script)
    done = subprocess.run(
        ["sh", "-a", "secrets"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    given = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    needed = names_of_secrets(configuration(template))
    assert needed == set(re.findall(r"^(\w+)=", secrets, re.MULTILINE)), "no more, no less"
    assert needed <= given.keys()
    assert ("COOKIE_SECRET" in needed) is (template in with_secret)
    if template in with_store:
        host = f"my-board-{next(iter(configuration(template)['accessories']))}"
        assert given["DATABASE_URL"] == f"postgresql://{PACKAGE}:p@{host}/{PACKAGE}"
    if template == "realtime":
        assert given["TORNKIT_BUS"] == "redis://my-board-redis:6379/0"


@pytest.mark.parametrize("template", with_store)
def test_its_hook_migrates_before_a_deployment(template: str, tmp_path: Path) -> None:
    (hook,) = [file for file in files(template, "kamal") if file.path.name == "pre-deploy"]
    assert hook.executable, "Kamal runs it by its path"
    (tmp_path / "hook").write_bytes(hook.content)
    (tmp_path / "kamal").write_text('#!/bin/sh\necho "$@"\nexit "$CODE"\n')
    (tmp_path / "kamal").chmod(0o755)

    def run(command: str, code: int = 0) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", tmp_path / "hook"],
            env={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "KAMAL_COMMAND": command,
                "KAMAL_VERSION": "v7",
                "CODE": str(code),
            },
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.returncode, done.stdout

    migrate = f"app exec --primary --version v7 python -m {PACKAGE}.migrate\n"
    assert run("deploy") == (0, migrate)
    assert run("redeploy") == (0, migrate)
    assert run("deploy", code=3) == (3, migrate), "what fails is not deployed"
    assert run("rollback") == (0, ""), "an older image does not know newer migrations"


def test_others_have_no_hook() -> None:
    for template in ("minimal", "realtime"):
        assert ".kamal/hooks/pre-deploy" not in texts(template, "kamal")
