"""Work that is done once: told by a real stack, taken while it is under way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tornkit.serve.blocking.causes import Cause, cause_of
from tornkit.serve.blocking.dumps import stack_of

TAKE = """
import faulthandler, io, sys, tempfile
import tornado.template
def take(*arguments):
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=False)
        file.seek(0)
        sys.stdout.write(file.read())
        sys.stdout.flush()
"""
WORK = {
    Cause.CODE: "take()",
    Cause.TEMPLATE: (
        "tornado.template._parse = take\n"
        "try:\n    tornado.template.DictLoader({'a': ''}).load('a')\nexcept Exception: pass"
    ),
    Cause.IMPORT: "sys.modules['shared'] = sys.modules['__main__']\nimport slow",
}


@pytest.mark.parametrize("cause", Cause)
def test_the_stack_of_each(tmp_path: Path, cause: Cause) -> None:
    (tmp_path / "slow.py").write_text("import shared\nshared.take()\n")
    (tmp_path / "main.py").write_text(TAKE + WORK[cause])
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    stack = stack_of(done.stdout)
    assert stack, done
    assert cause_of(stack) is cause


def test_a_rendered_page_is_code() -> None:
    """Its template was compiled before."""
    dump = 'Stack:\n  File "x/tornado/template.py", line 384 in generate\n'
    assert cause_of(stack_of(dump)) is Cause.CODE
