"""Finds the line on which each rule is written.

Tornado does not note it. So the user's own files are read for rules (`declaration`), and each
route looks for the one that has its pattern and its handler: by the object that the handler's
name stands for in that file where the module is loaded, else by the name. Two routes of the same
pattern and handler are told apart by their names, or, in one router, by the order in which both
stand. Where that leaves a choice, a route has no line rather than a guessed one.
"""

from __future__ import annotations

import ast
import enum
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from tornkit.ownership import file_of, real
from tornkit.routing.conditions import CustomCondition, HostCondition, PathCondition
from tornkit.routing.model import Origin, Route, RouteTable, Source, TargetKind
from tornkit.routing.reading.declaration import Brackets, brackets
from tornkit.routing.reading.source import dotted_name

# Whose first argument is a pattern, whatever the others are. Of other calls (`self.redirect("/")`)
# only one that is given the handler declares a route.
_MAKERS = {"url", "URLSpec", "Rule", "PathMatches", "HostMatches", "add_handlers"}
_MISSING = object()
_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class _Fit(enum.IntEnum):
    """Whether a rule in a file is that of a route, as far as the handler tells."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True)
class _Candidate:
    """A rule written in a file, which may be that of a route.

    ``decorates`` is what stands below it, where it is a decorator; ``names`` are the module's own.
    """

    file: str
    rule: Brackets
    decorates: _Definition | None
    names: Mapping[str, Any]

    @property
    def source(self) -> Source:
        return Source(self.file, self.rule.pattern.lineno)

    @property
    def behind(self) -> list[ast.expr]:
        """Expressions that follow the pattern."""
        if not isinstance(self.rule.node, ast.Call):
            return self.rule.node.elts[1:]
        first = (self.rule.pattern, *self.rule.within)
        named = (each.value for each in self.rule.node.keywords if each.value not in first)
        return [*self.rule.node.args[1:], *named]

    @property
    def texts(self) -> set[str]:
        """Strings behind the pattern, of which one may be the route's name."""
        constants = (each.value for each in self.behind if isinstance(each, ast.Constant))
        return {value for value in constants if isinstance(value, str)}

    @property
    def is_a_rule(self) -> bool:
        """Whether its form alone says that it declares a route."""
        node = self.rule.node
        if isinstance(node, ast.Call):
            return self.decorates is not None or _last_name(node.func) in _MAKERS
        return len(self.behind) in (1, 2, 3)  # as `RuleRouter.add_rules` asserts


def with_declarations(table: RouteTable) -> RouteTable:
    """Table whose routes have the lines on which they are declared, as far as these can be found.

    Reads ``table.places.python``.
    """
    found = _found(table)
    for route, original in _copies(table):
        if original in found:
            found[route] = found[original]
    routes = (
        replace(route, declared=found[route.index]) if route.index in found else route
        for route in table.routes
    )
    return replace(table, routes=tuple(routes))


def _found(table: RouteTable) -> dict[int, Source]:
    """Lines on which routes are declared, by the route's index."""
    by_pattern: defaultdict[str, list[Route]] = defaultdict(list)
    for route in table.routes:
        pattern = _pattern(route)
        if pattern is not None and route.origin is not Origin.TORNADO and not route.is_copy:
            by_pattern[pattern].append(route)
    candidates = _candidates(table.places.python, by_pattern)
    found: dict[int, Source] = {}
    for pattern, routes in by_pattern.items():
        found |= _assigned(routes, candidates.get(pattern, []))
    return found


def _pattern(route: Route) -> str | None:
    match route.condition:
        case PathCondition(regex) | HostCondition(regex):
            return regex.pattern
        case CustomCondition(pattern=pattern):
            return pattern
        case _:
            return None


def _copies(table: RouteTable) -> Iterator[tuple[int, int]]:
    """Index of a copy under ``default_host``, and of the route that it is a copy of.

    ``Application.add_handlers`` makes both lists of the same handlers.
    """
    by_scope: defaultdict[int, list[Route]] = defaultdict(list)
    origins: dict[int, int] = {}
    for route in table.routes:
        for scope in route.scopes:
            by_scope[scope.number].append(route)
            if scope.copy_of is not None:
                origins[scope.number] = scope.copy_of
    for copy, original in origins.items():
        if len(by_scope[copy]) == len(by_scope[original]):
            for one, other in zip(by_scope[copy], by_scope[original], strict=True):
                yield one.index, other.index


# ---- what the files hold ----


def _candidates(
    files: Iterable[str], patterns: Mapping[str, object]
) -> dict[str, list[_Candidate]]:
    """Rules in the files, by the pattern of the regex that Tornado would make of them."""
    found: defaultdict[str, list[_Candidate]] = defaultdict(list)
    modules = _loaded()
    for file in files:
        try:
            tree = ast.parse(Path(file).read_bytes())
        except (OSError, SyntaxError, ValueError):  # gone, or edited since it was imported
            continue
        below = _decorated(tree)
        names = modules[file] if file in modules else _constants(tree)
        for rule in brackets(tree):
            for pattern in _compiled(rule, names):
                if pattern in patterns:
                    found[pattern].append(_Candidate(file, rule, below.get(rule.node), names))
    return found


