"""Arguments that a route hands to its handler: groups, and those of ``initialize``.

Only the innermost rule's groups count (see `routing.matching.search.arguments`). Where code of the
user's own stands between, it may hand on something else; then there is a `doubt`.
"""

from __future__ import annotations

import contextlib
import dis
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType

from tornkit.routing.conditions import CustomCondition, PathCondition
from tornkit.routing.handlers.fits import listed
from tornkit.routing.handlers.forwarding import Given
from tornkit.routing.model import Route

_ARGUMENTS = {"path_args", "path_kwargs", "open_args", "open_kwargs"}


def said(groups: Given) -> str:
    """Groups of a pattern in a sentence: ``the pattern has 2 groups``."""
    if groups.names:
        words = "group is" if len(groups.names) == 1 else "groups are"
        return f"the pattern's {words} named {listed(groups.names)}"
    if not groups.count:
        return "the pattern has no groups"
    return f"the pattern has {groups.count} group{'s' if groups.count > 1 else ''}"


def given(route: Route) -> Given | None:
    """Arguments of the handler's method; None where a matcher of the user's own decides."""
    match route.condition:
        case PathCondition(regex):
            names = tuple(regex.groupindex)
            return Given(names=names) if names else Given(regex.groups)
        case CustomCondition():
            return None
        case _:
            return Given()


def doubt(route: Route) -> str | None:
    """Doubt about the arguments: code that may call the handler otherwise; else None."""
    for scope in route.scopes:
        if scope.overrides:
            return f"{scope.label} overrides {scope.overrides[0]}, which may pass other arguments"
    if "get_handler_delegate" in route.target.overrides:
        return "the application overrides get_handler_delegate, which may pass other arguments"
    return None


def changed_by(cls: type, methods: frozenset[str]) -> str | None:
    """Name of a handler's method that may change its arguments or answering methods before use.

    :param methods: those that answer, and so come after; lower case.
    """
    for name, function in _own_functions(cls):
        if name in methods:
            continue
        for each in _reached(function):
            if any(_sets(inner, methods) for inner in _nested(each.__code__)):
                return name
    return None


def _reached(function: FunctionType) -> Iterator[FunctionType]:
    """A function, functions that it wraps, and those of the user's own that it calls by name.

    Whatever is handed the handler may change it.
    """
    seen: set[FunctionType] = set()
    left = [function]
    while left:
        one = left.pop()
        if one in seen or not _is_users(one.__module__):
            continue
        seen.add(one)
        yield one
        names = {name for inner in _nested(one.__code__) for name in inner.co_names}
        found = [vars(one).get("__wrapped__"), *map(one.__globals__.get, names)]
        for cell in one.__closure__ or ():
            with contextlib.suppress(ValueError):  # empty
                found.append(cell.cell_contents)
        left += [each for each in found if isinstance(each, FunctionType)]


def _sets(code: CodeType, methods: frozenset[str]) -> bool:
    """Whether code mentions a handler's arguments (``path_args``), or sets one of ``methods``."""
    texts = {*_texts(code.co_consts)}
    if "setattr" in code.co_names and texts & (_ARGUMENTS | methods):
        return True
    return bool(_ARGUMENTS & set(code.co_names)) or any(
        each.opname == "STORE_ATTR" and each.argval in methods
        for each in dis.get_instructions(code)
    )


def _texts(constants: Iterable[object]) -> Iterator[str]:
    for each in constants:
        if isinstance(each, str):
            yield each
        elif isinstance(each, (tuple, frozenset)):
            yield from _texts(each)


def _own_functions(cls: type) -> Iterator[tuple[str, FunctionType]]:
    """Functions of the class and its bases, with their names; without Tornado's and Python's."""
    for base in cls.__mro__:
        if base is not object and _is_users(base.__module__):
            for name, value in vars(base).items():
                function = getattr(value, "__func__", value)
                # What a decorator of Tornado's or Python's has made of a function of the user's.
                while isinstance(function, FunctionType) and not _is_users(function.__module__):
                    function = vars(function).get("__wrapped__")
                if isinstance(function, FunctionType):
                    yield name, function


def _is_users(module: str) -> bool:
    return module.partition(".")[0] != "tornado"


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
