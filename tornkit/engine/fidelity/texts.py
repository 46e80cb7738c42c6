"""Check that a function of Tornado's is one that the engine was written against, by its text.

`texts.json` has what is known: for each part of the engine the functions that it replaces or whose
work it does, and digests of their texts. A digest of the text is the same for each Python version,
where code objects differ; where it is unknown, one of what the text says is compared, without
comments, docstrings, annotations and line ends. ``python -m tornkit.engine.fidelity`` tells what is
known of the installed Tornado, and writes the file anew.

The text is cut out of the file by the line numbers of the code object and by indentation;
``inspect.getsource`` tokenizes, and takes 25 ms for all of them where this takes 2.

A function whose text can't be read, or that somebody put in the place of Tornado's, is not known,
and Tornado's own way is taken.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import linecache
import sys
import textwrap
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from tornkit.engine.fidelity.source_digests import once

DATA = Path(__file__).with_name("texts.json")
ENGINE, ROUTING, SPEEDUPS, WEBSOCKETS = "engine", "routing", "speedups", "websockets"
"""The parts of the engine that look, each by itself."""

ABSENT = "absent"
"""In the place of a digest, of a function that a Tornado does not have."""

_DIGITS = 12  # hexadecimal


class Texts(NamedTuple):
    """Digests that are known of one function: of its texts, and of their shapes (`shape_of`)."""

    texts: frozenset[str]
    shapes: frozenset[str]


@functools.cache
def known(part: str) -> dict[str, Texts]:
    """Digests that a part of the engine knows, by names as "tornado.web:RequestHandler.write"."""
    return {
        name: Texts(frozenset(each["texts"]), frozenset(each["shapes"]))
        for name, each in json.loads(DATA.read_bytes())[part].items()
    }


@functools.cache
def written_for() -> tuple[str, ...]:
    """Versions of Tornado that are known to have all of these texts."""
    return tuple(json.loads(DATA.read_bytes())["written_for"])


def unknown(part: str) -> list[str]:
    """Names of a part's functions whose text is none of those that this engine was written for."""
    return [name for name, texts in known(part).items() if not _is_one_of(found(name), texts)]


def is_known(part: str, name: str) -> bool:
    """Whether the installed function of this name has a text that the part knows."""
    return _is_one_of(found(name), known(part)[name])


def _is_one_of(function: Any, texts: Texts) -> bool:
    if function is None:
        return ABSENT in texts.texts
    return digest_of(function) in texts.texts or shape_of(function) in texts.shapes


def found(name: str) -> Any:
    """The object "module:Class.name" or "module:name" as it is now.

    None where there is none, or the class inherits it.
    """
    module, _, path = name.partition(":")
    owners, _, attribute = path.rpartition(".")
    owner: Any = sys.modules.get(module)  # the engine has imported all that there are
    if owners:
        owner = getattr(owner, owners, None)
    return None if owner is None else vars(owner).get(attribute)


def is_tornados_own(name: str) -> bool:
    """Whether what is found by this name stands so in Tornado's source, put there by nobody.

    Also where a class of Tornado's has nothing of this name.
    """
    module, _, path = name.partition(":")
    function = found(name)
    if type(function) is property:
        function = function.fget
    if type(function) is not FunctionType:
        owners = path.rpartition(".")[0]
        owner = getattr(sys.modules.get(module), owners, None)
        # A program may have put a class of its own in the place of a whole one.
        return function is None and (
            owner is None
            or (getattr(owner, "__module__", ""), getattr(owner, "__qualname__", ""))
            == (module, owners)
        )
    home = str(function.__globals__.get("__name__"))
    return (home, function.__qualname__) == (module, path) and "__wrapped__" not in vars(function)


@once
def digest_of(function: object) -> str | None:
    """Digest of a function's text, 12 hexadecimal digits; None where there is no text.

    For a property, its getter counts.
    """
    text = text_of(function)
    return None if text is None else _digest(text)


@once
def shape_of(function: object) -> str | None:
    """Digest of a function's syntax, without docstrings and annotations; None without a text."""
    text = text_of(function)
    if text is None:
        return None
    try:
        tree = _Plain().visit(ast.parse(textwrap.dedent(text)))
    except SyntaxError:  # a lambda in the middle of a line
        return None
    return _digest(ast.unparse(ast.fix_missing_locations(tree)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


class _Plain(ast.NodeTransformer):
    """Transformer that takes out docstrings and annotations."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        if ast.get_docstring(node, clean=False) is not None:
            node.body[:1] = [ast.Pass()]
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return ast.Pass()
        return ast.Assign([node.target], node.value)


def text_of(function: object) -> str | None:
    """The text of a function, decorators included; None where there is none."""
    # By true types: a wrapper may pass for the function, its text included.
    if type(function) is property:
        function = function.fget
    if type(function) is not FunctionType:
        return None
    code = function.__code__
    return _cut_out(linecache.getlines(code.co_filename), code) or None


def _cut_out(lines: list[str], code: CodeType) -> str:
    """Lines of a function, from the first (a decorator) to the last indented as its body is."""
    first = code.co_firstlineno - 1
    if not 0 <= first < len(lines):
        return ""
    depth = _indentation(lines[first])
    # What stands before the last instruction belongs to it, as the end of a signature does.
    end = min(_last_line(code), len(lines))
    while end < len(lines) and (not lines[end].strip() or _indentation(lines[end]) > depth):
        end += 1
    # Blank lines behind it are the next one's.
    return "\n".join(line.rstrip() for line in lines[first:end]).rstrip()


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _last_line(code: CodeType) -> int:
    last = max(line for _, _, line in code.co_lines() if line is not None)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            last = max(last, _last_line(constant))
    return last
