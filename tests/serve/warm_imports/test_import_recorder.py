"""Record of all that a module reads while it is imported. Use of it: `test_warm_modules`."""

from __future__ import annotations

import builtins
import importlib
import io
import json
import locale
import logging
import os
import sys
import time
import warnings
from collections import UserDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType

import pytest
import tornado

from tornkit.serve.warm_imports.import_inputs import READ_IN_C, Inputs
from tornkit.serve.warm_imports.import_recorder import Recorder

GIVEN = {"COLOUR": "red", "HOME": "/home/me"}


def inputs_of(
    code: str,
    environment: dict[str, str] | None = None,
    loader: object = None,
    name: str = "module",
    **names: object,
) -> Inputs:
    """Inputs of a module with this code, in which some modules are imported already."""
    modules = {each.__name__: each for each in (io, locale, os, sys, time, warnings)}
    scope = {**modules, "Path": Path, **names}
    recorder = Recorder(GIVEN if environment is None else environment)
    with recorder.recording(), recorder.of(ModuleType(name), loader):
        exec(code, scope)
    return recorder.inputs[name]


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is as it was afterwards."""
    monkeypatch.setenv("COLOUR", "of this process")
    monkeypatch.setenv("SHAPE", "of a module")  # which sets it; away again, with this
    del os.environ["SHAPE"]
    before = (os.stat, io.open, builtins.__import__, importlib.import_module, sys.argv)
    finders, filters = sys.meta_path[:], warnings.filters[:]
    yield
    assert (os.stat, io.open, builtins.__import__, importlib.import_module, sys.argv) == before
    assert type(os.environ._data) is dict  # type: ignore[attr-defined]
    assert (sys.meta_path, warnings.filters) == (finders, filters)
    for name in [each for each in logging.root.manager.loggerDict if each.startswith("tk.")]:
        del logging.root.manager.loggerDict[name]


def test_nearly_all_read_nothing() -> None:
    assert vars(inputs_of("")) == vars(Inputs())
    assert Inputs().never_the_same() is None


class TestVariables:
    @pytest.mark.parametrize(
        "read",
        [
            "os.environ[name_of]",
            "os.environ.get(name_of)",
            'os.environ.get(name_of, "blue")',
            "os.getenv(name_of)",
            "name_of in os.environ",
            "os.environb.get(os.fsencode(name_of))",
        ],
    )
    def test_each_way_to_ask(self, read: str) -> None:
        """A variable that is not there is noted, too: as missing."""
        assert inputs_of(read, name_of="COLOUR").variables == {"COLOUR": "red"}
        code = f"try: {read}\nexcept KeyError: pass"
        assert inputs_of(code, name_of="SIZE").variables == {"SIZE": None}

    def test_as_it_was_at_first(self) -> None:
        found = inputs_of(
            "os.environ['COLOUR'] += 'dish'\nassert os.environ['COLOUR'] == 'reddish'"
        )
        assert (found.variables, found.sets) == ({"COLOUR": "red"}, {"COLOUR": "reddish"})

    def test_what_it_has_set_itself_it_does_not_depend_on(self) -> None:
        found = inputs_of("os.environ['SHAPE'] = 'round'\nassert os.environ['SHAPE'] == 'round'")
        assert (found.variables, found.sets) == ({}, {"SHAPE": "round"})

    def test_a_default_depends_on_whether_it_is_there(self) -> None:
        found = inputs_of("os.environ.setdefault('SHAPE', 'round')")
        assert (found.variables, found.sets) == ({"SHAPE": None}, {"SHAPE": "round"})

    @pytest.mark.parametrize("remove", ["os.environ.pop('COLOUR')", "del os.environ['COLOUR']"])
    def test_one_that_is_removed(self, remove: str) -> None:
        found = inputs_of(remove)
        assert (found.variables, found.sets) == ({"COLOUR": "red"}, {"COLOUR": None})

    def test_before_it_has_imported_a_module_that_sets_it(self) -> None:
        recorder = Recorder(GIVEN)
        with recorder.recording(), recorder.of(ModuleType("outer"), None):
            os.environ.get("COLOUR")
            with recorder.of(ModuleType("inner"), None):
                os.environ["COLOUR"] = "blue"
            os.environ.get("COLOUR")
        assert recorder.inputs["outer"].variables == {"COLOUR": "red"}

    @pytest.mark.parametrize(
        "read", ["dict(os.environ)", "list(os.environ)", "len(os.environ)", "os.environ.copy()"]
    )
    def test_all_of_them(self, read: str) -> None:
        """Variables are noted as they were when they were copied first."""
        assert inputs_of(f"{read}\nos.environ['SHAPE'] = 'round'\n{read}").environment == GIVEN

    def test_what_modules_set_stays_and_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Workers find what modules have set; the environment that was given stays apart."""
        for name in ("SHAPE", "SIZE"):
            monkeypatch.setenv(name, "before")
        recorder = Recorder({"GIVEN_ONLY": "1", "SIZE": "1"})
        with recorder.recording():
            with recorder.of(ModuleType("one"), None):
                os.environ["SHAPE"] = "round"
            with recorder.of(ModuleType("two"), None):
                del os.environ["SIZE"]
        assert os.environ["SHAPE"] == "round"
        assert "SIZE" not in os.environ
        assert "GIVEN_ONLY" not in os.environ
        assert os.environ["COLOUR"] == "of this process"

    def test_a_python_of_another_sort(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Variables go unseen where `os.environ` is made in another way."""
        with monkeypatch.context() as patch:
            patch.setattr(os.environ, "_data", UserDict(os.environ._data))  # type: ignore[attr-defined]
            found = inputs_of("os.environ['COLOUR']")
        assert found.variables == {}


class TestLoggers:
    def test_those_that_were_not_there(self) -> None:
        logging.getLogger("tk.before")
        code = "for name in ('tk.before', 'tk.new.one', 'tk.new.one'): logging.getLogger(name)"
        found = inputs_of(code, logging=logging)
        assert {each.name for each in found.loggers} == {"tk.new.one"}
        assert found.never_the_same() is None


class TestFiles:
    @pytest.mark.parametrize(
        "read",
        [
            "open(path).close()",
            'open(path, "rb").close()',
            'open(path, "r+").close()',
            'open(path, "a+").close()',
            'io.open(path, mode="r").close()',
            "os.close(os.open(path, os.O_RDONLY))",
            "os.close(os.open(path, os.O_RDWR | os.O_APPEND))",
            "os.stat(path)",
            "os.lstat(path)",
            "os.access(path, os.R_OK)",
            "os.path.exists(path)",
            "os.stat(os.fsencode(path))",
            "Path(path).read_text()",
            "Path(path).is_file()",
        ],
    )
    def test_each_way_to_read(self, tmp_path: Path, read: str) -> None:
        file = tmp_path / "settings"
        file.write_text("x")
        found = inputs_of(read, path=str(file))
        assert (found.files, found.folders) == ({str(file)}, set())

    @pytest.mark.parametrize(
        "write",
        [
            'open(path, "w").close()',
            'open(path, "ab").close()',
            "os.close(os.open(path, os.O_WRONLY | os.O_CREAT))",
        ],
    )
    def test_to_write_is_not_to_read(self, tmp_path: Path, write: str) -> None:
        assert inputs_of(write, path=str(tmp_path / "log")).files == set()

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        file = str(tmp_path / "none")
        assert inputs_of("os.path.exists(path)", path=file).files == {file}

    def test_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("elsewhere")
        found = inputs_of("os.readlink(path)", path=tmp_path / "link")
        assert found.files == {str(tmp_path / "link")}

    @pytest.mark.parametrize(
        "read",
        [
            "os.listdir(path)",
            "os.scandir(path).close()",
            "list(Path(path).iterdir())",
        ],
    )
    def test_a_folder_is_listed(self, tmp_path: Path, read: str) -> None:
        found = inputs_of(read, path=str(tmp_path))
        assert (found.files, found.folders) == (set(), {str(tmp_path)})

    def test_a_relative_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Relative names rest on the current folder as well."""
        monkeypatch.chdir(tmp_path)
        found = inputs_of("os.path.exists('settings')\nos.listdir()")
        assert found.files == {str(tmp_path / "settings")}
        assert found.folders == {f"{tmp_path}/."}
        assert found.current_folder == str(tmp_path)

    @pytest.mark.parametrize("ask", ["os.getcwd()", "os.getcwdb()", "Path.cwd()"])
    def test_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        found = inputs_of(ask)
        assert found.current_folder == str(tmp_path)
        assert found.files == set()

    @pytest.mark.parametrize(
        "name",
        [
            tornado.__file__,
            json.__file__,
            str(Path(tornado.__file__).parents[1]),
            str(Path(json.__file__).parents[2]),
            "/",
            "/proc/self/stat",
            "/dev/null",
            "/sys/devices",
        ],
    )
    def test_what_is_installed_or_the_systems(self, name: str) -> None:
        """Warm modules are made of installed files, of which the zygote sees the changes."""
        found = inputs_of("os.path.exists(path)", path=name)
        assert (found.files, found.distributions) == (set(), name in sys.path)

    def test_a_folder_on_the_path_is_asked_for_packages(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``importlib.metadata`` lists it so, to find the packages that are installed."""
        monkeypatch.syspath_prepend(tmp_path)
        found = inputs_of("os.listdir(path)", path=tmp_path)
        assert found.distributions
        assert found.folders == set()

    def test_a_descriptor_is_no_path(self, tmp_path: Path) -> None:
        (tmp_path / "settings").touch()
        file, folder = (os.open(name, os.O_RDONLY) for name in (tmp_path / "settings", tmp_path))
        try:
            found = inputs_of(
                "os.stat(file)\nopen(file, closefd=False).close()\nos.listdir(folder)",
                file=file,
                folder=folder,
            )
        finally:
            os.close(file)
            os.close(folder)
        assert vars(found) == vars(Inputs())

    def test_a_function_that_was_kept_notes_nothing_later(self, tmp_path: Path) -> None:
        """``from os import stat``: the module calls it for as long as it lives."""
        kept: list[Callable[..., object]] = []
        recorder = Recorder(GIVEN)
        with recorder.recording():
            with recorder.of(ModuleType("module"), None):
                kept.append(os.stat)
            kept[0](tmp_path)
        kept[0](tmp_path)
        assert recorder.inputs["module"].files == set()
        assert recorder.current().files == set()


@contextmanager
def importable(folder: Path, **sources: str) -> Iterator[None]:
    """Modules that can be imported meanwhile; a double underscore is a dot."""
    for name, source in sources.items():
        *packages, last = name.split("__")
        place = folder
        for package in packages:
            place /= package
            place.mkdir(exist_ok=True)
            (place / "__init__.py").touch()
        (place / f"{last}.py").write_text(source)
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in sys.modules.keys() - before:
            del sys.modules[name]


def imported(found: Inputs) -> set[str]:
    """Names of the modules that it has imported, without those of the import machinery."""
    return {name for name in found.imports if not name.startswith("_")}


class TestImports:
    def test_modules_and_the_packages_around_them(self, tmp_path: Path) -> None:
        with importable(tmp_path, pkg__part="", other=""):
            found = inputs_of("import pkg.part, other")
        assert imported(found) == {"pkg", "pkg.part", "other"}

    def test_parts_that_are_imported_from_a_package(self, tmp_path: Path) -> None:
        """Names in a package that are no modules are none of its parts."""
        with importable(tmp_path, pkg__part=""):
            found = inputs_of("from pkg import part, __name__")
        assert imported(found) == {"pkg", "pkg.part"}

    def test_what_is_loaded_already(self) -> None:
        assert inputs_of("import json.decoder").imports.keys() == {
            "json",
            "json.decoder",
        }

    def test_by_a_relative_name(self, tmp_path: Path) -> None:
        with importable(tmp_path, pkg__part="", pkg__more__deep=""):
            exec("import pkg.more.deep, pkg.part")
            code = "from . import deep\nfrom .. import part\nfrom ..part import __name__"
            found = inputs_of(code, name="pkg.more.own", __package__="pkg.more")
        assert imported(found) == {"pkg", "pkg.more", "pkg.more.deep", "pkg.part"}

    def test_by_a_function(self, tmp_path: Path) -> None:
        code = "importlib.import_module('pkg.part')\nimportlib.import_module('.more', 'pkg')"
        with importable(tmp_path, pkg__part="", pkg__more=""):
            found = inputs_of(code, importlib=importlib)
        assert imported(found) == {"pkg", "pkg.part", "pkg.more"}

    def test_its_own_name_is_none_of_them(self) -> None:
        assert inputs_of("import json", name="json").imports == {}

    def test_in_c(self) -> None:
        """C code passes ``__import__`` by; what it keeps tells of it."""
        module = ModuleType("fast")
        module.kept = json  # type: ignore[attr-defined]
        recorder = Recorder(GIVEN)
        loader = ExtensionFileLoader("fast", "/fast.so")
        with recorder.recording(), recorder.of(module, loader):
            pass
        assert recorder.inputs["fast"].in_c
        assert recorder.inputs["fast"].imports.keys() == {"json"}
        assert not inputs_of("", loader=json.__loader__).in_c

    def test_a_name_that_is_not_found(self) -> None:
        for name in ("no_such_accelerator", "json.no_such_part"):
            found = inputs_of(f"try: import {name}\nexcept ImportError: pass")
            assert found.missing == {name}
            assert name not in found.imports

    def test_within_each_other_the_innermost_is_to_blame(self) -> None:
        recorder = Recorder(GIVEN)
        with recorder.recording():
            with recorder.of(ModuleType("outer"), None):
                with suppress(ZeroDivisionError), recorder.of(ModuleType("inner"), None):
                    os.environ.get("INNER")
                    raise ZeroDivisionError
                os.environ.get("OUTER")
            os.environ.get("NONE_OF_THEM")
            with recorder.of(ModuleType("inner"), None):  # anew: `importlib.reload`
                os.environ.get("AGAIN")
        assert recorder.inputs.keys() == {"outer", "inner"}
        assert recorder.inputs["outer"].variables.keys() == {"OUTER"}
        assert recorder.inputs["outer"].imports.keys() == {"inner"}
        assert recorder.inputs["inner"].variables.keys() == {"INNER", "AGAIN"}

    def test_tornkits_own_imports_are_nobodys(self) -> None:
        recorder = Recorder(GIVEN)
        with recorder.recording():
            exec("import json")
            importlib.import_module("json")
        assert recorder.inputs == {}
        assert recorder.current().imports == {}


class TestTheRest:
    @pytest.mark.parametrize(
        "read",
        [
            "locale.getlocale()",
            "locale.setlocale(locale.LC_NUMERIC)",
            "locale.localeconv()",
            "locale.nl_langinfo(locale.CODESET)",
            'time.strftime("%A")',
        ],
    )
    def test_the_locale(self, read: str) -> None:
        assert inputs_of(read).locale

    @pytest.mark.parametrize(
        "read",
        [
            "time.localtime()",
            "time.mktime((2020, 1, 1, 0, 0, 0, 0, 1, 0))",
            "time.ctime()",
            'time.strftime("%A")',
        ],
    )
    def test_the_time_zone(self, read: str) -> None:
        assert inputs_of(read, {"TZ": "CET"}).variables["TZ"] == "CET"
        assert inputs_of(read, {}).variables["TZ"] is None

    def test_what_has_no_zone(self) -> None:
        assert vars(inputs_of("time.time()\ntime.gmtime()")) == vars(Inputs())

    @pytest.mark.parametrize("read", ["sys.argv[0]", "len(sys.argv)"])
    def test_the_command_line(self, read: str) -> None:
        found = inputs_of(read)
        assert found.arguments
        assert found.never_the_same() == "reads sys.argv"


# As Python has them without any -W.
PYTHONS = (
    ("default", None, DeprecationWarning, "__main__", 0),
    ("ignore", None, DeprecationWarning, None, 0),
    ("ignore", None, ImportWarning, None, 0),
)


class TestWarnings:
    @pytest.fixture(autouse=True)
    def pythons(self) -> Iterator[None]:
        with warnings.catch_warnings():
            self.filter(*PYTHONS)
            yield

    def filter(self, *filters: tuple[object, ...]) -> None:
        warnings.filters[:] = filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]

    def seen(self, warn: str) -> tuple[bool, bool]:
        """Note whether a filter has decided, and whether the warning was to be seen."""
        shown = warnings.showwarning
        found = inputs_of(warn)
        assert warnings.showwarning is shown
        assert found.never_the_same() == ("warns when it is imported" if found.warned else None)
        return found.filters, found.warned

    def test_one_that_is_to_be_seen(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The worker that imports the module shows it, and not this process."""
        assert self.seen("warnings.warn('look')") == (True, True)
        assert capsys.readouterr().err == ""

    def test_one_that_is_passed_over(self) -> None:
        """A program may have filters of its own, with which it raises."""
        assert self.seen("warnings.warn('old', DeprecationWarning)") == (True, False)

    def test_one_that_the_module_passes_over_itself(self) -> None:
        code = (
            "with warnings.catch_warnings():\n"
            "    warnings.simplefilter('ignore')\n"
            "    warnings.warn('look')\n"
        )
        assert self.seen(code) == (False, False)

    @pytest.mark.parametrize(
        ("filters", "seen"),
        [
            ([("ignore", None, UserWarning, None, 0)], False),
            ([("ignore", None, Warning, None, 0)], False),
            ([("error", None, UserWarning, None, 0), ("ignore", None, Warning, None, 0)], True),
            ([("ignore", "lo", UserWarning, None, 0)], False),
            ([("ignore", "ook", UserWarning, None, 0)], True),
            ([("ignore", None, UserWarning, "installed", 0)], False),
            ([("ignore", None, UserWarning, "__main__", 0)], True),
            ([("ignore", None, UserWarning, None, 1 << 30)], True),
            ([("ignore", None, DeprecationWarning, None, 0)], True),
            ([], True),
        ],
    )
    def test_the_first_filter_that_fits_decides(
        self, filters: list[tuple[object, ...]], seen: bool
    ) -> None:
        self.filter(*filters)
        assert self.seen("warnings.warn('look')") == (True, seen)

    def test_a_filter_of_the_modules_for_others_stays(self) -> None:
        """Filters that a module adds are the process's from then on."""
        own = ("ignore", None, BytesWarning, None, 0)
        inputs_of("warnings.simplefilter('ignore', BytesWarning)")
        assert warnings.filters[:] == [own, *PYTHONS]


@pytest.mark.parametrize(
    "name", ["OMP_NUM_THREADS", "LC_ALL", "LANG", "TZ", "OPENSSL_CONF", "MKL_X", "SSL_CERT_FILE"]
)
def test_variables_that_c_code_reads(name: str) -> None:
    assert READ_IN_C.match(name)


@pytest.mark.parametrize("name", ["COLOUR", "OMP", "LANGUAGES", "TZDATA", "MY_LANG", "LCD_X"])
def test_variables_that_it_does_not(name: str) -> None:
    assert not READ_IN_C.match(name)
