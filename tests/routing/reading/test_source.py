"""Where things are defined. Lines are looked up by their text, so edits here break nothing."""

from __future__ import annotations

import functools
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from tornkit.routing.reading.source import dotted_name, source_of

MODULE = """\
import dataclasses, functools
from tornado.web import RequestHandler, stream_request_body

def wrap(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)
    return inner

class Plain(RequestHandler):
    def get(self): ...

@stream_request_body
@dataclasses.dataclass(slots=True)
class Decorated:
    size: int = 0
    def get(self): ...

class Empty(RequestHandler): ...

if True:
    class Twice:
        def first(self): ...
    One = Twice
    class Twice:
        @property
        def second(self): ...
    Two = Twice

class Outer:
    class Inner:
        def get(self): ...

@wrap
@wrap
def function(request): ...

def factory():
    class Local:
        @staticmethod
        def get(): ...
    def inner(): ...
    return Local, inner

def again(): return 1
first = again
def again(): return 2

anonymous = lambda request: None
Dynamic = type("Dynamic", (Plain,), {})
Borrowed = type("Plain", (Plain,), {"post": lambda self: None})
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    path = tmp_path / "described.py"
    path.write_text(MODULE.replace("@stream_request_body\n", ""))
    spec = importlib.util.spec_from_file_location("described", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "described", module)
    spec.loader.exec_module(module)
    return module


def line_of(thing: object) -> str | None:
    source = source_of(thing)
    if source is None:
        return None
    return Path(source.file).read_text().splitlines()[source.line - 1].strip()


def test_classes(module: Any) -> None:
    assert line_of(module.Plain) == "class Plain(RequestHandler):"
    assert line_of(module.Decorated) == "class Decorated:"
    assert line_of(module.Empty) == "class Empty(RequestHandler): ..."
    assert line_of(module.Outer.Inner) == "class Inner:"
    assert line_of(module.factory()[0]) == "class Local:"
    assert line_of(module.Plain.__new__(module.Plain)) == "class Plain(RequestHandler):"


def test_the_right_one_of_two_classes_of_one_name(module: Any) -> None:
    one, two = source_of(module.One), source_of(module.Two)
    assert one is not None
    assert two is not None
    lines = MODULE.replace("@stream_request_body\n", "").splitlines()
    assert "first" in lines[one.line]
    assert "second" in lines[two.line + 1]


def test_functions(module: Any) -> None:
    assert line_of(module.function) == "def function(request): ..."
    assert line_of(module.factory()[1]) == "def inner(): ..."
    assert line_of(module.first) == "def again(): return 1"
    assert line_of(module.again) == "def again(): return 2"
    assert line_of(module.anonymous) == "anonymous = lambda request: None"
    assert line_of(functools.partial(functools.partial(module.function, 1), 2)) == (
        "def function(request): ..."
    )
    handler = module.Plain.__new__(module.Plain)
    assert line_of(handler.get) == "def get(self): ..."


def test_none_rather_than_a_neighbour(module: Any) -> None:
    assert source_of(module.Dynamic) is None
    assert source_of(module.Borrowed) is None
    assert source_of(len) is None
    assert source_of("".join) is None
    assert source_of(dict) is None
    namespace: dict[str, Any] = {}
    exec("class Made:\n    def get(self): ...\n", namespace)
    assert source_of(namespace["Made"]) is None


def test_a_class_whose_module_is_gone(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "described")
    assert line_of(module.Plain) == "class Plain(RequestHandler):"
    assert source_of(module.Empty) is None


def test_a_method_taken_from_a_class_of_the_same_name_elsewhere(module: Any) -> None:
    class Plain:
        get = module.Plain.get

    Plain.__qualname__ = "Plain"
    assert source_of(Plain) is None


def test_names(module: Any) -> None:
    assert dotted_name(module.Outer.Inner) == "described.Outer.Inner"
    assert dotted_name(functools.partial(module.function)) == "described.function"
    assert dotted_name(module.Plain.__new__(module.Plain)) == "described.Plain"
    assert dotted_name(len) == "len"
