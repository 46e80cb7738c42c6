"""Follows a call through decorators and overriding methods to the arguments that arrive.

``functools.wraps`` makes a wrapper look like what it wraps, but it may well call that with other
arguments (``method(self, user, *args, **kwargs)``). Of Tornado's own wrappers it is known that they
pass on what they get. Of others the call is read from the syntax tree: where it is plain what the
arguments become, they are followed; where it is not (a ``kwargs`` that is changed, a method that is
called in two ways, or handed to somebody else), nothing is claimed.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

from tornkit.routing.handlers.fits import unfit
from tornkit.routing.handlers.slashes import Gate
from tornkit.routing.model import Parameter
from tornkit.routing.reading.signatures import SignatureReader, held_function

_TORNADOS: dict[tuple[str, str], Gate | None] = {
    ("web.py", "authenticated.<locals>.wrapper"): None,
    ("web.py", "removeslash.<locals>.wrapper"): Gate.REMOVESLASH,
    ("web.py", "addslash.<locals>.wrapper"): Gate.ADDSLASH,
    ("gen.py", "coroutine.<locals>.wrapper"): None,
}
# What a wrapper may do with its **kwargs that leaves them as they are.
_READING = {"get", "items", "keys", "values", "copy"}
_MOST_LAYERS = 50  # a user's __wrapped__ may go round in circles


@dataclass(frozen=True)
class Given:
    """A call's arguments: ``count`` by position, no ``self``, and one for each of ``names``."""

    count: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Misfit:
    """A call that can't be made: the ``problem``, as of `unfit`, of a function with ``parameters``.

    ``given`` is what arrives there, past ``gates``. Not ``sure`` if a decorator may call it in
    another way.
    """

    problem: str
    parameters: tuple[Parameter, ...]
    given: Given
    sure: bool = True
    gates: tuple[Gate, ...] = ()


@functools.lru_cache(maxsize=4096)
def misfit(cls: type, name: str, given: Given) -> Misfit | None:
    """Misfit of a call of method ``name`` with arguments ``given``, followed through decorators.

    None if the call can be made, or if Python can't tell what the method takes.
    """
    reader = SignatureReader()
    function: object = getattr(cls, name, None)
    parameters = reader.method(cls, name, follow=False)[0]
    gates: tuple[Gate, ...] = ()
    for _ in range(_MOST_LAYERS):
        if parameters is None:  # an object that decorates
            return _unsure_misfit(reader.method(cls, name)[0], given, gates)
        problem = unfit(parameters, given.count, given.names)
        if problem is not None:
            return Misfit(problem, parameters, given, gates=gates)
        inner = held_function(function)
        if inner is None:
            return None
        handed = _to_inner(function, inner, given)
        if handed is None:
            return _unsure_misfit(reader.method(cls, name)[0], given, gates)
        gate = _TORNADOS.get(_written(function))
        gates = gates if gate is None else (*gates, gate)
        function, given = inner, handed
        parameters = reader.unbound(inner)
    return None


def _unsure_misfit(
    parameters: tuple[Parameter, ...] | None, given: Given, gates: tuple[Gate, ...]
) -> Misfit | None:
    """A misfit that is checked against the visible signature only."""
    if parameters is None:
        return None
    problem = unfit(parameters, given.count, given.names)
    return None if problem is None else Misfit(problem, parameters, given, False, gates)


def to_tornado(cls: type, name: str, given: Given) -> Given | None:
    """Arguments that Tornado's own method of that name gets if every override calls ``super()``.

    None if one does not, or does it in a way that can't be followed.
    """
    handed: Given | None = given
    for base in cls.__mro__:
        if handed is None or base.__module__.partition(".")[0] == "tornado":
            return handed
        if name in vars(base):
            handed = _to_super(vars(base)[name], name, handed)
    return None


def _to_super(function: object, name: str, given: Given) -> Given | None:
    for _ in range(_MOST_LAYERS):
        inner = held_function(function)
        if inner is None:
            break
        handed = _to_inner(function, inner, given)
        if handed is None:
            return None
        function, given = inner, handed
    node = _definition(function)
    return _handed(node, lambda f: _is_super(f, name), given, bound=True) if node else None


def _to_inner(wrapper: object, inner: FunctionType, given: Given) -> Given | None:
    if not isinstance(wrapper, FunctionType):
        return None
    if _written(wrapper) in _TORNADOS:
        return given
    names = _cells(wrapper, inner)
    node = _definition(wrapper)
    if node is None or not names:
        return None
    return _handed(node, lambda f: isinstance(f, ast.Name) and f.id in names, given)


