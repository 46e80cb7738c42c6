"""The calls of ``reverse_url`` in a syntax tree, be it a module's or what a template becomes.

A call counts if what it asks can be Tornado's: ``self``, ``handler``, ``application`` and ``app``,
by these names or as attributes of each other (``self.handler.application``), whatever is
assigned from them, and in a template the bare ``reverse_url``. Followed are local names
(``url = self.reverse_url``) and `functools.partial`. Where a name such as ``app`` is known to
be something of another package, the call is left alone: it is not about Tornado's routes.
"""

from __future__ import annotations

import ast
import bisect
import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tornkit.routing.model import Source
from tornkit.routing.references.model import Receiver, Use
from tornkit.routing.references.scopes import CodeScope, NameMeaning, Standing, strings
from tornkit.routing.references.syntax import (
    REVERSE_URL,
    children,
    first_name,
    is_partial,
    is_reverse_url,
    last_name,
)

_BY_NAME = {
    "self": Receiver.SELF,
    "handler": Receiver.HANDLER,
    "application": Receiver.APPLICATION,
    "app": Receiver.APPLICATION,
}
# What reverse_url raises: for a name, for a number of arguments, for a keyword argument.
_RAISED = (KeyError, AssertionError, TypeError)
_DEPTH = 5  # assignments from assignments


def uses_in(
    tree: ast.Module,
    where: Callable[[int], Source],
    is_own: Callable[[str], bool],
    *,
    template: bool = False,
    lines: Sequence[int] | None = None,
) -> Iterator[Use]:
    """Every use of ``reverse_url`` in ``tree``, in the order of the text if that is a module's.

    :param where: the place of a line of ``tree``.
    :param is_own: whether a module of this name is the user's own or Tornado's.
    :param template: whether a bare ``reverse_url`` is a handler's.
    :param lines: the only lines where a use may be, ascending; None for all.
    """
    reader = _Reader(where, is_own, template, lines)
    scope = CodeScope(tree)
    yield from reader.below(tree, _At(scope))


def own_modules(files: Iterable[str]) -> Callable[[str], bool]:
    """Test whether a module is one of ``files`` or Tornado's, judged by its first name.

    Relative imports are the user's. Any folder's name may be that of a package: where it is not,
    a call is looked at that could have been left alone.
    """
    names = {"tornado", ""}
    for file in files:
        path = Path(file)
        names.update((path.stem, *path.parent.parts))
    return lambda module: module.partition(".")[0] in names


@dataclass(frozen=True)
class _At:
    """Place in the tree: the scope, the class around, and the exceptions looked out for."""

    scope: CodeScope
    within: str | None = None
    expects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Bound:
    """A ``reverse_url`` with the arguments that a partial has already given it."""

    asked: Receiver
    line: int
    names: tuple[str, ...] | None = None
    arguments: int | None = 0
    keywords: tuple[str, ...] = ()

    def given(self, call: ast.Call, arguments: list[ast.expr], scope: CodeScope) -> _Bound:
        """Copy with the arguments of one more call."""
        if any(isinstance(each, ast.Starred) for each in arguments[:1]) and self.names is None:
            return replace(self, names=(), arguments=None)
        names, count = self.names, self.arguments
        if names is None and arguments:
            names, arguments = _known(arguments[0], scope), arguments[1:]
        keywords = list(self.keywords)
        for keyword in call.keywords:
            if keyword.arg == "name" and names is None:
                names = _known(keyword.value, scope)
            elif keyword.arg is not None:
                keywords.append(keyword.arg)
            elif names is None:
                names = ()  # **what: the name may be among them
        starred = any(isinstance(each, ast.Starred) for each in arguments)
        count = None if starred or count is None else count + len(arguments)
        return replace(self, names=names, arguments=count, keywords=tuple(keywords))


def _known(node: ast.expr, scope: CodeScope) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in strings(node, scope) if name is not None))


