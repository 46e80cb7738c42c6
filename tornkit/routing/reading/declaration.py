"""Positions of a file's rules: the call or tuple around each pattern, and class heads.

``url(r"/a", A)``, ``(r"/a", A)``, ``Rule(PathMatches(r"/a"), A)``, ``@route(r"/a")`` and
``add_handlers(r"a\\.com", [...])`` have this in common: the first thing in the brackets is the
pattern, as text or as the first argument of a call. Read from the syntax tree, so that a line
number and a pattern give the lines that belong to the rule and the string to edit.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_FIRST_KEYWORDS = ("pattern", "matcher", "path_pattern", "host_pattern", "path", "regex")


@dataclass(frozen=True)
class Declaration:
    """One rule: its lines, both counted in, and the pattern as a node with its own position."""

    first: int
    last: int
    pattern: ast.Constant

    @property
    def lines(self) -> range:
        """Lines of the file that the rule's declaration stands on."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class Brackets:
    """A call, tuple or list that may be a rule, since something stands first in it.

    ``pattern`` is that first thing, or what is in the calls around it (``within``, outermost
    first: ``PathMatches(re.compile(r"/a"))``).
    """

    node: ast.Call | ast.Tuple | ast.List
    pattern: ast.expr
    within: tuple[ast.Call, ...] = ()


@dataclass(frozen=True)
class Declarations:
    """Declarations of a file: rules by pattern text, heads of classes by the line of ``class``.

    ``computed`` are the lines of rules whose pattern is no plain string, by the pattern's line.
    """

    rules: dict[str, tuple[Declaration, ...]]
    heads: dict[int, range]
    computed: dict[int, range]

    def around(self, line: int, pattern: str) -> tuple[Declaration, ...]:
        """The innermost rules of that pattern that stand on ``line``; mostly one.

        :param pattern: the regex's text; Tornado may have appended a ``$``.
        """
        texts = {pattern, pattern.removesuffix("$")}
        found = [each for text in texts for each in self.rules.get(text, ()) if line in each.lines]
        least = min((len(each.lines) for each in found), default=0)
        return tuple(each for each in found if len(each.lines) == least)


def declarations(tree: ast.AST) -> Declarations:
    """Find the declarations of rules and the heads of classes in a parsed file."""
    rules: dict[str, list[Declaration]] = {}
    heads: dict[int, range] = {}
    computed: dict[int, range] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            heads[node.lineno] = _head(node)
    for each in brackets(tree):
        match each:
            case Brackets(node=node, pattern=ast.Constant(value=str(text)) as pattern):
                declared = Declaration(node.lineno, node.end_lineno or node.lineno, pattern)
                rules.setdefault(text, []).append(declared)
            case Brackets(pattern=ast.Tuple() | ast.List()):
                pass  # a list of rules is none of them
            case Brackets(node=node, pattern=pattern):  # inner ones come later, and stay
                computed[pattern.lineno] = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return Declarations({text: tuple(found) for text, found in rules.items()}, heads, computed)


def _head(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    """Lines of a head, from the first decorator up to the body; at least the line of ``class``."""
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return range(first, max(node.lineno + 1, node.body[0].lineno))


def brackets(tree: ast.AST) -> Iterator[Brackets]:
    """Brackets that may be rules; outer ones come before those in them."""
    inner: set[ast.AST] = set()  # the re.compile(...) of a rule is no rule of its own
    for node in ast.walk(tree):
        if isinstance(node, ast.Call | ast.Tuple | ast.List) and node not in inner:
            pattern = next(_first(node), None)
            within: list[ast.Call] = []
            while isinstance(pattern, ast.Call) and _makes_a_pattern(pattern):
                within.append(pattern)
                pattern = next(_first(pattern), None)
            if pattern is not None and not isinstance(pattern, ast.Call):
                inner.update(within)
                yield Brackets(node, pattern, tuple(within))


def _makes_a_pattern(call: ast.Call) -> bool:
    """Whether a call is a rule's pattern, its first element, and no rule itself.

    By its name, or because it has no room for a handler.
    """
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            named = name == "compile" or name.endswith("Matches")
        case _:
            named = False
    return named or len(call.args) + len(call.keywords) == 1


def _first(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Call(args=[first, *_]):
            yield first
        case ast.Call(keywords=keywords):
            yield from (each.value for each in keywords if each.arg in _FIRST_KEYWORDS)
        case ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_]):
            yield first
        case _:
            pass
