"""Type annotations as JSON Schema (draft 2020-12, which OpenAPI 3.1 uses).

`Schemas.of` takes an annotation and gives a schema, or None where nothing is known of it: an
unknown type is no schema rather than a wrong one. Classes with fields (dataclasses, TypedDicts,
enums, and whatever has pydantic's ``model_json_schema``) are collected in `Schemas.components` and
referred to, which also ends recursion. The only user code that runs is that method and what
`typing.get_type_hints` evaluates; whatever it raises means "not known".
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import enum
import json
import re
import types
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_PLAIN: Mapping[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
    uuid.UUID: {"type": "string", "format": "uuid"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.time: {"type": "string", "format": "time"},
}
_ARRAYS = (
    *(list, set, frozenset, tuple),
    *(collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection),
    *(collections.abc.Set, collections.abc.MutableSequence),
)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_AWAITED = (collections.abc.Awaitable, collections.abc.Coroutine)
_WORDS: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}


class Schemas:
    """Makes schemas and keeps those of classes, by name, in `components`."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._names: dict[object, str] = {}

    def of(self, annotation: object) -> Schema | None:
        """The schema of a type, None if it is not known what its values look like.

        ``list[int]`` -> ``{"type": "array", "items": {"type": "integer"}}``
        """
        plain = _plain(annotation)
        if plain is not None:
            return dict(plain)
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is not None:
            return self._parametrised(origin, arguments)
        if isinstance(annotation, typing.NewType):
            return self.of(annotation.__supertype__)
        if hasattr(annotation, "__value__"):  # `type Name = ...`, Python 3.12
            return self.of(annotation.__value__)
        if annotation in _ARRAYS:
            return {"type": "array"}
        if annotation in _MAPPINGS:
            return {"type": "object"}
        return self._class(annotation) if isinstance(annotation, type) else None

    def result(self, annotation: object) -> Schema | None:
        """Schema of a method's result; none for None, which says that it returns nothing."""
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin in _AWAITED and arguments:
            return self.result(arguments[-1])
        return None if annotation in (None, type(None)) else self.of(annotation)

    def _parametrised(self, origin: object, arguments: tuple[Any, ...]) -> Schema | None:
        if origin in (typing.Union, types.UnionType):
            return self._union(arguments)
        if origin is typing.Literal:
            return _listed([_literal(argument) for argument in arguments])
        if origin in (typing.Annotated, typing.Required, typing.NotRequired, typing.Final):
            return self.of(arguments[0])
        if origin is tuple and arguments[-1:] != (...,):
            return self._tuple(arguments)
        if origin in _ARRAYS:
            items = self.of(arguments[0])
            return {"type": "array", "items": items} if items else {"type": "array"}
        if origin in _MAPPINGS:
            values = self.of(arguments[1])
            return (
                {"type": "object", "additionalProperties": values} if values else {"type": "object"}
            )
        return None

    def _tuple(self, arguments: tuple[Any, ...]) -> Schema:
        count = {"minItems": len(arguments), "maxItems": len(arguments)}
        items = [self.of(argument) or {} for argument in arguments]
        # An empty prefixItems is not allowed (JSON Schema Core, 10.3.1.1).
        return {"type": "array", **({"prefixItems": items} if items else {}), **count}

    def _union(self, arguments: tuple[Any, ...]) -> Schema | None:
        found = [self.of(argument) for argument in arguments]
        if any(schema is None for schema in found):
            return None
        known = [schema for schema in found if schema is not None]
        return known[0] if len(known) == 1 else {"anyOf": known}

    def _class(self, cls: type) -> Schema | None:
        if cls in self._names:
            return {"$ref": _REFERENCE + self._names[cls]}
        if _is_pydantic(cls):
            return self._pydantic(cls)
        make = self._maker(cls)
        if make is None:
            return None
        name = self._name(cls)
        self.components[name] = {}  # the name first: a class may refer to itself
        self.components[name] = make(cls)
        return {"$ref": _REFERENCE + name}

    def _maker(self, cls: type) -> Callable[[type], Schema] | None:
        if issubclass(cls, enum.Enum):
            return _enum if _listed([member.value for member in cls]) else None
        if dataclasses.is_dataclass(cls):
            return self._dataclass
        return self._typed_dict if typing.is_typeddict(cls) else None

    def _name(self, cls: type, title: str | None = None) -> str:
        """Make a component name for a class; with its module where another has the same."""
        short = re.sub(r"[^A-Za-z0-9._-]", "_", title or cls.__name__)
        full = re.sub(r"[^A-Za-z0-9._-]", "_", f"{cls.__module__}.{cls.__qualname__}")
        name, number = (short if short not in self.components else full), 2
        while name in self.components:
            name, number = f"{full}.{number}", number + 1
        self._names[cls] = name
        return name

    def _dataclass(self, cls: type) -> Schema:
        """Schema of a dataclass, in which all fields are required.

        `dataclasses.asdict` gives every one.
        """
        assert dataclasses.is_dataclass(cls)
        hints = _hints(cls)
        names = [field.name for field in dataclasses.fields(cls)]
        return self._object(cls, {name: hints.get(name) for name in names}, names)

    def _typed_dict(self, cls: type) -> Schema:
        required: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
        hints = _hints(cls) or dict.fromkeys(getattr(cls, "__annotations__", {}))
        return self._object(
            cls,
            hints,
            [name for name, hint in hints.items() if _is_required(hint, name in required)],
        )

    def _object(self, cls: type, fields: Mapping[str, object], required: list[str]) -> Schema:
        made: Schema = {"type": "object", "title": cls.__name__}
        made["properties"] = {
            name: (self.of(hint) if hint is not None else None) or {}
            for name, hint in fields.items()
        }
        return {**made, "required": required} if required else made

    def _pydantic(self, cls: Any) -> Schema | None:
        """Schema that a class with ``model_json_schema`` gives of itself; None if that fails.

        The schemas that it refers to stay in its ``$defs``, where no name can clash.
        """
        name = self._name(cls)
        self.components[name] = {}
        try:
            own = cls.model_json_schema(ref_template=f"{_REFERENCE}{name}/$defs/{{model}}")
            self.components[name] = json.loads(json.dumps(own))
        except Exception:  # noqa: BLE001 - the user's code
            del self.components[name], self._names[cls]
            return None
        return {"$ref": _REFERENCE + name}


