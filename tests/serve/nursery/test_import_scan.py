"""What an application will import, read from files that are not run."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from tornkit.appload.target import Kind, Target
from tornkit.serve.nursery import import_scan
from tornkit.serve.nursery.import_scan import foresee

Write = Callable[..., Target]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a project, and says what is to be served of it."""
    installed = tmp_path / "site-packages"
    monkeypatch.setattr(import_scan, "installed_folders", lambda: (f"{installed}{os.sep}",))
    for name in ("parcel", "box/__init__", "box/lid", "grpc/__init__"):
        path = installed / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise AssertionError('it is run')")
    (installed / f"native{EXTENSION_SUFFIXES[0]}").touch()
    root = tmp_path / "project"

    def write(app: str, **files: str) -> Target:
        for name, text in {"app": app, **files}.items():
            path = root.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        path = root / "app.py"
        return Target(Kind.APPLICATION, "app", str(root), str(root), module="app", path=str(path))

    return write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import parcel", ("parcel",)),
        ("import box.lid as lid, parcel", ("box.lid", "parcel")),
        ("from box import lid, Box", ("box", "box.lid")),
        ("import native", ("native",)),
        ("try:\n    import parcel\nexcept ImportError:\n    import box", ("parcel",)),
        ("if slow:\n    import parcel", ()),
        ("def make_app():\n    import parcel", ()),
        ("import os, no_such, tornado.web, tornkit\nfrom box import *", ("box",)),
        ("import grpc", ()),  # never warm
        ("import parcel\nthis is no Python", ()),
    ],
)
def test_what_is_imported_for_sure(write: Write, text: str, expected: tuple[str, ...]) -> None:
    assert foresee(write(text)) == expected


def test_through_the_users_own_files(write: Write) -> None:
    target = write(
        "import handlers\nfrom lib import tools, more\n",
        handlers="import parcel, app\n",
        lib____init__="from . import first\n",
        lib__first="import box\n",
        lib__tools="from .first import Tool\nfrom ..above import x\n",
        lib__more="import native, broken\n",
        broken="(",
    )
    assert sorted(foresee(target)) == ["box", "native", "parcel"]


def test_the_users_own_comes_first(write: Write) -> None:
    assert foresee(write("import parcel", parcel="import box")) == ("box",)


def test_a_package_that_is_run(write: Write, tmp_path: Path) -> None:
    write("", shop____init__="", shop____main__="import parcel\n")
    (tmp_path / "project" / "shop" / "__main__.py").write_text("from .till import x")
    (tmp_path / "project" / "shop" / "till.py").write_text("import box")
    root = str(tmp_path / "project")
    assert foresee(Target(Kind.PROGRAM, "-m shop.__main__", root, root, "shop.__main__")) == (
        "box",
    )


def test_a_large_project_is_not_read_to_its_end(write: Write) -> None:
    many = {f"part{number}": f"import part{number + 1}" for number in range(200)}
    assert foresee(write("import part0", **many, part200="import parcel")) == ()
    long = "x = 1\n" * (import_scan._MOST_BYTES // 6 + 1)
    assert foresee(write("import long", long=f"import box\n{long}")) == ()


def test_nothing_to_read(write: Write, tmp_path: Path) -> None:
    target = write("import parcel")
    (tmp_path / "project" / "app.py").unlink()
    assert foresee(target) == ()