def _loaded() -> dict[str, Mapping[str, Any]]:
    """The names of each loaded module, by its file."""
    found: dict[str, Mapping[str, Any]] = {}
    for module in list(sys.modules.values()):
        file = file_of(module)
        if file is not None and isinstance(module, ModuleType):
            found[real(file)] = vars(module)
    return found


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Constant texts of a file, for a program, of which no module is left to look into."""
    found: dict[str, Any] = {}
    names = Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                text = _text(value, found)
                if text is not None and names[name] == 1:
                    found[name] = text
            case _:
                pass
    return found


def _decorated(tree: ast.AST) -> dict[ast.expr, _Definition]:
    return {
        decorator: node
        for node in ast.walk(tree)
        if isinstance(node, _Definition)
        for decorator in node.decorator_list
    }


def _compiled(rule: Brackets, names: Mapping[str, Any]) -> tuple[str, ...]:
    """Patterns of the regexes that Tornado may make of a rule.

    A string gets a ``$`` unless it ends in one; ``re.compile`` says exactly what it means.
    """
    text = _text(rule.pattern, names)
    if text is None:
        return ()
    calls = (rule.node, *rule.within)
    compiled = any(isinstance(c, ast.Call) and _last_name(c.func) == "compile" for c in calls)
    return (text,) if compiled or text.endswith("$") else (f"{text}$", text)


def _text(expression: ast.expr, names: Mapping[str, Any]) -> str | None:
    """Value of a string that is put together from constants of the module; None for all else."""
    match expression:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            parts = [_text(value, names) for value in values]
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return _text(value, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [_text(left, names), _text(right, names)]
        case ast.Name() | ast.Attribute():
            found = _looked_up(expression, names)
            return str(found) if type(found) in (str, int) else None
        case _:
            return None
    return None if None in parts else "".join(part for part in parts if part is not None)


# ---- which of them is a route's ----


def _assigned(routes: Sequence[Route], candidates: Sequence[_Candidate]) -> dict[int, Source]:
    """Lines of the routes of one pattern, by index, from the rules that have it."""
    groups: defaultdict[tuple[str, int], list[Route]] = defaultdict(list)
    for route in routes:
        groups[route.target.name, id(route.target.live)].append(route)
    fits = {
        key: [(candidate, _fit(candidate, group[0])) for candidate in candidates]
        for key, group in groups.items()
    }
    sure = {id(each) for pairs in fits.values() for each, fit in pairs if fit is _Fit.YES}
    found: dict[int, Source] = {}
    for key, group in groups.items():
        own = [each for each, fit in fits[key] if fit is _Fit.YES]
        left = [each for each, fit in fits[key] if fit is _Fit.MAYBE and id(each) not in sure]
        found |= _by_name(group, own or left)
    return found


def _by_name(routes: Sequence[Route], candidates: Sequence[_Candidate]) -> dict[int, Source]:
    """Lines of routes of one pattern and handler: a rule with a route's name goes to that route."""
    groups: defaultdict[str | None, list[Route]] = defaultdict(list)
    for route in routes:
        groups[route.name].append(route)
    named = {name: [each for each in candidates if name in each.texts] for name in groups}
    taken = {id(each) for pool in named.values() for each in pool}
    rest = [each for each in candidates if id(each) not in taken]
    found: dict[int, Source] = {}
    for name, group in groups.items():
        found |= _in_order(group, named[name] or rest)
    return found


def _in_order(routes: Sequence[Route], candidates: Sequence[_Candidate]) -> dict[int, Source]:
    """Lines of routes that nothing else tells apart, by their order and that of the rules.

    One rule may make several routes (a loop, two hosts); several make theirs in order.
    """
    sources = sorted({each.source for each in candidates}, key=lambda each: each.line)
    if len(sources) == 1:
        return {route.index: sources[0] for route in routes}
    together = len({each.file for each in sources}) == len({each.router for each in routes}) == 1
    if together and len(sources) == len(routes):
        return {route.index: source for route, source in zip(routes, sources, strict=True)}
    return {}


def _fit(candidate: _Candidate, route: Route) -> _Fit:
    below = candidate.decorates
    if below is not None and below.name == route.target.short_name:
        return _Fit.YES
    fits = [_names(expression, candidate, route) for expression in candidate.behind]
    if _Fit.YES in fits:
        return _Fit.YES
    if not candidate.is_a_rule:
        return _Fit.NO
    if below is not None:  # a class that is not the handler; a function may be made into one
        return _Fit.NO if isinstance(below, ast.ClassDef) else _Fit.MAYBE
    return fits[0] if fits else _Fit.MAYBE  # `at = PathMatches("/x")`, used further down


def _names(expression: ast.expr, candidate: _Candidate, route: Route) -> _Fit:
    """Whether an expression stands for the route's target."""
    match expression:
        case ast.Constant(value=str(dotted)):
            return _Fit.YES if dotted == route.target.name else _Fit.NO
        case ast.Name() | ast.Attribute():
            found = _looked_up(expression, candidate.names)
            if found is not _MISSING:
                return _Fit.YES if _is_target(found, route) else _Fit.NO
        case ast.Constant():
            return _Fit.NO
        case _:
            pass
    called = expression.func if isinstance(expression, ast.Call) else expression
    return _Fit.YES if _last_name(called) == route.target.short_name else _Fit.MAYBE


def _is_target(found: object, route: Route) -> bool:
    if route.target.live is not None:
        return found is route.target.live
    if route.opens is not None or route.target.kind is TargetKind.NOTHING:
        return isinstance(found, list | tuple) or dotted_name(found) == route.target.name
    return dotted_name(found) == route.target.name


def _looked_up(expression: ast.expr, names: Mapping[str, Any]) -> object:
    """Value of ``name`` or ``module.name``, without running any code of the module's."""
    match expression:
        case ast.Name(id=name):
            return names.get(name, _MISSING)
        case ast.Attribute(value=owner, attr=name):
            found = _looked_up(owner, names)
            if isinstance(found, ModuleType | type):
                return vars(found).get(name, _MISSING)
        case _:
            pass
    return _MISSING


def _last_name(expression: ast.expr) -> str | None:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None
