"""Whose frames are shown."""

from __future__ import annotations

import asyncio
import importlib
import runpy
from pathlib import Path

import pytest

import tornkit
from tornkit.appload.usertrace import format_user_traceback

OWN = Path(tornkit.__file__).parent
USER = "/home/me/app.py"


def raised_through(*files: str) -> BaseException:
    """An error with one frame a file, outermost first."""
    code = compile("1 / 0", files[-1], "exec")
    names: dict[str, object] = {}
    for filename in reversed(files[:-1]):
        names = {"code": code, "names": names}
        code = compile("exec(code, names)", filename, "exec")
    with pytest.raises(ZeroDivisionError) as caught:
        exec(code, names)
    return caught.value.with_traceback(caught.tb.tb_next)


def shown(error: BaseException) -> list[str]:
    """File names of the frames, outermost first, of causes before what they caused."""
    lines = format_user_traceback(error).splitlines()
    return [line.split('"')[1] for line in lines if line.startswith("  File ")]


MACHINERY = [
    str(OWN / "appload" / "load.py"),
    str(Path(asyncio.__file__).with_name("runners.py")),
    str(Path(importlib.__file__)),
    runpy.__file__,
    "<frozen importlib._bootstrap>",
    "<frozen runpy>",
    "<string>",
]


@pytest.mark.parametrize("machinery", MACHINERY)
def test_machinery_before_the_users_frames_is_cut(machinery: str) -> None:
    error = raised_through(machinery, *MACHINERY, machinery, USER)
    assert shown(error) == [USER]


def test_what_the_users_code_called_is_whole() -> None:
    within = [str(Path(asyncio.__file__).with_name("tasks.py")), "/lib/site-packages/db.py"]
    assert shown(raised_through(MACHINERY[0], USER, *within)) == [USER, *within]


def test_imports_in_the_middle_are_cut() -> None:
    frozen = ["<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"]
    error = raised_through(MACHINERY[0], *frozen, USER, *frozen, "/home/me/core.py")
    assert shown(error) == [USER, "/home/me/core.py"]


def test_ours_are_cut_wherever_they_stand() -> None:
    own = str(OWN / "engine" / "speedups" / "writing.py")
    error = raised_through(own, USER, own, "/lib/site-packages/tornado/web.py", own)
    assert shown(error) == [USER, "/lib/site-packages/tornado/web.py"]


def test_folder_whose_name_begins_like_ours_is_the_users() -> None:
    assert shown(raised_through(f"{OWN}-demo/app.py")) == [f"{OWN}-demo/app.py"]


def test_causes_are_cut_as_well() -> None:
    error = raised_through(MACHINERY[0], USER)
    error.__cause__ = raised_through(MACHINERY[1], "/home/me/cause.py")
    error.__context__ = raised_through(MACHINERY[1], "/home/me/context.py")
    error.__cause__.__context__ = raised_through(MACHINERY[1], "/home/me/before.py")
    assert shown(error) == ["/home/me/before.py", "/home/me/cause.py", USER]


def test_causes_in_a_circle() -> None:
    error = raised_through(USER)
    error.__cause__ = other = raised_through("/home/me/other.py")
    other.__cause__ = error
    assert shown(error)[-1] == USER


def test_nothing_of_the_users_leaves_the_error_alone() -> None:
    text = format_user_traceback(raised_through(MACHINERY[0]))
    assert text.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert OWN.name not in text
