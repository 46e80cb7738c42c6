"""Signatures of functions, as plain data.

`inspect.signature` follows ``functools.wraps``, and so does this. Annotations are the types
themselves where `typing.get_type_hints` can make them out, one by one: a name that is imported
for the type checker alone leaves its own annotation a text and no other.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable
from types import FunctionType
from typing import Any

from tornkit.routing.model import Parameter, ParameterKind

_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: ParameterKind.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: ParameterKind.EITHER,
    inspect.Parameter.VAR_POSITIONAL: ParameterKind.REST,
    inspect.Parameter.KEYWORD_ONLY: ParameterKind.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD: ParameterKind.KEYWORDS,
}
_POSITIONAL = (ParameterKind.POSITIONAL_ONLY, ParameterKind.EITHER)

Signature = tuple[tuple[Parameter, ...] | None, object]
"""The parameters, None where Python can't tell, and what is returned."""


class SignatureReader:
    """Reads methods' signatures, and remembers the type of each annotation by its text.

    Ten thousand handlers have few different annotations, and to make one out takes 5 µs.
    """

    def __init__(self) -> None:
        self._types: dict[tuple[int, str], object] = {}

    def method(self, cls: type, name: str, *, follow: bool = True) -> Signature:
        """Signature of an instance's method ``name``, without ``self``.

        :param follow: go through ``functools.wraps``, as `inspect.signature` does.
        """
        static = inspect.getattr_static(cls, name, None)
        function = getattr(cls, name, None)
        if not callable(function) or isinstance(static, functools.partial):
            return None, None  # Python 3.14 binds a partial to an instance, and no version before
        taken, returns = self.function(function, follow=follow)
        bound_otherwise = isinstance(static, staticmethod | classmethod | types.MethodType)
        if hasattr(type(static), "__get__") and not bound_otherwise:
            taken = _without_first(taken)
        return taken, returns

    def unbound(self, function: Callable[..., Any]) -> tuple[Parameter, ...] | None:
        """Parameters of a function that a decorator holds, without its ``self``."""
        return _without_first(self.function(function, follow=False)[0])

    def function(self, function: Callable[..., Any], *, follow: bool = True) -> Signature:
        """Signature of ``function`` as it is."""
        try:
            signature = inspect.signature(function, follow_wrapped=follow)
        except (ValueError, TypeError):  # written in C, or a `__signature__` that is none
            return None, None
        written = {each.name: each.annotation for each in signature.parameters.values()}
        written["return"] = signature.return_annotation
        types_ = self._types_of(written, inspect.unwrap(function) if follow else function)
        return tuple(
            Parameter(
                parameter.name,
                _KINDS[parameter.kind],
                parameter.default is parameter.empty
                and parameter.kind
                not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD),
                types_.get(parameter.name),
            )
            for parameter in signature.parameters.values()
        ), types_.get("return")

    def _types_of(
        self, written: dict[str, object], function: Callable[..., Any]
    ) -> dict[str, object]:
        names = getattr(function, "__globals__", {})
        return {
            name: self._resolved(annotation, names)
            for name, annotation in written.items()
            if annotation is not inspect.Signature.empty
        }

    def _resolved(self, annotation: object, names: dict[str, Any]) -> object:
        if not isinstance(annotation, str):
            return _type(annotation, names)
        key = (id(names), annotation)
        if key not in self._types:
            self._types[key] = _type(annotation, names)
        return self._types[key]


def _type(annotation: object, names: dict[str, Any]) -> object:
    if type(annotation) is type:
        return annotation
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    try:
        return typing.get_type_hints(holder, names)["it"]
    except Exception:  # noqa: BLE001 - it evaluates what the user wrote, which may do anything
        return annotation


def _without_first(parameters: tuple[Parameter, ...] | None) -> tuple[Parameter, ...] | None:
    """Parameters of a bound method: ``self`` goes, or disappears in ``*args``."""
    if not parameters or parameters[0].kind not in _POSITIONAL:
        return parameters
    return parameters[1:]


def held_function(function: object) -> FunctionType | None:
    """Function that a decorator's wrapper wraps; None if that can't be told, or for no wrapper.

    A decorator that does without `functools.wraps` still holds the function that it calls in its
    closure; it is taken where there is no other, or none of the wrapper's own name.
    """
    inner = getattr(function, "__wrapped__", None)
    if inner is not None:
        return inner if isinstance(inner, FunctionType) else None
    found = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:  # not bound yet
            continue
        if isinstance(content, FunctionType):
            found.append(content)
    if len(found) > 1:
        name = getattr(function, "__name__", None)
        found = [each for each in found if each.__name__ == name]
    return found[0] if len(found) == 1 else None
