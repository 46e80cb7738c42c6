"""Finds the value of a name: the one expression that is assigned to it in its scope.

No flow is followed. A name has a value where exactly one plain assignment binds it in the scope
that Python would look in; a parameter, a loop's target, a second assignment or a ``global``
anywhere makes it unknown. So a value that is found is the only one that the name ever has.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tornkit.routing.references.syntax import nodes_of_scope, parameters

ELSEWHERE = "_tt_elsewhere"
"""A call of it stands for code of other files that runs in the same scope (a template's
``{% include %}``), so that nothing in the scope is sure to be the only assignment."""


class Standing(enum.Enum):
    """Kind of binding of a name, as far as it is known."""

    FREE = "bound nowhere in the file"
    IMPORTED = "imported, and bound by nothing else"
    GIVEN = "a parameter, and bound by nothing else"
    VALUE = "assigned once"
    UNKNOWN = "bound in another way"


@dataclass(frozen=True)
class NameMeaning:
    """Meaning of a name: its standing, and the value or module if it has one.

    ``value`` is to be read in ``scope``; ``module`` is where an imported name comes from.
    """

    standing: Standing
    value: ast.expr | None = None
    scope: CodeScope | None = None
    module: str = ""


_FREE, _UNKNOWN = NameMeaning(Standing.FREE), NameMeaning(Standing.UNKNOWN)


class CodeScope:
    """A module, class or function, and the scopes around it."""

    def __init__(self, node: ast.AST, outer: CodeScope | None = None) -> None:
        self.node = node
        self.outer = outer

    def meaning(self, name: str) -> NameMeaning:
        """Meaning of ``name`` when code of this scope uses it."""
        scope: CodeScope | None = self
        while scope is not None:
            visible = scope is self or not isinstance(scope.node, ast.ClassDef)
            if visible and name in scope._bound:
                return scope._own_meaning(name)
            scope = scope.outer
        return _FREE

    def _own_meaning(self, name: str) -> NameMeaning:
        found = self._bound[name]
        if len(found) != 1 or name in self._module._rebound or self._shared:
            return _UNKNOWN
        match found[0]:
            case ast.Import() as statement:
                module = next(a.name for a in statement.names if _bound_by(a) == name)
                return NameMeaning(Standing.IMPORTED, module=module)
            case ast.ImportFrom(module=module, level=level):
                return NameMeaning(Standing.IMPORTED, module="." * level + (module or ""))
            case ast.arg():
                return NameMeaning(Standing.GIVEN)
            case ast.expr() as value:
                return NameMeaning(Standing.VALUE, value, self)
            case _:
                return _UNKNOWN

    @property
    def _module(self) -> CodeScope:
        return self if self.outer is None else self.outer._module

    @cached_property
    def _rebound(self) -> frozenset[str]:
        """Names that some function of the module declares ``global`` or ``nonlocal``."""
        return frozenset(
            name
            for node in ast.walk(self.node)
            if isinstance(node, ast.Global | ast.Nonlocal)
            for name in node.names
        )

    @cached_property
    def _shared(self) -> bool:
        """Whether code of other files binds names in this scope, too."""
        return any(
            (isinstance(node, ast.Name) and node.id == ELSEWHERE)
            or (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
            for node in nodes_of_scope(self.node)
        )

    @cached_property
    def _bound(self) -> dict[str, list[ast.AST]]:
        """Bindings of each name: the values that it is given, or whatever else binds it."""
        bound: dict[str, list[ast.AST]] = {}
        arguments = getattr(self.node, "args", None)
        if isinstance(arguments, ast.arguments):
            for parameter in parameters(arguments):
                bound.setdefault(parameter.arg, []).append(parameter)
        plain: dict[int, ast.expr] = {}  # id of a target -> what is assigned to it
        names: list[ast.Name] = []
        for node in nodes_of_scope(self.node):
            plain |= ((id(target), value) for target, value in _assigned(node))
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                names.append(node)
            for given in _otherwise_bound(node):
                bound.setdefault(given, []).append(node)
        for name in names:
            bound.setdefault(name.id, []).append(plain.get(id(name), name.ctx))
        return bound


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case ast.NamedExpr(target=target, value=value):
            yield target, value


def _otherwise_bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (_bound_by(alias) for alias in names)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case (
            ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield name


def _bound_by(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def strings(node: ast.expr, scope: CodeScope, depth: int = 5) -> Iterator[str | None]:
    """Every string that an expression may be; None for what is only known at run time.

    ``"a" if x else "b"`` -> ``"a"``, ``"b"``
    """
    match node:
        case ast.Constant(value=str(value)):
            yield value
        case ast.IfExp(body=body, orelse=orelse):
            yield from strings(body, scope, depth)
            yield from strings(orelse, scope, depth)
        case ast.NamedExpr(value=value):
            yield from strings(value, scope, depth)
        case ast.Name(id=name) if depth:
            meaning = scope.meaning(name)
            if meaning.value is None or meaning.scope is None:
                yield None
            else:
                yield from strings(meaning.value, meaning.scope, depth - 1)
        case _:
            yield None
