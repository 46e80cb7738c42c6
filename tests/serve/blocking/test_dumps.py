"""What `faulthandler` writes of a thread, read back."""

from __future__ import annotations

import faulthandler
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tornkit.serve.blocking.dumps import Frame, stack_of

DUMP = """\
Stack (most recent call first):
  File "/a folder/an "app".py", line 31 in <lambda>
  File "/a folder/app.py", line 7 in get
  File "<frozen runpy>", line 88 in _run_code
"""


def test_the_innermost_frame_is_first() -> None:
    assert stack_of(DUMP) == [
        Frame('/a folder/an "app".py', 31, "<lambda>"),
        Frame("/a folder/app.py", 7, "get"),
        Frame("<frozen runpy>", 88, "_run_code"),
    ]


@pytest.mark.parametrize("dump", ["", "no dump\nat all", "Stack (most recent call first):\n"])
def test_none_was_written(dump: str) -> None:
    assert stack_of(dump) == []


@pytest.mark.parametrize(
    "dump",
    [
        f"{DUMP}  ...\n",
        f"{DUMP}  <invalid frame>\n",
        "Stack (most recent call first):\n" + '  File "app.py", line 5 in deep\n' * 100,
    ],
    ids=["said", "in the middle of a call", "as Python 3.14 leaves it"],
)
def test_one_that_was_cut_may_lack_the_users_frames(dump: str) -> None:
    assert stack_of(dump) == []


def written(function: Any) -> str:
    with tempfile.TemporaryFile("w+") as file:
        function(file)
        file.seek(0)
        return file.read()


def größe(file: Any) -> None:
    faulthandler.dump_traceback(file, all_threads=False)


def test_what_this_python_writes() -> None:
    innermost, outer, *_ = stack_of(written(größe))
    assert innermost.function == "größe"
    assert outer.function == "written"
    assert Path(innermost.file).samefile(__file__)


@pytest.mark.parametrize("name", ["\xe9", "\u65e5", "\U0001f40d"])
def test_names_that_are_not_ascii(name: str) -> None:
    function = name if name.isidentifier() else "f"
    made: dict[str, Any] = {"dump": größe}
    exec(compile(f"def {function}(file): dump(file)", name, "exec"), made)
    assert stack_of(written(made[function]))[1] == Frame(name, 1, function)
