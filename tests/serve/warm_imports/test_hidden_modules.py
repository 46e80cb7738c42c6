"""Reasons why a module that is out of sight would be another by now, one by one.

That a program gets what a plain import gives, in real processes: `test_warm_modules`.
"""

from __future__ import annotations

import importlib
import locale
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tornkit.serve.warm_imports.hidden_modules import TAKEN, HiddenModules
from tornkit.serve.warm_imports.import_inputs import Inputs
from tornkit.serve.warm_imports.warm_modules import WarmModules


class Scene:
    """Modules of a folder of installed packages that a zygote has imported and hidden."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installed = folder / "installed"
        self.installed.mkdir()
        sys.path.insert(0, str(self.installed))
        self.modules: dict[str, ModuleType] = {}
        self.warm = WarmModules()

    def module(self, name: str, *, has_file: bool = True) -> ModuleType:
        """A module that was imported from a file, or a package without any."""
        path = self.installed / (f"{name}.py" if has_file else name)
        path.touch() if has_file else path.mkdir()
        module = self.modules[name] = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None, origin=str(path) if has_file else None)
        module.__file__ = str(path) if has_file else None
        return module

    def hide(self, **inputs: Inputs) -> HiddenModules:
        """Hide them, with what they have read; others of those names have read nothing."""
        for name in inputs:
            if name not in self.modules:
                self.module(name)
        before = set(sys.modules)
        sys.modules.update(self.modules)
        self.warm.hide(before, inputs)
        self.warm.begin()
        return self.warm

    def differences(self, *names: str) -> dict[str, str]:
        """Differences of some of them, or all."""
        order = list(self.modules)
        mask = sum(1 << order.index(name) for name in names or order)
        return self.warm.differences(mask)

    def put(self, name: str, place: int) -> Path:
        """A folder of the program's that has this name, put on ``sys.path``."""
        folder = self.folder / f"own{place}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
        sys.path.insert(place if place >= 0 else len(sys.path), str(folder))
        importlib.invalidate_caches()
        return folder


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    monkeypatch.setattr(sys, "path_hooks", sys.path_hooks[:])
    for name in ("COLOUR", "SHAPE", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    made = Scene(tmp_path)
    before = sys.modules.copy()
    yield made
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]
    sys.modules.update(before)


def test_what_is_out_of_sight(scene: Scene) -> None:
    module = scene.module("calm")
    scene.module("rests")
    assert len(scene.warm) == 0
    warm = scene.hide()
    assert len(warm) == 2
    assert "calm" not in sys.modules
    assert warm.held("calm") is module
    assert warm.held("json") is sys.modules.get("json")
    assert warm.held("no_such_module") is None
    assert scene.differences() == {}


# ---- what it has read ----


