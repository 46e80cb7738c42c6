"""Survey of a Python file for an application or a server, by its syntax tree: nothing is imported.

Importing to find out is not an option: a program that is imported as a module and then run as
``__main__`` defines its ``tornado.options`` twice, which Tornado refuses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# In the order they are tried.
USUAL_NAMES = ("make_app", "create_app", "get_app", "app", "application")

# Calls by which Tornado code starts to serve: HTTPServer, TCPServer, Application, netutil, IOLoop.
_SERVING_CALLS = frozenset({"listen", "add_sockets", "add_socket", "bind_sockets"})


@dataclass(frozen=True)
class Survey:
    """Contents of one file as far as serving is concerned.

    ``usual_name`` is the first of `USUAL_NAMES` that it defines and that could be served without
    arguments; ``is_program``: it starts to serve when it is run; ``does_something``: it calls
    something for its effect.
    """

    usual_name: str | None
    is_program: bool
    has_star_import: bool = False
    does_something: bool = False


def survey(path: Path) -> Survey:
    """Read one file. A file that does not parse is judged by its text alone."""
    source = path.read_bytes()
    try:
        tree = ast.parse(source, filename=str(path))
    except (SyntaxError, ValueError):
        return _survey_text(source.decode("utf-8", errors="replace"))
    names = set(_top_level_names(tree.body))
    return Survey(
        usual_name=next((name for name in USUAL_NAMES if name in names), None),
        is_program=_has_main_guard(tree) or _serves_at_top_level(tree),
        has_star_import=any(
            isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
            for node in tree.body
        ),
        does_something=_does_something(tree.body),
    )


def _does_something(body: list[ast.stmt]) -> bool:
    """Whether a module's body has a bare call at top level, or in an ``if``, ``with``, ``try``."""
    for node in body:
        match node:
            case ast.Expr(value=ast.Call() | ast.Await()):
                return True
            case ast.If() | ast.Try() | ast.With():
                if _does_something([*node.body, *getattr(node, "orelse", [])]):
                    return True
            case _:
                pass
    return False


def _survey_text(text: str) -> Survey:
    """Survey a file with a syntax error, roughly, by its text: it is about to be mended."""
    for name in USUAL_NAMES:
        if re.search(rf"^(?:async\s+def\s+|def\s+|){name}\b\s*[(=:]", text, re.MULTILINE):
            return Survey(usual_name=name, is_program="__main__" in text)
    return Survey(usual_name=None, is_program="__main__" in text)


def _top_level_names(body: list[ast.stmt]) -> Iterator[str]:
    """Names that a module binds and that could be an application or a factory."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if not _needs_arguments(node.args):
                    yield node.name
            case ast.ClassDef():
                yield node.name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                yield name
            case ast.ImportFrom(names=aliases) | ast.Import(names=aliases):
                yield from (alias.asname or alias.name for alias in aliases)
            case ast.If() | ast.Try() | ast.With():
                if not _is_main_guard(node):
                    yield from _top_level_names(node.body)
                    yield from _top_level_names(getattr(node, "orelse", []))
            case _:
                pass


def _needs_arguments(arguments: ast.arguments) -> bool:
    """Whether a function can't be called without arguments: the program's own main() calls it."""
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    keyword = sum(default is None for default in arguments.kw_defaults)
    return positional > 0 or keyword > 0


def _is_main_guard(node: ast.stmt) -> bool:
    match node:
        case ast.If(test=ast.Compare(left=left, comparators=[right])):
            sides = (left, right)
            return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return False


def _has_main_guard(tree: ast.Module) -> bool:
    return any(_is_main_guard(node) for node in tree.body)


def _serves_at_top_level(tree: ast.Module) -> bool:
    """Whether a script without a guard listens, runs a loop, or calls its function that does."""
    serving = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _calls_serving(node, set())
    }
    return any(
        _calls_serving(node, serving)
        for node in tree.body
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not _is_main_guard(node)
    )


def _calls_serving(node: ast.AST, own_functions: set[str]) -> bool:
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Attribute(attr=name)) if name in _SERVING_CALLS:
                return True
            # Of a socket or a server: a port comes by position. A logger's takes keywords.
            case ast.Call(func=ast.Attribute(attr="bind"), args=[_, *_]):
                return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio"), attr="run")):
                return True
            # IOLoop.current().start(), behind bind() and start(n)
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Attribute(attr=got)), attr="start")
            ):
                if got in ("current", "instance"):
                    return True
            case ast.Call(func=ast.Name(id=name)) if name in own_functions:
                return True
            case ast.keyword(arg="target", value=ast.Name(id=name)) if name in own_functions:
                return True  # in a thread
    return False
