"""A program's own modules under names that tornkit has imported, in real processes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
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


# Imports in a function that need no `library_names`, and why.
BY_PLAIN_NAMES = {
    ("tornkit.appload.locate", "difflib"): "none of the program's code has run",
    ("tornkit.engine.loops", "uvloop"): "none of the program's code has run",
    ("tornkit.serve.worker.signals", "pdb"): "the program has asked for it, as without us",
    ("tornkit.linux", "tempfile"): "the supervisor's, which runs no code of the program",
}


def test_nothing_is_imported_late_by_a_name_that_a_program_can_take() -> None:
    """In the middle of a program ``import decimal`` gives the program's own, if it has one."""
    script = (
        "import sys, tornkit.serve.worker.entry, tornkit.serve.zygote.zygote; print(*sys.modules)"
    )
    loaded = set(subprocess.check_output([sys.executable, "-c", script], text=True).split())
    late = set()
    for name in sorted(each for each in loaded if each.partition(".")[0] == "tornkit"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        for imported in late_imports(ast.parse(Path(spec.origin).read_text())):
            if imported not in loaded:
                late.add((name, imported))
    # Some Pythons have loaded one of them already.
    assert late == {each for each in BY_PLAIN_NAMES if each[1] not in loaded}


def late_imports(tree: ast.AST, *, in_function: bool = False) -> Iterator[str]:
    """Modules that are imported in functions, but for those within ``with library_names()``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.With) and "library_names()" in map(ast.unparse, node.items):
            continue
        if in_function and isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif in_function and isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from late_imports(node, in_function=in_function or is_function)