class TestVariables:
    @pytest.mark.parametrize(
        ("read", "now", "differs"),
        [
            (None, None, False),
            (None, "red", True),
            ("red", "red", False),
            ("red", "blue", True),
            ("red", None, True),
            ("", None, True),
        ],
    )
    def test_one(
        self,
        scene: Scene,
        monkeypatch: pytest.MonkeyPatch,
        read: str | None,
        now: str | None,
        differs: bool,
    ) -> None:
        scene.hide(asks=Inputs(variables={"COLOUR": read}), calm=Inputs())
        if now is not None:
            monkeypatch.setenv("COLOUR", now)
        expected = {"asks": "depends on the variable COLOUR"} if differs else {}
        assert scene.differences() == expected
        assert scene.differences("calm") == {}, "it was not asked for"

    def test_one_that_was_set_by_a_module_before_it(self, scene: Scene) -> None:
        """The variable is not set by now, but would be."""
        reads = Inputs(variables={"SHAPE": "round"})
        scene.hide(sets=Inputs(sets={"SHAPE": "round"}), reads=reads, again=reads)
        assert scene.differences() == {}
        assert scene.differences("reads") == {"reads": "depends on the variable SHAPE"}

    def test_one_that_was_removed_by_a_module_before_it(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SHAPE", "round")
        reads = Inputs(variables={"SHAPE": None})
        scene.hide(removes=Inputs(variables={"SHAPE": "round"}, sets={"SHAPE": None}), reads=reads)
        assert scene.differences() == {}
        assert scene.differences("reads") == {"reads": "depends on the variable SHAPE"}

    def test_all_that_are_left_where_a_module_before_it_has_removed_one(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SHAPE", "round")
        rest = {name: value for name, value in os.environ.items() if name != "SHAPE"}
        scene.hide(
            removes=Inputs(variables={"SHAPE": "round"}, sets={"SHAPE": None}),
            copies=Inputs(environment=rest),
        )
        assert scene.differences() == {}

    def test_one_that_is_set_behind_it(self, scene: Scene) -> None:
        """The order of the imports counts: it had not been set by then."""
        scene.hide(reads=Inputs(variables={"SHAPE": None}), sets=Inputs(sets={"SHAPE": "round"}))
        assert scene.differences() == {}

    def test_all_of_them(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        reason = {"copies": "depends on the whole environment"}
        copied = {**os.environ, "SHAPE": "round"}
        scene.hide(sets=Inputs(sets={"SHAPE": "round"}), copies=Inputs(environment=copied))
        assert scene.differences() == {}
        assert scene.differences("copies") == reason
        monkeypatch.setenv("COLOUR", "red")
        assert scene.differences() == reason

    @pytest.mark.parametrize("before", [None, "4"])
    def test_one_that_c_code_reads(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch, before: str | None
    ) -> None:
        """Changes since the start count, for nothing was recorded of C code."""
        if before is not None:
            monkeypatch.setenv("OMP_NUM_THREADS", before)
        scene.hide(fast=Inputs(in_c=True), calm=Inputs(locale=True))
        assert scene.differences() == {}
        monkeypatch.setenv("COLOUR", "red")
        assert scene.differences() == {}
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        reason = {"fast": "may depend on the variable OMP_NUM_THREADS"}
        assert scene.differences() == reason
        monkeypatch.delenv("OMP_NUM_THREADS")
        assert scene.differences() == ({} if before is None else reason)


class TestFiles:
    def test_a_file(self, scene: Scene) -> None:
        file = scene.folder / "settings"
        scene.hide(reads=Inputs(files={str(file)}))
        assert scene.differences() == {}
        file.touch()
        assert scene.differences() == {"reads": f"depends on {file}"}

    def test_a_folder_that_was_listed_and_one_that_was_looked_for(self, scene: Scene) -> None:
        folder = scene.folder / "plugins"
        folder.mkdir()
        scene.hide(lists=Inputs(folders={str(folder)}), looks=Inputs(files={str(folder)}))
        assert scene.differences() == {}
        (folder / "one.py").touch()
        os.utime(folder, ns=(1, 1))
        assert scene.differences() == {"lists": f"depends on {folder}"}

    def test_the_current_folder(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(scene.folder)
        scene.hide(asks=Inputs(current_folder=str(scene.folder)), calm=Inputs(locale=True))
        assert scene.differences() == {}
        gone = scene.folder / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        assert scene.differences() == {"asks": "depends on the current folder"}
        gone.rmdir()
        assert scene.differences() == {"asks": "depends on the current folder"}

    def test_the_packages_on_the_path(self, scene: Scene) -> None:
        """A folder that brings modules alone is no other answer to who asks for packages."""
        scene.hide(asks=Inputs(distributions=True))
        folder = scene.put("own.py", -1)
        assert scene.differences() == {}
        (folder / "x-1.0.dist-info").mkdir()
        assert scene.differences() == {"asks": "depends on the packages on sys.path"}


class TestTheRest:
    def test_the_locale(self, scene: Scene) -> None:
        before = locale.setlocale(locale.LC_ALL)
        try:
            locale.setlocale(locale.LC_ALL, "C")
            scene.hide(formats=Inputs(locale=True), calm=Inputs(filters=True))
            assert scene.differences() == {}
            locale.setlocale(locale.LC_ALL, "C.UTF-8")
            assert scene.differences() == {"formats": "depends on the locale"}
        finally:
            locale.setlocale(locale.LC_ALL, before)

    def test_filters_of_warnings(self, scene: Scene) -> None:
        with warnings.catch_warnings():
            scene.hide(warns=Inputs(filters=True), calm=Inputs(locale=True))
            assert scene.differences() == {}
            warnings.simplefilter("error", BytesWarning)
            assert scene.differences() == {"warns": "depends on warnings filters"}

    def test_the_class_of_loggers(self, scene: Scene) -> None:
        class Own(logging.Logger):
            pass

        scene.hide(logs=Inputs(loggers=[logging.Logger("tk")]), calm=Inputs())
        assert scene.differences() == {}
        before = logging.getLoggerClass()
        logging.setLoggerClass(Own)
        try:
            assert scene.differences() == {"logs": "depends on the class of loggers"}
            assert scene.differences("calm") == {}
        finally:
            logging.setLoggerClass(before)

    def test_the_first_reason_is_told(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        file = scene.folder / "settings"
        inputs = Inputs(variables={"COLOUR": None}, files={str(file)}, locale=True)
        scene.hide(reads=inputs)
        file.touch()
        assert scene.differences() == {"reads": f"depends on {file}"}
        monkeypatch.setenv("COLOUR", "red")
        assert scene.differences() == {"reads": "depends on the variable COLOUR"}
        sys.modules["reads"] = ModuleType("reads")
        assert scene.differences() == {"reads": "is replaced in sys.modules"}


# ---- names that lead to something else ----


def imports(*names: str, missing: str = "") -> Inputs:
    return Inputs(imports=dict.fromkeys(names), missing={missing} - {""})


class TestNames:
    def test_a_module_that_is_replaced(self, scene: Scene) -> None:
        scene.hide(calm=Inputs(), other=Inputs())
        sys.modules["calm"] = ModuleType("calm")
        assert scene.differences() == {"calm": "is replaced in sys.modules"}
        assert scene.differences("other") == {}

    def test_one_that_was_not_there(self, scene: Scene) -> None:
        tries = imports(missing="faster")
        scene.hide(one=tries, two=tries, calm=Inputs())
        assert scene.differences() == {}
        sys.modules["faster"] = ModuleType("faster")
        reason = "depends on whether there is faster"
        assert scene.differences() == {"one": reason, "two": reason}
        assert scene.differences("two", "calm") == {"two": reason}

    def test_one_that_has_come_into_sight(self, scene: Scene) -> None:
        """A module in sight is in `sys.modules` as it should be, and will not be found again."""
        scene.hide(calm=Inputs(), other=Inputs())
        scene.warm.show("calm")
        hook: Any = Hook("calm")
        sys.meta_path.insert(0, hook)
        assert (scene.differences(), hook.asked) == ({}, [("other", None)])

    def test_one_in_sight_from_the_start(self, scene: Scene) -> None:
        """A module of the library's that was loaded before, and that the program has replaced."""
        beneath = ModuleType("tk_beneath")
        sys.modules["tk_beneath"] = beneath
        scene.hide(one=imports("tk_beneath"), two=imports("tk_beneath"), calm=Inputs())
        assert scene.differences() == {}
        reason = "would import another tk_beneath"
        sys.modules["tk_beneath"] = ModuleType("tk_beneath")
        assert scene.differences() == {"one": reason, "two": reason}
        assert scene.differences("two", "calm") == {"two": reason}
        del sys.modules["tk_beneath"]
        assert scene.differences("one") == {"one": reason}
        sys.modules["tk_beneath"] = beneath
        assert scene.differences() == {}


class Hook:
    """An import hook of the program's, which finds one module."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.asked: list[tuple[str, object]] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        self.asked.append((name, path))
        if self._name == "raises":
            raise ZeroDivisionError
        return ModuleSpec(name, None) if name == self._name else None


class TestHooks:
    def test_one_before_the_others(self, scene: Scene) -> None:
        scene.hide(calm=Inputs(), other=Inputs())
        hook: Any = Hook("calm")
        sys.meta_path.insert(0, hook)
        assert scene.differences() == {"calm": "is found by Hook, an import hook"}
        assert hook.asked == [("calm", None), ("other", None)]
        assert scene.differences("other") == {}

    def test_with_the_folder_of_the_package_around_it(self, scene: Scene) -> None:
        scene.module("pkg").__path__ = ["/pkg"]
        scene.hide(**{"pkg.part": Inputs()})
        hook: Any = Hook("")
        sys.meta_path.insert(0, hook)
        assert scene.differences() == {}
        assert hook.asked == [("pkg", None), ("pkg.part", ["/pkg"])]

    def test_one_that_fails(self, scene: Scene) -> None:
        """The program's own import will tell."""
        scene.hide(calm=Inputs())
        failing: Any = Hook("raises")
        sys.meta_path.insert(0, failing)
        assert scene.differences() == {"calm": "is found by Hook, an import hook"}

    def test_one_behind_the_others(self, scene: Scene) -> None:
        scene.hide(calm=Inputs())
        behind: Any = Hook("calm")
        sys.meta_path.append(behind)
        assert (scene.differences(), behind.asked) == ({}, [])

    def test_one_that_was_there_from_the_start(self, scene: Scene) -> None:
        """The zygote has asked it."""
        known: Any = Hook("calm")
        sys.meta_path.insert(0, known)
        scene.hide(calm=Inputs())
        assert (scene.differences(), known.asked) == ({}, [])

    def test_one_of_the_old_kind(self, scene: Scene) -> None:
        scene.hide(calm=Inputs())
        old: Any = object()
        sys.meta_path.insert(0, old)
        assert scene.differences() == {}

    def test_of_the_path(self, scene: Scene) -> None:
        """Hooks of the path alone know what they make of a folder."""
        scene.hide(calm=Inputs(), other=Inputs())
        sys.path_hooks.insert(0, lambda folder: pytest.fail("it was asked"))
        scene.put("calm.py", 0)
        reason = "depends on sys.path_hooks"
        assert scene.differences() == {"calm": reason, "other": reason}
        assert scene.differences("other") == {"other": reason}


class TestPath:
    def test_a_folder_in_front_that_has_the_name(self, scene: Scene) -> None:
        """The module itself is the program's then, of which there is nothing to tell."""
        scene.hide(lower=Inputs(), calm=imports("lower"), other=Inputs())
        scene.put("lower.py", 0)
        assert scene.differences() == {"lower": TAKEN, "calm": "would import another lower"}
        assert scene.differences("other") == {}

    @pytest.mark.parametrize("name", ["lower.txt", "other.py", "lower2.py"])
    def test_a_folder_in_front_that_has_not(self, scene: Scene, name: str) -> None:
        scene.hide(lower=Inputs())
        scene.put(name, 0)
        assert scene.differences() == {}

    def test_a_folder_behind(self, scene: Scene) -> None:
        scene.hide(lower=Inputs())
        scene.put("lower.py", -1)
        assert scene.differences() == {}

    def test_the_part_of_a_package_goes_by_its_package(self, scene: Scene) -> None:
        scene.module("pkg")
        scene.hide(**{"pkg.part": Inputs()})
        scene.put("pkg.py", 0)
        assert scene.differences() == {"pkg": TAKEN, "pkg.part": TAKEN}

    @pytest.mark.parametrize("place", [0, -1])
    def test_a_name_that_was_not_found(self, scene: Scene, place: int) -> None:
        """Any place on the path makes it another import by now."""
        scene.hide(tries=imports(missing="faster"), calm=Inputs())
        scene.put("faster.py", place)
        assert scene.differences() == {"tries": "would import another faster"}

    def test_a_package_without_a_file(self, scene: Scene) -> None:
        """A package with a file goes before it, wherever it is on the path."""
        scene.module("space", has_file=False)
        scene.hide()
        folder = scene.put("space/part.py", -1)
        assert scene.differences() == {"space": TAKEN}, "it would be of both folders"
        (folder / "space" / "part.py").unlink()
        (folder / "space").rmdir()
        importlib.invalidate_caches()
        assert scene.differences() == {}

    def test_a_folder_of_that_name_is_no_package(self, scene: Scene) -> None:
        """A module with a file goes before it, also from behind."""
        scene.hide(lower=Inputs())
        scene.put("lower/data.txt", 0)
        assert scene.differences() == {}

    @pytest.mark.parametrize("name", ["sys", "zipimport"])
    def test_what_python_has_in_itself(self, scene: Scene, name: str) -> None:
        """Built-in modules are found before any folder."""
        scene.hide(calm=imports(name))
        scene.put(f"{name}.py", 0)
        assert scene.differences() == {}


class TestAnotherPath:
    """Folders that were there are gone from it, or in another order."""

    def test_without_the_folder(self, scene: Scene) -> None:
        scene.hide(lower=Inputs(), calm=imports("lower"), tries=imports(missing="faster"))
        sys.path.remove(str(scene.installed))
        importlib.invalidate_caches()
        assert scene.differences() == {
            "lower": "would import another lower",
            "calm": "would import another lower",
            "tries": "would import another tries",
        }
        assert scene.differences("calm")["calm"].startswith("would import another ")

    def test_without_the_folder_of_a_package_that_has_no_file(self, scene: Scene) -> None:
        scene.module("space", has_file=False)
        scene.hide()
        sys.path.remove(str(scene.installed))
        importlib.invalidate_caches()
        assert scene.differences() == {"space": "would import another space"}

    def test_a_folder_that_is_gone_and_had_none_of_them(self, scene: Scene, tmp_path: Path) -> None:
        (tmp_path / "unused").mkdir()
        sys.path.append(str(tmp_path / "unused"))
        scene.hide(lower=imports("json", "sys", "zipimport"), tries=imports(missing="faster"))
        sys.path.remove(str(tmp_path / "unused"))
        assert scene.differences() == {}

    def test_one_that_has_changed_places_with_another(self, scene: Scene, tmp_path: Path) -> None:
        (tmp_path / "second").mkdir()
        (tmp_path / "second" / "lower.py").touch()
        sys.path.insert(1, str(tmp_path / "second"))
        scene.hide(lower=Inputs(), other=Inputs())
        sys.path[:2] = reversed(sys.path[:2])
        importlib.invalidate_caches()
        assert scene.differences() == {"lower": "would import another lower"}

    def test_a_name_that_is_found_by_now(self, scene: Scene, tmp_path: Path) -> None:
        (tmp_path / "unused").mkdir()
        sys.path.append(str(tmp_path / "unused"))
        scene.hide(tries=imports(missing="faster"), calm=imports(missing="tries.faster"))
        sys.path.remove(str(tmp_path / "unused"))
        scene.put("faster.py", -1)
        assert scene.differences() == {"tries": "would import another faster"}
