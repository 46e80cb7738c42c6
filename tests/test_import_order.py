"""Order of ``sys.path`` while tornkit imports modules for itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tornkit import import_order
from tornkit.import_order import as_python_has_it, library_first

LIBRARY = str(Path(os.__file__).parent)
ZIP = str(Path(LIBRARY).parent / "python311.zip")
DYNLOAD = f"{LIBRARY}/lib-dynload"
SITE, DIST = "/venv/lib/python3.11/site-packages", "/usr/lib/python3/dist-packages"


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """``sys.path``, in a process that has not asked for any order."""
    monkeypatch.setattr(import_order, "_before", None)
    path: list[str] = []
    monkeypatch.setattr(sys, "path", path)
    return path


def ordered(*folders: str) -> list[str]:
    sys.path[:] = folders
    library_first()
    found = sys.path[:]
    as_python_has_it()
    assert sys.path == list(folders)
    return found


def test_a_users_folder_goes_last() -> None:
    assert ordered("/project", "/pythonpath", ZIP, LIBRARY, DYNLOAD, SITE) == [
        *(ZIP, LIBRARY, DYNLOAD, SITE),
        *("/project", "/pythonpath"),
    ]


def test_installed_packages_are_behind_the_library() -> None:
    """A package may have a module of the library's name: a backport, say."""
    assert ordered(DIST, "", SITE, LIBRARY) == [LIBRARY, DIST, SITE, ""]


def test_among_equals_the_order_stays() -> None:
    assert ordered("/b", SITE, "/a", DYNLOAD, LIBRARY) == [DYNLOAD, LIBRARY, SITE, "/b", "/a"]


@pytest.mark.parametrize(
    "folder",
    [
        "/project/python311.zip",  # not beside the library
        f"{LIBRARY}/json",
        f"{LIBRARY}-of-mine",
        "/project/site-packages/src",
        str(Path(LIBRARY).parent),
    ],
)
def test_folders_that_only_look_like_the_librarys(folder: str) -> None:
    assert ordered(folder, SITE, LIBRARY) == [LIBRARY, SITE, folder]


def test_asked_twice_the_first_order_is_kept(path: list[str]) -> None:
    path[:] = ["/project", LIBRARY]
    library_first()
    path.append("/added")
    library_first()
    assert path == [LIBRARY, "/project", "/added"]
    as_python_has_it()
    assert path == ["/project", LIBRARY]


def test_python_s_own_order_is_given_back_once(path: list[str]) -> None:
    """Folders that the user's code adds from then on stay, in the list that others hold."""
    path[:] = ["/project", LIBRARY]
    as_python_has_it()
    assert path == ["/project", LIBRARY], "there was nothing to undo"
    library_first()
    as_python_has_it()
    path.insert(0, "/theirs")
    as_python_has_it()
    assert path == ["/theirs", "/project", LIBRARY]
    assert sys.path is path