def _written(function: object) -> tuple[str, str]:
    """File and qualified name of a function of Tornado's; both empty for any other."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return "", ""
    path = Path(code.co_filename)
    return (path.name, code.co_qualname) if path.parent.name == "tornado" else ("", "")


def _cells(wrapper: FunctionType, inner: FunctionType) -> set[str]:
    """Names of the wrapper's closure variables that hold the wrapped function."""
    found = set()
    for name, cell in zip(wrapper.__code__.co_freevars, wrapper.__closure__ or (), strict=True):
        try:
            if cell.cell_contents is inner:
                found.add(name)
        except ValueError:  # not bound yet
            continue
    return found


@functools.cache
def _tree(file: str) -> ast.Module | None:
    try:
        return ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def _definition(function: object) -> _Definition | None:
    code = getattr(function, "__code__", None)
    tree = _tree(code.co_filename) if isinstance(code, CodeType) else None
    if code is None or tree is None:
        return None
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, _Definition)
        and node.name == code.co_name
        and min([node.lineno, *(each.lineno for each in node.decorator_list)])
        == code.co_firstlineno
    ]
    return found[0] if len(found) == 1 else None


# ---- reading one function ----


def _handed(
    node: _Definition,
    is_callee: Callable[[ast.expr], bool],
    given: Given,
    *,
    bound: bool = False,
) -> Given | None:
    """Arguments that the callee gets when the function gets ``given``; None if that is not plain.

    :param bound: the callee has its ``self`` already, as ``super().get`` does.
    """
    body = [each for statement in node.body for each in ast.walk(statement)]
    calls = [each for each in body if isinstance(each, ast.Call) and is_callee(each.func)]
    looked_at = {id(each) for part in body for each in _looked_at(part)}
    mentions = [
        each
        for each in body
        if isinstance(each, ast.expr) and is_callee(each) and id(each) not in looked_at
    ]
    if len(calls) != len(mentions) or _changes(body, node.args):
        return None
    shapes = {_shape(call, node.args) for call in calls}
    shape = shapes.pop() if len(shapes) == 1 else None
    if shape is None:
        return None
    by_position = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    own = {*by_position, *(each.arg for each in node.args.kwonlyargs)}
    left = max(0, given.count + 1 - len(by_position)) if shape.rest else 0
    count = shape.count + left - (0 if bound else 1)
    kept = [name for name in given.names if name not in own] if shape.keywords else []
    return Given(count, (*shape.names, *kept)) if count >= 0 else None


def _looked_at(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions of which an attribute is read, not called: ``method.__name__``, a mark on it."""
    called = node.func if isinstance(node, ast.Call) else None
    for each in ast.iter_child_nodes(node):
        match each:
            case _ if each is called:
                pass
            case ast.Attribute(value=value):
                yield value
            case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[value, *_]):
                yield value
            case _:
                pass


@dataclass(frozen=True)
class _Shape:
    """A call's arguments: how many plain ones, which by name, and if ``*args``, ``**kwargs``."""

    count: int
    names: tuple[str, ...]
    rest: bool
    keywords: bool


def _shape(call: ast.Call, parameters: ast.arguments) -> _Shape | None:
    """Shape of a call; None if it unpacks more than the function's own ``*args``, ``**kwargs``."""
    starred = [each.value for each in call.args if isinstance(each, ast.Starred)]
    double = [each.value for each in call.keywords if each.arg is None]
    for unpacked, own in ((starred, parameters.vararg), (double, parameters.kwarg)):
        if [ast.unparse(each) for each in unpacked] not in ([], [own.arg if own else None]):
            return None
    names = tuple(each.arg for each in call.keywords if each.arg is not None)
    return _Shape(len(call.args) - len(starred), names, bool(starred), bool(double))


def _changes(body: Sequence[ast.AST], parameters: ast.arguments) -> bool:
    """Whether the ``*args`` are bound anew, or the ``**kwargs`` may be changed in place."""
    rest = parameters.vararg.arg if parameters.vararg is not None else None
    keywords = parameters.kwarg.arg if parameters.kwarg is not None else None
    allowed = {id(name) for node in body for name in _only_read(node)}
    for node in body:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                if name == keywords and id(node) not in allowed:
                    return True
            # A function inside may have an `args` of its own.
            case ast.Name(id=name) | ast.arg(arg=name):
                if name in (rest, keywords):
                    return True
            case _:
                pass
    return False


def _only_read(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions that are looked at as a mapping, and not changed."""
    match node:
        case ast.keyword(arg=None, value=value):
            yield value
        case ast.Subscript(value=value, ctx=ast.Load()):
            yield value
        case ast.Attribute(value=value, attr=method) if method in _READING:
            yield value
        case ast.Compare(comparators=comparators):
            yield from comparators
        case _:
            pass


def _is_super(expression: ast.expr, name: str) -> bool:
    match expression:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=found):
            return found == name
        case _:
            return False