class _Reader:
    """Walk over a syntax tree, for the uses of ``reverse_url`` in it."""

    def __init__(
        self,
        where: Callable[[int], Source],
        is_own: Callable[[str], bool],
        template: bool,
        lines: Sequence[int] | None,
    ) -> None:
        self._where = where
        self._is_own = is_own
        self._template = template
        self._lines = lines

    def below(self, node: ast.AST, at: _At) -> Iterator[Use]:
        """The uses under a node, its own left out."""
        for child in children(node):
            if self._lines is None or self._of_interest(child, self._lines):
                yield from self._in(child, at)

    def _of_interest(self, node: ast.AST, lines: Sequence[int]) -> bool:
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if first is None or last is None:
            return True
        for decorator in getattr(node, "decorator_list", ()):
            first = min(first, decorator.lineno)
        after = bisect.bisect_left(lines, first)
        return after < len(lines) and lines[after] <= last

    def _in(self, node: ast.AST, at: _At) -> Iterator[Use]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                # Decorators and defaults, too, in the inner scope: it sees all that they see.
                at = replace(at, scope=CodeScope(node, at.scope))
            case ast.ClassDef(name=name):
                at = replace(at, scope=CodeScope(node, at.scope), within=name)
            case ast.Try() | ast.TryStar():
                yield from self._tried(node, at)
                return
            case ast.With(items=items) | ast.AsyncWith(items=items):
                at = replace(at, expects=at.expects | _suppressed(items))
            case ast.Call():
                yield from self._call(node, at)
        yield from self.below(node, at)

    def _tried(self, node: ast.Try | ast.TryStar, at: _At) -> Iterator[Use]:
        inner = replace(at, expects=at.expects | _caught(node))
        for child in node.body:
            yield from self._in(child, inner)
        for rest in (*node.handlers, *node.orelse, *node.finalbody):
            yield from self._in(rest, at)

    def _call(self, node: ast.Call, at: _At) -> Iterator[Use]:
        called = self._bound(node.func, at.scope)
        if called is not None:
            given = called.given(node, node.args, at.scope)
            line = node.func.end_lineno or node.lineno
            yield self._use(given, line, at, judged=called.names is not None)
        elif is_partial(node):
            inner = self._bound(node.args[0], at.scope)
            if inner is not None and inner.names is None:
                given = inner.given(node, node.args[1:], at.scope)
                if given.names is not None:
                    yield self._use(replace(given, arguments=None), inner.line, at)

    def _use(self, given: _Bound, line: int, at: _At, *, judged: bool = False) -> Use:
        return Use(
            self._where(line),
            given.asked,
            given.names or (),
            # Without a name there is nothing to count for, and what is missing is the name.
            None if given.names == () else given.arguments,
            given.keywords,
            judged,
            at.within,
            at.expects,
        )

    def _bound(self, node: ast.expr, scope: CodeScope, depth: int = _DEPTH) -> _Bound | None:
        """Find the ``reverse_url`` that an expression stands for; None if it stands for none."""
        if isinstance(node, ast.Attribute) and is_reverse_url(node):
            asked = self._asked(node.value, scope, depth)
            return None if asked is None else _Bound(asked, node.end_lineno or node.lineno)
        if isinstance(node, ast.Call) and is_partial(node):
            inner = self._bound(node.args[0], scope, depth)
            return None if inner is None else inner.given(node, node.args[1:], scope)
        if isinstance(node, ast.Name):
            meaning = scope.meaning(node.id)
            if meaning.value is not None and meaning.scope is not None and depth:
                return self._bound(meaning.value, meaning.scope, depth - 1)
            if self._template and node.id == REVERSE_URL and meaning.standing is Standing.FREE:
                return _Bound(Receiver.TEMPLATE, node.lineno)
        return None

    def _asked(self, node: ast.expr, scope: CodeScope, depth: int) -> Receiver | None:
        """Receiver of a call of an attribute of ``node``; None if it can't be Tornado's."""
        match node:
            case ast.Attribute(attr=attr, value=value) if attr != "self" and attr in _BY_NAME:
                return _BY_NAME[attr] if self._asked(value, scope, depth) is not None else None
            case ast.Name(id="self") | ast.Call(func=ast.Name(id="super"), args=[]):
                return None if self._template else Receiver.SELF
            case ast.Name(id=name):
                return self._named(name, scope.meaning(name), depth)
            case _:
                return None

    def _named(self, name: str, meaning: NameMeaning, depth: int) -> Receiver | None:
        usual = _BY_NAME.get(name)
        if self._template and name != "handler":
            usual = None
        if meaning.standing is Standing.IMPORTED:
            return usual if self._is_own(meaning.module) else None
        if meaning.value is None or meaning.scope is None:
            return usual
        if usual is not None and self._makes_application(meaning.value, meaning.scope):
            return usual
        return self._asked(meaning.value, meaning.scope, depth - 1) if depth else None

    def _makes_application(self, value: ast.expr, scope: CodeScope) -> bool:
        """Whether ``value`` is a call that makes a Tornado application, judged by its name.

        ``Application(...)``, ``make_app()``; not a call of what another package defines.
        """
        if isinstance(value, ast.Await):
            value = value.value
        if not isinstance(value, ast.Call) or "app" not in (last_name(value.func) or "").lower():
            return False
        first = scope.meaning(first_name(value.func) or "")
        return first.standing is not Standing.IMPORTED or self._is_own(first.module)


def _caught(node: ast.Try | ast.TryStar) -> frozenset[str]:
    """Names of the exceptions of ``reverse_url`` that a ``try`` expects.

    One that is named is expected. A handler for everything says so only where the ``try`` holds
    nothing else: a whole method in ``except Exception`` does not make a wrong name right.
    """
    alone = len([each for each in node.body if not isinstance(each, ast.Pass)]) == 1
    names: set[str] = set()
    for handler in node.handlers:
        names |= _meant(handler.type, broad=alone)
    return frozenset(names)


def _suppressed(items: list[ast.withitem]) -> frozenset[str]:
    """Names of exceptions that a ``with`` expects: ``suppress(KeyError)``, ``raises(KeyError)``."""
    names: set[str] = set()
    for item in items:
        if isinstance(item.context_expr, ast.Call):
            for argument in item.context_expr.args:
                if isinstance(argument, ast.Name | ast.Attribute | ast.Tuple):
                    names |= _meant(argument, broad=True)
    return frozenset(names)


def _meant(node: ast.expr | None, *, broad: bool) -> set[str]:
    """Names of the exceptions of `_RAISED` that an except clause for the type ``node`` catches.

    None, a bare ``except:``, counts as ``BaseException``; that and ``Exception`` are taken to catch
    them only if ``broad``.
    """
    if isinstance(node, ast.Tuple):
        return set().union(*(_meant(each, broad=broad) for each in node.elts))
    known = BaseException if node is None else getattr(builtins, last_name(node) or "", None)
    if not (isinstance(known, type) and issubclass(known, BaseException)):
        return set()
    if known in (Exception, BaseException) and not broad:
        return set()
    return {each.__name__ for each in _RAISED if issubclass(each, known)}
