"""Bytecode of a source that may still be saved again within its second is not kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

IMPORT = """\
import sys
from tornkit.serve.sources.bytecode import cache_only_settled_sources
cache_only_settled_sources()
import module
print(module.WORD)
"""


def run(folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
    environment["PYTHONPATH"] = str(folder)
    done = subprocess.run(
        [sys.executable, "-c", IMPORT],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()


def save(folder: Path, word: str, saved_at: float) -> None:
    path = folder / "module.py"
    path.write_text(f"WORD = {word!r}\n")
    os.utime(path, (saved_at, saved_at))


@pytest.mark.parametrize(("age", "kept"), [(3600, True), (3, True), (0, False), (-60, False)])
def test_what_is_kept(tmp_path: Path, age: float, kept: bool) -> None:
    save(tmp_path, "old", time.time() - age)
    assert run(tmp_path) == "old"
    assert (tmp_path / "__pycache__").exists() == kept


def test_two_saves_of_one_length_in_one_second(tmp_path: Path) -> None:
    now = time.time()
    save(tmp_path, "one", now)
    assert run(tmp_path) == "one"
    save(tmp_path, "two", now)
    assert run(tmp_path) == "two"
