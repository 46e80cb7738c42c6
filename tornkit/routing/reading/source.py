"""Position in a file at which a class, function or other callable is defined.

`inspect.getsourcelines` parses a class's whole file anew for each class. Here a file is parsed
once into an index from qualified name to lines. The file comes from the code objects of the
class's own functions where there are any, because a program that was run as ``__main__`` may no
longer be in `sys.modules`. What has no line of its own (C code, ``type(...)`` at run time, no
source at hand) gives None, never a neighbour's.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

from tornkit.routing.model import Source


@dataclass(frozen=True)
class _Definition:
    """Lines of a definition: the first decorator's, that of ``class`` or ``def``, the last."""

    first: int
    line: int
    last: int


_Index = dict[str, list[_Definition]]


def source_of(thing: object) -> Source | None:
    """The definition of a class, function, bound method, partial, or of an instance's class."""
    thing = unwrapped(thing)
    if isinstance(thing, type):
        return _class_source(thing)
    code = getattr(thing, "__code__", None)
    if isinstance(code, CodeType):
        return _function_source(code)
    if inspect.isbuiltin(thing) or inspect.isroutine(thing):
        return None
    return _class_source(type(thing))


def unwrapped(thing: object) -> Any:
    """Object behind `functools.partial`, a bound method or `functools.wraps`."""
    for _ in range(50):  # a bound, because a user's __wrapped__ may go round in circles
        if isinstance(thing, functools.partial):
            thing = thing.func
        elif isinstance(thing, MethodType):
            thing = thing.__func__
        elif isinstance(thing, FunctionType) and hasattr(thing, "__wrapped__"):
            thing = thing.__wrapped__
        else:
            break
    return thing


def dotted_name(thing: object) -> str:
    """Dotted name, as ``package.module.Class.method``; of an instance, that of its class."""
    named = unwrapped(thing)
    if not isinstance(getattr(named, "__qualname__", None), str):
        named = type(named)
    module = getattr(named, "__module__", None)
    name: str = named.__qualname__
    return f"{module}.{name}" if module and module != "builtins" else name


def _function_source(code: CodeType) -> Source | None:
    index = _index(code.co_filename)
    if index is None:
        return None
    for definition in index.get(code.co_qualname, ()):
        if definition.first == code.co_firstlineno:
            return Source(_absolute(code.co_filename), definition.line)
    return Source(_absolute(code.co_filename), code.co_firstlineno)  # a lambda


def _class_source(cls: type) -> Source | None:
    own = list(_own_functions(cls))
    files = dict.fromkeys(code.co_filename for code in own)
    module_file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if isinstance(module_file, str):
        files.setdefault(module_file)
    for file in files:
        found = (_index(file) or {}).get(cls.__qualname__, [])
        lines = [code.co_firstlineno for code in own if code.co_filename == file]
        if not lines and _is_another(cls):
            continue
        definition = _best(found, lines, vars(cls).get("__firstlineno__"))
        if definition is not None:
            return Source(_absolute(file), definition.line)
    return None


def _is_another(cls: type) -> bool:
    """Whether the class's module has another class under that name: ``type(...)`` made it."""
    found: object = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    return isinstance(found, type) and found is not cls


def _own_functions(cls: type) -> Iterator[CodeType]:
    """Code objects of functions written in the class's body, not assigned from elsewhere."""
    for value in vars(cls).values():
        inner = getattr(value, "fget", None) or getattr(value, "__func__", value)
        function = unwrapped(inner)
        if (
            isinstance(function, FunctionType)
            and function.__module__ == cls.__module__
            and function.__qualname__.startswith(f"{cls.__qualname__}.")
        ):
            yield function.__code__


def _best(found: list[_Definition], lines: list[int], first: int | None) -> _Definition | None:
    """The definition that made a live class, by the lines of its functions; else the last."""
    if first is not None:  # Python 3.13 notes it in the class
        return next((d for d in found if d.first <= first <= d.line), None)
    if lines:
        return next((d for d in found if d.first <= lines[0] <= d.last), None)
    return found[-1] if found else None


@functools.cache
def _index(file: str) -> _Index | None:
    """Every class and function of a file by qualified name; None if it can't be read."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):  # "<string>", a .so, no longer the same file
        return None
    index: _Index = {}
    _collect(tree, "", index)
    return index


def _collect(node: ast.AST, prefix: str, index: _Index) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = prefix + child.name
            first = min([child.lineno, *(item.lineno for item in child.decorator_list)])
            definition = _Definition(first, child.lineno, child.end_lineno or child.lineno)
            index.setdefault(name, []).append(definition)
            within = f"{name}." if isinstance(child, ast.ClassDef) else f"{name}.<locals>."
            _collect(child, within, index)
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            _collect(child, prefix, index)  # an `if` or `try` around a definition


def _absolute(file: str) -> str:
    return str(Path(file).absolute())
