"""Variables of modules in sight that hidden ones have looked at, one by one.

That a program gets what a plain import gives, in real processes: `test_warm_modules`.
"""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tornkit.serve.warm_imports.code_names import names_in
from tornkit.serve.warm_imports.import_inputs import Inputs
from tornkit.serve.warm_imports.module_variables import ModuleVariables

SOURCES = {
    "box": "",
    "box.settings": "DEBUG, LEVEL = False, 1\nCACHE = {}",
    "box.reader": "import box.settings\nVALUE = box.settings.DEBUG",
    "box.other": "import box.settings\nVALUE = box.settings.LEVEL",
    "box.stranger": "DEBUG = settings = 5\nVALUE = DEBUG",
}
READER, OTHER = (1 << list(SOURCES).index(name) for name in ("box.reader", "box.other"))
ALL = (1 << len(SOURCES)) - 1


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The sources, executed in their order."""
    found: dict[str, ModuleType] = {}
    for name, source in SOURCES.items():
        module = found[name] = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        package, _, part = name.rpartition(".")
        if package:
            setattr(found[package], part, module)
        exec(source, vars(module))
    return found


def inputs() -> dict[str, Inputs]:
    found = {}
    for name, source in SOURCES.items():
        imports = dict.fromkeys(["box", "box.settings"] if "import" in source else ())
        found[name] = Inputs(imports=imports, names=names_in(compile(source, name, "exec")))
    return found


def changed(variables: ModuleVariables, wanted: int = ALL, shown: int = ALL) -> dict[str, int]:
    return {variable: mask for mask, variable in variables.changed(wanted, shown)}


def test_of_hidden_modules(modules: dict[str, ModuleType]) -> None:
    variables = ModuleVariables()
    variables.find(modules, inputs())
    assert changed(variables) == {}
    settings = modules["box.settings"]
    settings.CACHE["key"] = 1
    assert changed(variables) == {}, "an object that is changed, not set"
    vars(settings).update(DEBUG=True, LEVEL=2)
    assert changed(variables) == {"box.settings.DEBUG": READER, "box.settings.LEVEL": OTHER}
    assert changed(variables, wanted=OTHER) == {"box.settings.LEVEL": OTHER}
    assert changed(variables, shown=0) == {}, "nobody can have set a hidden one's"
    vars(settings).update(DEBUG=False, LEVEL=True)
    assert changed(variables) == {"box.settings.LEVEL": OTHER}, "equal, and of another type"
    del settings.DEBUG
    assert "box.settings.DEBUG" in changed(variables)


def test_of_modules_in_sight(modules: dict[str, ModuleType]) -> None:
    settings = modules.pop("box.settings")
    mask = 1 << list(modules).index("box.reader")
    variables = ModuleVariables()
    variables.find(modules, inputs())
    vars(settings).update(DEBUG=True)
    assert changed(variables, shown=0) == {"box.settings.DEBUG": mask}
    variables.begin()
    assert changed(variables, shown=0) == {}
    vars(settings).update(DEBUG=False)
    assert changed(variables, shown=0) == {"box.settings.DEBUG": mask}


class Disguised:
    """What says that it is a module, and has no namespace, as cffi's libraries."""

    __slots__ = ()
    __class__ = ModuleType  # type: ignore[assignment]


class Proxy:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise AssertionError


@pytest.mark.parametrize("odd", [5, None, Disguised()])
def test_something_in_the_place_of_a_module(odd: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "odd", odd)
    variables = ModuleVariables()
    variables.find(
        {"odd.part": ModuleType("odd.part")}, {"odd.part": Inputs(imports={"odd": None})}
    )
    assert changed(variables) == {}


def test_what_a_variable_says_of_itself_is_not_asked(modules: dict[str, ModuleType]) -> None:
    settings = modules["box.settings"]
    vars(settings).update(DEBUG=Proxy())
    variables = ModuleVariables()
    variables.find(modules, inputs())
    assert changed(variables) == {}
    vars(settings).update(DEBUG=Proxy())
    assert changed(variables) == {"box.settings.DEBUG": READER}


def test_one_that_loads_itself_is_not_asked() -> None:
    class Lazy(ModuleType):
        def __getattribute__(self, name: str) -> object:
            raise AssertionError(name)

    lazy = Lazy("lazy")
    variables = ModuleVariables()
    names = names_in(compile("from lazy import A", "reader", "exec"))
    variables.find(
        {"lazy": lazy, "reader": ModuleType("reader")},
        {"reader": Inputs(imports={"lazy": None}, names=names)},
    )
    assert changed(variables) == {}
