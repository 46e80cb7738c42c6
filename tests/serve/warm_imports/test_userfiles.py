"""Which loaded modules count as the user's own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import NoReturn

import pytest

from tornkit import ownership
from tornkit.serve.warm_imports import userfiles
from tornkit.serve.warm_imports.userfiles import (
    folders_of,
    is_standard,
    is_user_module,
    other_modules,
    user_files,
)


class Loaded(dict[str, object]):
    """``sys.modules`` as `user_files` sees it."""

    def add(self, name: str, file: object) -> None:
        module = ModuleType(name)
        module.__file__ = file  # type: ignore[assignment]
        self[name] = module


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Only what the test loads, beside what is there for every one."""
    kept = ("sys", "json", "json.decoder", "tornado", "tornado.web", "tornkit", "pytest")
    loaded = Loaded({name: importlib.import_module(name) for name in kept})
    monkeypatch.setattr(userfiles, "sys", SimpleNamespace(modules=loaded))
    return loaded


def test_the_projects_files_and_no_others(loaded: Loaded, tmp_path: Path) -> None:
    for name in ("app.py", "pkg/__init__.py", "pkg/views.py"):
        loaded.add(name, str(tmp_path / name))
    assert user_files() == {
        str((tmp_path / name).resolve()) for name in ("app.py", "pkg/__init__.py", "pkg/views.py")
    }


def test_installed_and_standard_modules_are_not(loaded: Loaded) -> None:
    assert {"json", "tornado.web", "tornkit"} <= loaded.keys()
    assert user_files() == set()


def test_what_has_no_python_file(loaded: Loaded, tmp_path: Path) -> None:
    loaded.add("extension", str(tmp_path / "fast.so"))
    loaded.add("namespace", None)
    loaded.add("odd", 5)
    loaded["none"] = None
    loaded["object"] = object()
    assert user_files() == set()


def test_paths_are_real_and_absolute(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "app.py").touch()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    loaded.add("by_link", str(tmp_path / "link" / "app.py"))
    loaded.add("relative", "real/app.py")
    assert user_files() == {str((tmp_path / "real" / "app.py").resolve())}


def test_a_folder_whose_name_only_begins_alike(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whose a file is, is remembered: what is installed stays so, also for tests that come later.
    folders = (*ownership.installed_folders(), f"{tmp_path.resolve()}/site-packages/")
    monkeypatch.setattr(ownership, "installed_folders", lambda: folders)
    loaded.add("mine", str(tmp_path / "site-packages-of-mine" / "a.py"))
    loaded.add("theirs", str(tmp_path / "site-packages" / "b.py"))
    assert user_files() == {str(tmp_path.resolve() / "site-packages-of-mine" / "a.py")}


def test_modules_are_not_asked(loaded: Loaded) -> None:
    """Some put code there that imports what may not be installed, or is not wanted yet."""

    class Lazy(ModuleType):
        def __getattr__(self, name: str) -> NoReturn:
            raise ImportError(name)

    lazy = Lazy("lazy")
    loaded["lazy"] = lazy
    assert user_files() == set()


def test_a_module_that_loads_when_it_is_used_is_left_asleep(loaded: Loaded, tmp_path: Path) -> None:
    file = tmp_path / "asleep.py"
    file.write_text("raise AssertionError('loaded')")
    spec = importlib.util.spec_from_file_location("asleep", file)
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    loaded["asleep"] = module
    loader.exec_module(module)
    assert user_files() == {str(file.resolve())}


# ---- whose a module is ----


def test_the_standard_library_is_told_from_what_is_installed() -> None:
    import sys as built_in
    from json import decoder

    import tornado.web

    assert is_standard(decoder)
    assert is_standard(built_in)
    assert not is_standard(tornado.web)
    assert not is_standard(pytest)


def test_the_users_own(tmp_path: Path) -> None:
    own = ModuleType("own")
    assert not is_user_module(own)
    own.__file__ = str(tmp_path / "own.so")
    assert is_user_module(own)
    assert not is_standard(own)
    own.__file__ = "<frozen own>"
    assert not is_user_module(own)
    assert not is_user_module(pytest)


def test_other_modules_are_in_the_order_of_import(loaded: Loaded, tmp_path: Path) -> None:
    loaded.add("own", str(tmp_path / "own.py"))
    loaded["alias"] = loaded["json"]
    loaded["__main__"] = loaded["pytest"]
    loaded["none"] = None
    assert other_modules() == (
        "json",
        "json.decoder",
        "tornado",
        "tornado.web",
        "tornkit",
        "pytest",
    )


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, []),
        ({"template_path": None, "static_path": ""}, []),
        ({"template_path": "a", "static_path": Path("b")}, ["a", "b"]),
        # As Jupyter's, whose handlers look in one after the other.
        ({"template_path": ["a", Path("b")], "static_path": ("c", "a")}, ["a", "b", "c"]),
        ({"template_path": object(), "static_path": [None, 3, b"x", "c"]}, ["c"]),
    ],
)
def test_an_application_may_name_one_folder_or_several(
    settings: dict[str, object], names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folders_of(settings) == {str(tmp_path.resolve() / name) for name in names}


def test_modules_are_found_while_another_thread_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    class Importing:
        """What a name is compared with, and a module more meanwhile, once."""

        def __eq__(self, name: object) -> bool:
            sys.modules.setdefault("imported_meanwhile", ModuleType("imported_meanwhile"))
            return False

        __hash__ = None  # type: ignore[assignment]

    monkeypatch.setitem(sys.modules, "imported_meanwhile", ModuleType("imported_meanwhile"))
    monkeypatch.delitem(sys.modules, "imported_meanwhile")
    monkeypatch.setattr(userfiles, "_held_at_birth", Importing())
    assert "imported_meanwhile" in userfiles.own_modules()
