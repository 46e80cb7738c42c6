"""A program's own modules under names that tornkit has imported, in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tornkit
from tornkit.serve.wire.processes import command

NAMES = ("secrets", "queue", "token", "random", "hmac", "tempfile", "uuid", "selectors", "signal")
APP = """\
import secrets, queue, json
from tornado.web import Application, RequestHandler
assert secrets.OWN and queue.OWN
assert not hasattr(json, "OWN")


class Main(RequestHandler):
    pass


def make_app():
    return Application([("/", Main)])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "email").mkdir(parents=True)
    (folder / "email" / "__init__.py").write_text("OWN = True\n")
    for name in NAMES:
        (folder / f"{name}.py").write_text("OWN = True\n")
    (folder / "app.py").write_text(APP)
    return folder


def run(words: list[str], folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(folder), str(Path(tornkit.__file__).parents[1]))),
    }
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=30
    )


def test_routes_of_a_program_beside_them(project: Path) -> None:
    """``-m`` and PYTHONPATH put the folder first, before anything is imported."""
    done = run([sys.executable, "-m", "tornkit", "routes", "app.py"], project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "app.py:" in done.stdout


@pytest.mark.parametrize("role", ["zygote", "worker", "standby"])
def test_no_process_imports_them_for_itself(project: Path, role: str) -> None:
    """Nor keeps the library's in the way of the program's."""
    words = command(role, 0)
    bootstrap = words[3].replace(
        "main(int(sys.argv[2]))",
        f"""
    kept = [sys.modules.get(name) for name in {NAMES!r}]
    assert not any(hasattr(module, "OWN") for module in kept), kept
    from tornkit.appload.shadowing import put_first
    put_first({str(project)!r}, "app")
    import secrets, queue, email, selectors
    assert all(module.OWN for module in (secrets, queue, email, selectors))
    import tornado.web, asyncio
    asyncio.run(asyncio.sleep(0))
""".strip(),
    )
    done = run([*words[:3], bootstrap, *words[4:]], project)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_python_has_at_its_start_stays(tmp_path: Path) -> None:
    for name in ("codecs", "site", "os", "sys", "encodings"):
        (tmp_path / f"{name}.py").write_text("OWN = True\n")
    script = f"""\
import sys
from tornkit.appload.shadowing import give_way
give_way({str(tmp_path)!r})
import codecs, site, os, encodings
assert not any(hasattr(module, "OWN") for module in (codecs, site, os, encodings))
"""
    done = run([sys.executable, "-P", "-c", script], Path(tornkit.__file__).parents[1])
    assert (done.returncode, done.stderr) == (0, "")
