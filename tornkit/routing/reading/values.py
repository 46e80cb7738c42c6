"""Short text of a value of the user's, without what may be secret.

``{"db": "postgres://app:hunter2@db/app"}`` -> ``{'db': 'postgres://app:***@db/app'}``

Only values of built-in and standard types are shown by their own ``repr``; of anything else the
class is named, since a ``__repr__`` of the user's may be slow, raise, or tell a secret.
A name is enough to mask what stands under it, whatever it is (`tornkit.masking`).
"""

from __future__ import annotations

import datetime
import decimal
import enum
import itertools
import pathlib
import re
import uuid
from collections.abc import Iterable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from tornkit.masking import MASK, is_secret_name, masked
from tornkit.ownership import attribute
from tornkit.routing.reading.source import dotted_name

WIDTH = 60
# What is not looked at is not shown: a text that is longer, a container's elements beyond these.
_LONGEST_TEXT = 2000
_MOST_ELEMENTS = 6
_DEEPEST = 4

_TEXTS: tuple[type, ...] = (str, bytes, bytearray)
_NUMBERS: tuple[type, ...] = (int, float, complex, decimal.Decimal, uuid.UUID)
_MOMENTS: tuple[type, ...] = (
    datetime.date,
    datetime.time,
    datetime.datetime,
    datetime.timedelta,
    datetime.timezone,
)
_NAMED: tuple[type, ...] = (type, FunctionType, BuiltinFunctionType, MethodType)
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    dict: ("{", "}"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
}


def shown(name: str, value: object) -> str:
    """``value`` on one line of at most `WIDTH` characters; masked if ``name`` says it is secret."""
    text = _under(name, value, _DEEPEST)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _under(name: str, value: object, depth: int) -> str:
    """Text of a value that stands under ``name``; masked if the name says it is secret.

    The class of an object tells no secret, nor does None or a switch.
    """
    kind = type(value)
    tells = kind in _TEXTS or kind in _NUMBERS or kind in _BRACKETS
    return repr(MASK) if tells and is_secret_name(name) else _plain(value, depth)


def _plain(value: Any, depth: int) -> str:
    # By its type and never by isinstance, which asks the value for a `__class__` of its own.
    kind = type(value)
    if kind in _TEXTS:
        return _text(value)
    if kind in _BRACKETS:
        return _container(value, depth)
    if value is None or kind is bool or kind in _MOMENTS:
        return repr(value)
    if kind in _NUMBERS:
        return _number(value)
    if issubclass(kind, _NAMED):
        return dotted_name(value)
    if issubclass(kind, enum.Enum):
        return f"{kind.__qualname__}.{vars(value).get('_name_')}"
    if issubclass(kind, pathlib.PurePath) and kind.__module__.partition(".")[0] == "pathlib":
        return f"{kind.__name__}({masked(str(value))!r})"
    if kind is re.Pattern:
        return f"re.compile({_text(value.pattern)})"
    if issubclass(kind, ModuleType):
        return f"<module {attribute(value, '__name__')}>"
    return f"<{_class_name(kind)}>"


def _class_name(kind: type) -> str:
    """Qualified name of a class, past what its metaclass would make of the question."""
    name = type.__dict__["__qualname__"].__get__(kind)
    module = type.__dict__["__module__"].__get__(kind)
    return f"{module}.{name}" if isinstance(module, str) and module != "builtins" else str(name)


def _container(value: Any, depth: int) -> str:
    kind = type(value)
    opening, closing = _BRACKETS[kind]
    if depth == 0:
        return f"{opening}...{closing}"
    if kind is dict:
        parts = [_pair(key, inner, depth - 1) for key, inner in _first(value.items())]
    else:
        parts = [_plain(inner, depth - 1) for inner in _first(value)]
    if len(value) > len(parts):
        parts.append("...")
    comma = "," if kind is tuple and len(value) == 1 else ""
    text = f"{opening}{', '.join(parts)}{comma}{closing}"
    bare = kind is frozenset or (kind is set and not parts)
    return text if not bare else f"{kind.__name__}({text if parts else ''})"


def _first(items: Iterable[Any]) -> list[Any]:
    return list(itertools.islice(items, _MOST_ELEMENTS))


def _pair(key: object, value: object, depth: int) -> str:
    name = key.decode(errors="replace") if type(key) is bytes else key
    under = _under(name, value, depth) if type(name) is str else _plain(value, depth)
    return f"{_plain(key, 0)}: {under}"


def _text(value: Any) -> str:
    if len(value) > _LONGEST_TEXT:
        return f"<{type(value).__name__} of {len(value)}>"
    if type(value) is str:
        return repr(masked(value))
    # Latin-1 keeps every byte, so that nothing but the mask changes.
    kept = masked(bytes(value).decode("latin-1")).encode("latin-1")
    return repr(type(value)(kept))


def _number(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an int of more digits than Python would write
        return f"<{type(value).__name__}>"
