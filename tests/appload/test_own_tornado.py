"""A Tornado that stands in the program's own folder is the one that is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tornkit.appload import own_tornado
from tornkit.errors import UnsupportedTornado


def put_tornado(folder: Path, version: str = "6, 5, 0, 0") -> Path:
    """Something that has Tornado's shape; its modules say where they are."""
    package = folder / "tornado"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"version_info = ({version})\n")
    for name in ("web.py", "ioloop.py"):
        (package / name).write_text("where = __file__\n")
    return package


def test_finds_the_one_in_the_programs_folder(tmp_path: Path) -> None:
    assert own_tornado.find(str(tmp_path)) is None
    put_tornado(tmp_path)
    assert own_tornado.find(str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        ("tornado.py",),  # a program of that name
        ("tornado/__init__.py", "tornado/app.py"),  # a package of the user's
        ("tornado/static.css",),
    ],
)
def test_what_has_only_the_name_is_no_tornado(tmp_path: Path, files: tuple[str, ...]) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert own_tornado.find(str(tmp_path)) is None


@pytest.mark.parametrize("version", ["4, 5, 3, 0", "6, 4, 2, 0", "7, 0, 0, 0"])
def test_refuses_a_version_that_cannot_be_served_with(tmp_path: Path, version: str) -> None:
    package = put_tornado(tmp_path, version)
    shown = ".".join(version.split(", ")[:2])
    with pytest.raises(UnsupportedTornado, match=f"{package} is Tornado {shown}, "):
        own_tornado.find(str(tmp_path))


def test_refuses_one_that_stands_first_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = put_tornado(tmp_path / "vendor", "4, 5, 3, 0")
    monkeypatch.syspath_prepend(str(tmp_path / "vendor"))
    with pytest.raises(UnsupportedTornado, match=str(package)):
        own_tornado.find(str(tmp_path))


def test_nothing_else_comes_from_the_programs_folder(tmp_path: Path) -> None:
    package = put_tornado(tmp_path)
    (tmp_path / "secrets.py").write_text("raise RuntimeError('the wrong one')\n")
    lines = [
        "from tornkit.appload import own_tornado",
        f"own_tornado.use({str(tmp_path)!r})",
        "import secrets, sys, tornado.web",
        f"sys.path.insert(0, {str(tmp_path)!r})",  # as for any program
        "print(tornado.web.where, own_tornado.not_used())",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{package / 'web.py'} None\n"


def test_tells_of_one_that_comes_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tornado

    assert own_tornado.not_used() is None
    package = put_tornado(tmp_path / "vendor")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "vendor"), *sys.path])
    said = own_tornado.not_used()
    assert said is not None
    assert f"Tornado 6.5 in {package} is not used" in said
    assert str(Path(tornado.__file__).parent) in said
    assert said.endswith(f"PYTHONPATH={package.parent} before the start")
    # What is behind the one that is used is not what python would take.
    monkeypatch.setattr(sys, "path", [*sys.path[1:], str(tmp_path / "vendor")])
    assert own_tornado.not_used() is None
