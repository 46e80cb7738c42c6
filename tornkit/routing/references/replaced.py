"""Search for functions of the user's own that are called ``reverse_url``.

A method of a handler or application (mostly one that adds a prefix to what Tornado gives), a UI
method of that name, one that is handed to a template, one that is assigned. Whether a class is a
handler is a question of its bases: they are followed by name through the user's own classes, and
a class that stands alone concerns nobody but itself. A method that hands its name on to
another ``reverse_url`` as it is, without catching what that raises, changes nothing about which
names are right.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tornkit.routing.model import Source
from tornkit.routing.references.model import Forwards, Receiver, Replacement
from tornkit.routing.references.syntax import (
    REVERSE_URL,
    Function,
    children,
    is_reverse_url,
    last_name,
)

_Trees = Mapping[str, ast.Module]  # by absolute file
_Bases = Mapping[str, frozenset[str]]  # a class's last name -> those of its bases

_TEMPLATES = frozenset({Receiver.TEMPLATE})
_HANDLERS = frozenset({Receiver.TEMPLATE, Receiver.HANDLER})
_EVERYBODY = frozenset(Receiver)
_CLASS = re.compile(r"^[ \t]*class\s+(\w+)\s*\(([^()]*)", re.MULTILINE)
# In the names of bases: whose reverse_url all handlers ask in the end.
_ASKED_BY_ALL = ("app", "router")


def replacements(
    trees: _Trees, others: Callable[[], Iterable[str]], is_own: Callable[[str], bool]
) -> tuple[Replacement, ...]:
    """Every replacement of Tornado's ``reverse_url`` that these files hold.

    :param trees: of all files that give something the name.
    :param others: gives the text of all other files, whose classes may stand between a
        replacement and a call; asked only if a class has one.
    :param is_own: whether a module is the user's own or Tornado's.
    """
    found = [
        each
        for file, tree in trees.items()
        for each in _ReplacementFinder(file, is_own).below(tree, _TOP)
    ]
    if not any(each.within for each in found):
        return tuple(each.replacement({}) for each in found)
    bases: dict[str, frozenset[str]] = {}
    for name, above in (*_classes_in_trees(trees.values()), *_classes_in_texts(others())):
        # Two classes of one name count as one that has the bases of both.
        bases[name] = bases.get(name, frozenset()) | above - {"object"}
    return tuple(each.replacement(bases) for each in found)


def own_matchers(trees: _Trees) -> tuple[Source, ...]:
    """Positions of the ``reverse`` methods in matcher classes (a base's name holds ``Match``)."""
    return tuple(
        Source(file, method.lineno)
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any("Match" in (last_name(base) or "") for base in node.bases)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "reverse"
    )


@dataclass(frozen=True)
class _Found:
    """A replacement of ``reverse_url``, as found in a file.

    ``within`` is the class that has it; without one, ``asked`` counts.
    """

    source: Source
    label: str
    within: str | None
    forwards: Forwards
    asked: frozenset[Receiver]

    def replacement(self, bases: _Bases) -> Replacement:
        if self.within is None:
            return Replacement(self.source, self.label, self.forwards, self.asked)
        family = _descendants(self.within, bases)
        asked = _asked_of(family, bases)
        return Replacement(self.source, self.label, self.forwards, asked, family)


@dataclass(frozen=True)
class _ReplacedAt:
    """Place in a tree: the innermost class, and whether this is its body itself."""

    within: str | None = None
    body: bool = False

    @property
    def owner(self) -> str | None:
        """Class that has the definitions made here."""
        return self.within if self.body else None


_TOP = _ReplacedAt()


@dataclass(frozen=True)
class _ReplacementFinder:
    """Search for replacements in one file's tree."""

    file: str
    is_own: Callable[[str], bool]

    def below(self, node: ast.AST, at: _ReplacedAt) -> Iterator[_Found]:
        for child in children(node):
            inner = at
            match child:
                case ast.ClassDef(name=name):
                    inner = _ReplacedAt(name, body=True)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    inner = replace(at, body=False)
                    if name == REVERSE_URL:
                        forwards = _forwards(child, method=at.owner is not None)
                        yield self._defined(child.lineno, "the function", at.owner, forwards)
                case ast.Lambda():
                    inner = replace(at, body=False)
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        yield from self._assigned(target, value, at)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    yield from self._assigned(target, value, at)
                case ast.ImportFrom():
                    yield from self._imported(child)
                case _:
                    yield from self._handed_over(child)
            yield from self.below(child, inner)

    def _defined(self, line: int, what: str, owner: str | None, forwards: Forwards) -> _Found:
        label = f"{owner}.{REVERSE_URL}" if owner else f"{what} {REVERSE_URL}"
        return _Found(Source(self.file, line), label, owner, forwards, _TEMPLATES)

    def _elsewhere(
        self, line: int, what: str, forwards: Forwards, asked: frozenset[Receiver]
    ) -> _Found:
        return _Found(Source(self.file, line), f"{what} {REVERSE_URL}", None, forwards, asked)

    def _assigned(self, target: ast.expr, value: ast.expr, at: _ReplacedAt) -> Iterator[_Found]:
        """Replacement that an assignment makes, if it makes one.

        ``reverse_url = x``, ``self.reverse_url = x``, ``namespace["reverse_url"] = x``
        """
        forwards = _forwards_value(value)
        if forwards is None:
            return
        line = target.end_lineno or target.lineno
        match target:
            case ast.Name(id=name) if name == REVERSE_URL:
                yield self._defined(line, "the variable", at.owner, forwards)
            case ast.Attribute(attr=name, value=ast.Name(id="self")) if (
                name == REVERSE_URL and at.within
            ):
                yield self._defined(line, "", at.within, forwards)
            case ast.Attribute(attr=name) if name == REVERSE_URL:
                yield self._elsewhere(line, "the assigned", forwards, _EVERYBODY)
            case ast.Subscript(slice=ast.Constant(value=name)) if name == REVERSE_URL:
                yield self._elsewhere(line, "the item", forwards, _TEMPLATES)

    def _imported(self, node: ast.ImportFrom) -> Iterator[_Found]:
        """Replacement that another module defines.

        One in a module of the user's own is looked at there, by its name.
        """
        own = node.level > 0 or self.is_own(node.module or "")
        for alias in node.names:
            if (alias.asname or alias.name) == REVERSE_URL and not (
                own and alias.name == REVERSE_URL
            ):
                what, nothing = f"{node.module or '.'}'s", Forwards.NOTHING
                yield self._elsewhere(node.lineno, what, nothing, _TEMPLATES)

    def _handed_over(self, node: ast.AST) -> Iterator[_Found]:
        """Replacement that is given to a template, to a dictionary, or to ``setattr``."""
        given: list[tuple[ast.expr, frozenset[Receiver], str]] = []
        match node:
            case ast.keyword(arg=name, value=value) if name == REVERSE_URL:
                given.append((value, _TEMPLATES, "the argument"))
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == REVERSE_URL:
                        given.append((value, _TEMPLATES, "the item"))
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=name), value]):
                if name == REVERSE_URL:
                    given.append((value, _EVERYBODY, "the assigned"))
            case ast.Call(
                func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=name), value]
            ) if name == REVERSE_URL:
                given.append((value, _TEMPLATES, "the item"))
        for value, asked, what in given:
            forwards = _forwards_value(value)
            if forwards is not None:
                yield self._elsewhere(value.lineno, what, forwards, asked)


