"""Owners of files. Of modules that are loaded: `tests/serve/warm_imports/test_userfiles.py`."""

from __future__ import annotations

import json
import os
import site
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest
import tornado

import tornkit
from tornkit import ownership
from tornkit.ownership import attribute, file_of, installed_folders, is_user_file, standard_folders


@pytest.fixture
def afresh() -> Iterator[None]:
    """Forget what was remembered, before the test and behind it."""
    cached = (ownership.installed_folders, ownership.standard_folders, is_user_file, ownership.real)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


def test_what_is_installed() -> None:
    assert not is_user_file(tornado.__file__)
    assert not is_user_file(tornkit.__file__), "also where it is installed as it is edited"
    assert tornado.__file__.startswith(installed_folders())


def test_the_standard_library() -> None:
    assert not is_user_file(json.__file__)
    assert json.__file__.startswith(standard_folders())
    assert not json.__file__.startswith(installed_folders())


@pytest.mark.parametrize("name", ["<string>", "<frozen importlib._bootstrap>", "<stdin>"])
def test_what_is_no_file_is_no_users(name: str) -> None:
    assert not is_user_file(name)


def test_every_folder_ends_in_a_slash() -> None:
    """A folder whose name begins with theirs is another."""
    folders = installed_folders() + standard_folders()
    assert folders
    assert all(folder.endswith("/") and Path(folder).is_absolute() for folder in folders)
    own = str(Path(tornkit.__file__).resolve().parent)
    assert f"{own}/" in folders
    assert is_user_file(f"{own}-demo/app.py")


def test_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, afresh: None) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_user_file(str(tmp_path / "app.py"))
    assert is_user_file("app.py"), "as python has it in __main__"
    assert is_user_file("")


def test_installed_by_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, afresh: None) -> None:
    """The environment's folder is known by its name and by the place behind it.

    And a link in the project to a file that is installed is not the user's.
    """
    (tmp_path / "real" / "pkg").mkdir(parents=True)
    (tmp_path / "venv").symlink_to("real")
    paths = {**sysconfig.get_paths(), "purelib": str(tmp_path / "venv")}
    monkeypatch.setattr(sysconfig, "get_paths", lambda: paths)
    real = tmp_path.resolve() / "real"
    assert {f"{tmp_path}/venv/", f"{real}/"} <= set(installed_folders())
    assert not is_user_file(f"{tmp_path}/venv/pkg/a.py")
    assert not is_user_file(f"{real}/pkg/a.py")
    (real / "pkg" / "a.py").touch()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").symlink_to(real / "pkg" / "a.py")
    assert not is_user_file(f"{tmp_path}/project/a.py")


def test_the_users_own_site_packages_are_installed(
    monkeypatch: pytest.MonkeyPatch, afresh: None
) -> None:
    """Packages of ``pip install --user`` are, and those in each folder of the interpreter's."""
    monkeypatch.setattr(site, "getusersitepackages", lambda: "/home/me/site")
    monkeypatch.setattr(site, "getsitepackages", lambda: ["/usr/dist", "/usr/local/dist"])
    assert {"/home/me/site/", "/usr/dist/", "/usr/local/dist/"} <= set(installed_folders())


# ---- modules, without a word to them ----


class Lazy(ModuleType):
    """A module that is imported, or fails, when it is asked for anything."""

    def __getattr__(self, name: str) -> NoReturn:
        raise ImportError(name)

    def __getattribute__(self, name: str) -> NoReturn:
        raise ImportError(name)


class Slotted:
    __slots__ = ("__file__",)


def test_an_attribute_of_a_module() -> None:
    module = ModuleType("m")
    module.value = 5  # type: ignore[attr-defined]
    assert attribute(module, "value") == 5
    assert attribute(module, "other") is None
    assert attribute(module, "__class__") is None, "its class's are none of its own"


def test_a_module_is_not_woken() -> None:
    lazy = Lazy("lazy")
    assert attribute(lazy, "value") is None
    assert attribute(lazy, "__name__") == "lazy"
    assert file_of(lazy) is None


@pytest.mark.parametrize(
    "thing", [None, 5, object(), Slotted()], ids=["none", "number", "object", "slots"]
)
def test_what_is_no_module_has_none(thing: object) -> None:
    """A program may put anything into ``sys.modules``."""
    assert attribute(thing, "__file__") is None
    assert file_of(thing) is None


@pytest.mark.parametrize(
    ("file", "expected"), [("/a.py", "/a.py"), (None, None), (Path("/a.py"), None), (5, None)]
)
def test_the_file_of_a_module(file: object, expected: str | None) -> None:
    module = ModuleType("m")
    module.__file__ = file  # type: ignore[assignment]
    assert file_of(module) == expected
    assert file_of(os) == os.__file__
