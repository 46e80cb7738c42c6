"""Whatever the application writes, standard output holds the result alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.routes.terminal import run

pytestmark = pytest.mark.thorough

APP = """
import os
import subprocess
import sys
from tornado.web import Application, RequestHandler

def say(when):
    print("printed", when)
    sys.__stdout__.write(f"written {when}")
    os.write(1, f"by descriptor {when}".encode())
    subprocess.run([sys.executable, "-c", f"print('by a child {when}')"], check=True)

say("on import")

class Home(RequestHandler):
    def get(self): ...

class Saying(Application):
    def reverse_url(self, name, *args):
        say("on reversing")
        return super().reverse_url(name, *args)

app = Saying([(r"/", Home, {}, "home")])
"""
WHENS = ("on import", "on reversing")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [(), ("--check",), ("--match", "/"), ("--reverse", "home"), ("--diff", "base.json")],
    ids=["list", "check", "match", "reverse", "diff"],
)
def test_nothing_of_the_applications_gets_into_the_result(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    (folder / "base.json").write_text(run(folder, "--format", "json").stdout)
    done = run(folder, "app.py", *arguments, "--format", "json")
    assert isinstance(json.loads(done.stdout), dict), done.stderr
    for when in WHENS if arguments != ("--match", "/") else WHENS[:1]:
        for how in ("printed", "written", "by descriptor", "by a child"):
            assert f"{how} {when}" in done.stderr


def test_without_standard_error_it_goes_nowhere(folder: Path) -> None:
    command = [sys.executable, "-m", "tornkit", "routes", "app.py", "--format", "json"]
    done = subprocess.run(
        ["sh", "-c", '"$@" 2>&-', "sh", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        check=False,
        timeout=30,
    )
    assert json.loads(done.stdout)["app"] == "app.py:app"


def test_a_thread_that_an_import_has_started_does_not_keep_the_command(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import threading\nimport tornado.web\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "app = tornado.web.Application([('/', tornado.web.RequestHandler)])\n"
    )
    done = run(tmp_path, "app.py", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["routes"]
