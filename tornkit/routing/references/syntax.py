"""Helpers for syntax trees, shared by the modules of this package."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

REVERSE_URL = "reverse_url"

_NOT_CALLED = re.compile(rb"\.\s*reverse_url\b(?!\s*\()")

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Unparsable(Exception):
    """Source that Python can't parse; the message is Python's, ``line`` the place, else 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse(source: str | bytes) -> ast.Module:
    """Parse a module's source into its syntax tree.

    :raises Unparsable: for a syntax error, a wrong encoding, or nesting that is too deep.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d": the user's own run says so already
        try:
            return ast.parse(source)
        except SyntaxError as error:
            raise Unparsable(error.msg, error.lineno or 1) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise Unparsable(str(error) or "too deeply nested", 1) from error


def lines_of_interest(source: bytes) -> tuple[int, ...] | None:
    """Lines that hold ``reverse_url``, ascending, if no others can hold a call of it.

    None where a ``reverse_url`` that is not called may be another name's value.
    """
    if _NOT_CALLED.search(source):
        return None
    text = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return tuple(n for n, line in enumerate(text.split(b"\n"), 1) if b"reverse_url" in line)


def children(node: ast.AST) -> list[ast.AST]:
    """Children as of `ast.iter_child_nodes`, in half the time, without contexts and operators."""
    found: list[ast.AST] = []
    for value in vars(node).values():
        if isinstance(value, list):
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.operator):
            found.append(value)
    return found


def last_name(node: ast.AST) -> str | None:
    """Last part of a dotted name: ``web.Application`` -> ``Application``; None for no such name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):  # a generic base class
            return last_name(value)
        case _:
            return None


def first_name(node: ast.AST) -> str | None:
    """First part of a dotted name: ``web.Application`` -> ``web``; None for no such name."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def is_reverse_url(node: ast.AST) -> bool:
    """Whether a node reads ``<anything>.reverse_url``."""
    return isinstance(node, ast.Attribute) and node.attr == REVERSE_URL


def is_partial(node: ast.AST) -> bool:
    """Whether a node is a call of `functools.partial` with something to call."""
    return isinstance(node, ast.Call) and last_name(node.func) == "partial" and bool(node.args)


def nodes_of_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that runs in a module's, class's or function's own scope, itself left out.

    Inner functions and classes are given, their bodies are not. Comprehensions count as part of
    the scope: what they bind is looked at more strictly than it has to be.
    """
    waiting = children(node)
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, ast.ClassDef):
            waiting += [*each.decorator_list, *each.bases, *each.keywords]
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*each.decorator_list, *_defaults(each.args)]
        elif isinstance(each, ast.Lambda):
            waiting += _defaults(each.args)
        else:
            waiting += children(each)


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters of a function, in no order that matters."""
    rest = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]
