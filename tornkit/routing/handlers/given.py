"""Arguments that a route hands to its handler: groups, and those of ``initialize``.

Only the innermost rule's groups count (see `routing.matching.match.arguments`). Where code of the
user's own stands between, it may hand on something else; then there is a `doubt`.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType, FunctionType

from tornkit.routing.conditions import CustomCondition, PathCondition
from tornkit.routing.handlers.fits import listed
from tornkit.routing.handlers.forwarding import Given
from tornkit.routing.model import Route

_ARGUMENTS = {"path_args", "path_kwargs", "open_args", "open_kwargs"}


def said(groups: Given) -> str:
    """As a sentence: ``the pattern has 2 groups``."""
    if groups.names:
        words = "group is" if len(groups.names) == 1 else "groups are"
        return f"the pattern's {words} named {listed(groups.names)}"
    if not groups.count:
        return "the pattern has no groups"
    return f"the pattern has {groups.count} group{'s' if groups.count > 1 else ''}"


def given(route: Route) -> Given | None:
    """What the handler's method is called with; None where a matcher of the user's own says."""
    match route.condition:
        case PathCondition(regex):
            names = tuple(regex.groupindex)
            return Given(names=names) if names else Given(regex.groups)
        case CustomCondition():
            return None
        case _:
            return Given()


def doubt(route: Route) -> str | None:
    """What may call the handler in another way than Tornado would; None if nothing does."""
    for scope in route.scopes:
        if scope.overrides:
            return f"{scope.label} overrides {scope.overrides[0]}, which may pass other arguments"
    if "get_handler_delegate" in route.target.overrides:
        return "the application overrides get_handler_delegate, which may pass other arguments"
    return None


def changed_by(cls: type, methods: frozenset[str]) -> str | None:
    """Which method of a handler's may change its arguments, or what answers, before they are used.

    :param methods: those that answer, and so come after; lower case.
    """
    for name, code in _own_code(cls):
        if name in methods:
            continue
        for inner in _nested(code):
            if _sets(inner, methods):
                return name
    return None


def _sets(code: CodeType, methods: frozenset[str]) -> bool:
    """Whether it mentions the arguments, or gives the handler a method of its own."""
    texts = {each for each in code.co_consts if isinstance(each, str)}
    if "setattr" in code.co_names and texts & (_ARGUMENTS | methods):
        return True
    return bool(_ARGUMENTS & set(code.co_names)) or any(
        each.opname == "STORE_ATTR" and each.argval in methods
        for each in dis.get_instructions(code)
    )


def _own_code(cls: type) -> Iterator[tuple[str, CodeType]]:
    """Functions that the class and those above it have, but for Tornado's and Python's."""
    for base in cls.__mro__:
        if base is not object and base.__module__.partition(".")[0] != "tornado":
            for name, value in vars(base).items():
                function = getattr(value, "__func__", value)
                if isinstance(function, FunctionType):
                    yield name, function.__code__


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