def _forwards_value(value: ast.expr) -> Forwards | None:
    """Arguments that a new ``reverse_url`` hands on; None if it is another ``reverse_url``."""
    if is_reverse_url(value) or (isinstance(value, ast.Name) and value.id == REVERSE_URL):
        return None  # another's, which is looked at where it is defined
    return _forwards(value, method=False) if isinstance(value, ast.Lambda) else Forwards.NOTHING


def _forwards(function: Function, *, method: bool) -> Forwards:
    """Arguments that a replacement hands on to another ``reverse_url``.

    ``def reverse_url(self, name, *args): return "/blog" + super().reverse_url(name, *args)`` is
    `Forwards.ALL`. The name has to be a parameter that is used for nothing else.
    """
    if any(isinstance(node, ast.Try | ast.TryStar) for node in ast.walk(function)):
        return Forwards.NOTHING
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args)]
    # A method is called with the name behind self, a UI method behind the handler.
    candidates = names[1:2] if method else names[:2]
    uses = [node.id for node in ast.walk(function) if isinstance(node, ast.Name)]
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and is_reverse_url(node.func)):
            continue
        match node.args:
            case [ast.Name(id=name), *more] if name in candidates and uses.count(name) == 1:
                return Forwards.ALL if _all_the_rest(given, name, more, uses) else Forwards.NAME
            case [ast.Starred(value=ast.Name(id=name))] if (
                given.vararg is not None and name == given.vararg.arg and uses.count(name) == 1
            ):
                return Forwards.ALL if len(names) == int(method) else Forwards.NOTHING
    return Forwards.NOTHING


def _all_the_rest(given: ast.arguments, name: str, more: list[ast.expr], uses: list[str]) -> bool:
    """Whether a call passes the function's ``*args`` unchanged behind the name, and no more."""
    match more, given.vararg:
        case [ast.Starred(value=ast.Name(id=rest))], ast.arg(arg=own):
            last = [*given.posonlyargs, *given.args][-1].arg
            return rest == own and uses.count(own) == 1 and last == name
        case _:
            return False


def _classes_in_trees(trees: Iterable[ast.Module]) -> Iterator[tuple[str, frozenset[str]]]:
    """Every class with the last names of its bases."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                # What can't be named (a call that makes a class) is something: not alone.
                named = (last_name(base) or "(unknown)" for base in node.bases)
                yield node.name, frozenset(named)


def _classes_in_texts(texts: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Every class with the last names of its bases, by regex: hundreds of trees take seconds."""
    for text in texts:
        for found in _CLASS.finditer(text):
            named = (base.strip().rpartition(".")[2] for base in found[2].split(","))
            yield found[1], frozenset(base for base in named if base.isidentifier())


def _descendants(name: str, bases: _Bases) -> frozenset[str]:
    family = {name}
    while more := {each for each, above in bases.items() if above & family} - family:
        family |= more
    return frozenset(family)


def _asked_of(family: frozenset[str], bases: _Bases) -> frozenset[Receiver]:
    """Receivers that a method of these classes answers for, beside ``self``, by the bases."""
    above = set(family)
    while more := {base for each in above for base in bases.get(each, ())} - above:
        above |= more
    # A class may be called as its base in another module: `class Application(web.Application)`.
    roots = [each.lower() for each in above if each in bases.get(each, {each})]
    if any(word in root for root in roots for word in _ASKED_BY_ALL):
        return _EVERYBODY
    return _HANDLERS if roots else frozenset()
