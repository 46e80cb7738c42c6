"""Handlers that `tornkit add` gives a project: their tests pass, and all is as clean as before."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scaffold.deploying import projects
from tornkit.scaffold import handler_stub, writing
from tornkit.scaffold.catalogue import TEMPLATES

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(300)]

# Name, path, and whether it is a WebSocket.
ADDED = (
    ("todo_list", None, False),
    ("Shown", r"/shown/(?P<slug>[a-z]+)/x\.y", False),
    ("ticker", None, True),
    ("ALongNameForAHandlerOfWebSockets", "/a/very/long/path/for/it/([0-9]+)", True),
)


# Those with a database take a minute, and differ in nothing that matters to handlers.
each_template = pytest.mark.parametrize(
    "template",
    [
        pytest.param(name, marks=pytest.mark.release if name in ("site", "api") else ())
        for name in TEMPLATES
    ],
)


@each_template
def test_all_is_clean(
    run: Callable[..., str],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    template: str,
) -> None:
    for package in ("ruff", "mypy", "sqlalchemy", "alembic", "argon2", "pydantic"):
        pytest.importorskip(package)
    root = projects.write(tmp_path / "my-board", template, "docker")
    for name, path, websocket in ADDED:
        writing.write(handler_stub.handler(root, "x", name, path, websocket=websocket))
    run(root, "-m", "ruff", "check", "--no-cache", ".")
    run(root, "-m", "ruff", "format", "--check", "--no-cache", ".")
    run(root, "-m", "mypy", "--cache-dir", str(tmp_path_factory.getbasetemp() / "types"))
    run(root, "-m", "tornkit", "routes", "--check")
    output = run(
        root,
        *("-m", "pytest", "-p", "no:cacheprovider", "-p", "tornkit.pytest_plugin"),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    assert re.search(r"^=+ \d+ passed in ", output, re.MULTILINE), output
