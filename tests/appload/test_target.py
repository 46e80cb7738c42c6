"""Properties of a target. An application that turns out to be a program: `test_locate`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tornkit.appload.target import Kind, Target

APPLICATION = Target(Kind.APPLICATION, "app", "/x", "/x", module="app", attribute="app")


def program(argv0: str | None, path: str | None = "/x/app.py") -> Target:
    return Target(Kind.PROGRAM, "app.py", "/x", "/x", path=path, argv0=argv0)


def test_kinds() -> None:
    assert program(None).is_program
    assert not APPLICATION.is_program


def test_a_file_by_its_path() -> None:
    assert program(None).main_file == "/x/app.py"


@pytest.mark.parametrize("argv0", ["app.py", "./app.py", "../here/app.py"])
def test_as_typed_in_the_current_folder(here: Path, argv0: str) -> None:
    """The name is not made shorter: it is ``__file__``, and Python leaves it so."""
    assert program(argv0).main_file == f"{here}/{argv0}"


def test_as_typed_where_that_is_absolute(here: Path) -> None:
    assert program("/current/app.py").main_file == "/current/app.py"


def test_a_link_leads_to_the_next_release(here: Path) -> None:
    """The path was found when the server started; the name is looked up at each start."""
    for number in (1, 2):
        (here / str(number)).mkdir()
        (here / str(number) / "app.py").write_text(f"{number}")
    (here / "current").symlink_to("1")
    target = program("current/app.py", path=str(here / "1" / "app.py"))
    (here / "current").unlink()
    (here / "current").symlink_to("2")
    assert target.main_file is not None
    assert Path(target.main_file).read_text() == "2"


def test_a_current_folder_that_was_removed(here: Path) -> None:
    shutil.rmtree(here)
    assert program("app.py").main_file == "/x/app.py"
    assert program("app.py", path=None).main_file is None


def test_what_is_no_file_has_none() -> None:
    assert APPLICATION.main_file is None
    assert program(None, path=None).main_file is None