def _plain(annotation: object) -> Schema | None:
    try:
        return _PLAIN.get(annotation)
    except TypeError:  # unhashable, such as Annotated[int, {}]
        return None


def _literal(argument: object) -> object:
    return argument.value if isinstance(argument, enum.Enum) else argument


def _listed(values: list[Any]) -> Schema | None:
    """An ``enum`` of plain values, with their type where it is one."""
    if not values or not all(value is None or type(value) in _WORDS for value in values):
        return None
    kinds = {_WORDS.get(type(value), "null") for value in values}
    return {"enum": values} if len(kinds) > 1 else {"type": kinds.pop(), "enum": values}


def _enum(cls: type) -> Schema:
    assert issubclass(cls, enum.Enum)
    values = [member.value for member in cls]
    return {"title": cls.__name__, **(_listed(values) or {})}


def _hints(cls: type) -> dict[str, Any]:
    """The fields' types, empty if one can't be resolved (imported for type checkers alone)."""
    try:
        return typing.get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001 - evaluates the user's annotations
        return {}


def _is_required(hint: object, otherwise: bool) -> bool:
    """Whether a TypedDict's field is required: by its mark, else ``otherwise``.

    ``__required_keys__`` does not see marks in annotations that are texts (PEP 563).
    """
    mark = typing.get_origin(hint)
    return mark is typing.Required or (otherwise and mark is not typing.NotRequired)


def _is_pydantic(cls: type) -> bool:
    return callable(getattr(cls, "model_json_schema", None))
