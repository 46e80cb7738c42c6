"""Which frames stay in a traceback."""

from __future__ import annotations

import traceback

import pytest

from tornkit.own_frames import FOLDER, hide_own_frames

OWN = f"{FOLDER}engine/speedups/body.py"


def raised(code: str, *files: str) -> BaseException:
    """An error of ``code``, called from the files in turn, outermost first; this one's are cut."""
    compiled = compile(code, files[-1], "exec")
    names: dict[str, object] = {}
    for file in reversed(files[:-1]):
        names = {"code": compiled, "names": names}
        compiled = compile("exec(code, names)", file, "exec")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the code raises
        exec(compiled, names)
    return caught.value.with_traceback(caught.tb.tb_next)


def files(error: BaseException) -> list[str]:
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]


def test_before_between_and_behind() -> None:
    error = raised("1 / 0", OWN, OWN, "/me/a.py", OWN, "/lib/b.py", OWN)
    hide_own_frames(error)
    assert files(error) == ["/me/a.py", "/lib/b.py"]


def test_none_of_ours() -> None:
    error = raised("1 / 0", "/me/a.py", "/lib/b.py")
    hide_own_frames(error)
    assert files(error) == ["/me/a.py", "/lib/b.py"]


def test_none_but_ours_stay() -> None:
    error = raised("1 / 0", OWN, OWN)
    hide_own_frames(error)
    assert files(error) == [OWN, OWN]


def test_folder_that_begins_like_ours() -> None:
    name = f"{FOLDER.rstrip('/')}-demo/app.py"
    error = raised("1 / 0", OWN, name)
    hide_own_frames(error)
    assert files(error) == [name]


def test_causes_and_circles() -> None:
    error, cause, context = (raised("1 / 0", OWN, f"/me/{name}.py") for name in "abc")
    error.__cause__, cause.__context__, context.__context__ = cause, context, error
    hide_own_frames(error)
    assert [files(each) for each in (error, cause, context)] == [
        ["/me/a.py"],
        ["/me/b.py"],
        ["/me/c.py"],
    ]
