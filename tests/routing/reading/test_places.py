from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tornado.routing import AnyMatches
from tornado.template import DictLoader, Loader
from tornado.web import Application, RequestHandler

from tornkit.routing.model import Places
from tornkit.routing.reading.places import places
from tornkit.routing.tables import route_table


class Home(RequestHandler):
    def get(self) -> None: ...


def found(*rules: Any, **settings: Any) -> Places:
    return route_table(Application(list(rules), **settings)).places


def templates(*rules: Any, **settings: Any) -> tuple[str, ...]:
    return found(*rules, **settings).templates


def test_the_files_of_loaded_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("own", "compiled"):
        module = ModuleType(f"tornkit_test_{name}")
        module.__file__ = str(tmp_path / ("own.py" if name == "own" else "fast.so"))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, "tornkit_test_none", None)
    python = found().python
    assert str(tmp_path.resolve() / "own.py") in python
    assert str(Path(__file__).resolve()) in python
    assert list(python) == sorted(python)
    # Neither Tornado's, nor Python's, nor tornkit's own.
    assert not [name for name in python if "/tornado/" in name or "/tornkit/routing/e" in name]


def test_the_program_and_handlers_that_are_in_no_module(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    assert str(program.resolve()) in places([str(program), "<string>"], []).python
    names: dict[str, Any] = {"RequestHandler": RequestHandler, "__name__": "__main__"}
    file = tmp_path / "handlers.py"
    file.write_text("class Shown(RequestHandler):\n    def get(self): ...\n")
    exec(compile(file.read_text(), str(file), "exec"), names)
    table = route_table(Application([("/", names["Shown"])]), program=str(program))
    assert {str(program.resolve()), str(file.resolve())} <= set(table.places.python)


def test_the_setting() -> None:
    assert templates(("/", Home), template_path="/t") == ("/t",)
    assert templates(("/", Home), template_path=Path("/t")) == ("/t",)


def test_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert templates(template_path="t") == (str(tmp_path / "t"),)


def test_beside_the_code_there_may_be_anything() -> None:
    assert templates(("/", Home)) == ()
    assert templates() == ()


def test_a_loader_goes_before_the_setting() -> None:
    loader = Loader("/loaded")
    assert templates(("/", Home), template_loader=loader, template_path="/t") == ("/loaded",)
    assert templates(("/", Home), template_loader=DictLoader({})) == ()


def test_nested_applications() -> None:
    inner = Application([("/", Home)], template_path="/inner")
    assert templates((AnyMatches(), inner), template_path="/outer") == ("/inner", "/outer")
    assert templates((AnyMatches(), inner), ("/", Home)) == ("/inner",)
