"""The generated project: it runs, its tests pass, its README tells the truth."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tornkit.cli import COMMANDS
from tornkit.scaffold import create

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scaffold") / "my-board"
    create.write(create.plan(str(root)))
    return root


def run(project: Path, *arguments: str, **variables: str) -> str:
    """Run this Python in the project's folder; returns what it printed, fails if it failed."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "TORNKIT_", "APP_ENV", "COOKIE_SECRET"))
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=project,
        env=inherited
        | {
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            # What else is installed here is not the project's doing.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_its_tests_pass_under_pytest(project: Path) -> None:
    assert re.search(r"\d+ passed", run(project, "-m", "pytest", "-p", "no:cacheprovider"))


def test_its_tests_pass_with_nothing_but_tornado(project: Path) -> None:
    assert re.search(r"Ran [1-9]\d* tests", run(project, "-m", "unittest"))


def test_its_code_compiles(project: Path, tmp_path: Path) -> None:
    run(project, "-m", "compileall", "-q", ".", PYTHONPYCACHEPREFIX=str(tmp_path))


SERVE_AND_ASK = """
import asyncio
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from app import make_app

async def main():
    socket, port = bind_unused_port()
    server = HTTPServer(make_app())
    server.add_socket(socket)
    for path in ("/", "/healthz", "/favicon.ico", "/nowhere"):
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}{path}", raise_error=False)
        print(path, answer.code, answer.headers["Content-Type"])
    server.stop()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "variables", [{}, {"APP_ENV": "production", "COOKIE_SECRET": "0123456789abcdef" * 2}]
)
def test_it_answers_over_a_socket(project: Path, variables: dict[str, str]) -> None:
    output = run(project, "-c", SERVE_AND_ASK, **variables)
    assert "/ 200 text/html" in output
    assert "/healthz 200 application/json" in output
    assert "/favicon.ico 200 image/" in output
    assert "/nowhere 404 text/html" in output


RUN_WITHOUT_TORNKIT = """
import asyncio, runpy
from tornado.web import Application

async def end(self):
    raise SystemExit

Application.listen = lambda self, port, **options: print("listens", port, options)
asyncio.Event.wait = end
runpy.run_path("app.py", run_name="__main__")
"""


def test_python_runs_it_without_tornkit(project: Path) -> None:
    output = run(project, "-c", RUN_WITHOUT_TORNKIT)
    assert "listens 8888 {'address': '127.0.0.1'}" in output
    assert "serving at http://127.0.0.1:8888; `tornkit serve` reloads on edits" in output


def test_its_settings_name_the_application(project: Path) -> None:
    settings = tomllib.loads((project / "pyproject.toml").read_text())
    assert settings["project"]["name"] == "my-board"
    assert settings["tool"]["tornkit"] == {"app": "app.py:make_app"}


def test_every_environment_variable_is_in_the_example(project: Path) -> None:
    code = (project / "settings.py").read_text()
    used = set(re.findall(r'environ\.get\("(\w+)"', code))
    listed = set(re.findall(r"^(\w+)=", (project / ".env.example").read_text(), re.M))
    assert used == listed


def readme_commands(project: Path) -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", (project / "README.md").read_text(), re.S):
        for line in block.splitlines():
            yield line.partition("#")[0].strip()


def test_readme_names_commands_and_options_that_exist(project: Path) -> None:
    lines = [line.split() for line in readme_commands(project) if line.startswith("tornkit ")]
    lines.append(
        re.findall(r'CMD \["(tornkit.*)"\]', (project / "Dockerfile").read_text())[0].split('", "')
    )
    assert {line[1] for line in lines} == {"serve", "routes"}
    for _, name, *arguments in lines:
        assert name in COMMANDS
        command = importlib.import_module(f"tornkit.cli.{name}").command
        known = {option for param in command.params for option in param.opts + param.secondary_opts}
        assert {argument for argument in arguments if argument.startswith("-")} <= known


def test_its_routes_pass_the_check(project: Path) -> None:
    run(project, "-m", "tornkit", "routes", "--check")


@pytest.mark.thorough  # which has ruff and mypy; the ordinary environment has not
@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["format", "--check"],
        # Our own rules too, but for pytest's idioms: the tests run under unittest as well.
        ["check", "--config", str(REPOSITORY / "pyproject.toml"), "--ignore", "PT009,PT027"],
    ],
    ids=["ruff", "format", "our-rules"],
)
def test_its_code_is_clean(project: Path, arguments: list[str]) -> None:
    pytest.importorskip("ruff")
    run(project, "-m", "ruff", *arguments, "--no-cache", ".")


@pytest.mark.thorough
def test_its_types_hold(project: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    run(project, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), ".")
