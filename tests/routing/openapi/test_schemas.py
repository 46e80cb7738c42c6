"""Type annotations as JSON Schema."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Awaitable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, NotRequired, TypedDict

import pytest

from tornkit.routing.openapi.schemas import Schemas

if TYPE_CHECKING:
    from somewhere_else import Unseen  # type: ignore[import-not-found]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Strange(enum.Enum):
    ONE = object()


@dataclass
class Author:
    name: str
    born: datetime.date | None = None


@dataclass
class Comment:
    text: str
    author: Author
    answers: list[Comment]


@dataclass
class Halfway:
    number: int
    unseen: Unseen


class Page(TypedDict):
    title: str
    views: NotRequired[int]


class Plain:
    """Nothing is known of it."""


class Model:
    """As pydantic's, which refers to others by the template that it is given."""

    @classmethod
    def model_json_schema(cls, ref_template: str) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"inner": {"$ref": ref_template.format(model="Inner")}},
            "$defs": {"Inner": {"type": "string"}},
        }


class BrokenModel:
    @classmethod
    def model_json_schema(cls, **kwargs: object) -> dict[str, Any]:
        raise RuntimeError("broken")


UserId = NewType("UserId", int)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (datetime.date, {"type": "string", "format": "date"}),
        (UserId, {"type": "integer"}),
        (Annotated[int, {}], {"type": "integer"}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1, None], {"enum": ["a", 1, None]}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (list, {"type": "array"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (list[Plain], {"type": "array"}),
        (Sequence[str], {"type": "array", "items": {"type": "string"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            tuple[int, Plain],
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (tuple[()], {"type": "array", "minItems": 0, "maxItems": 0}),
        (dict[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
        (Mapping[str, Plain], {"type": "object"}),
        (Plain, None),
        (int | Plain, None),
        (Strange, None),
        (BrokenModel, None),
        ("Unresolved", None),
        (Iterator[int], None),
        (type[int], None),
        (42, None),
    ],
)
def test_schemas(annotation: object, expected: object) -> None:
    schemas = Schemas()
    assert schemas.of(annotation) == expected
    assert schemas.components == {}


def test_classes_become_components() -> None:
    schemas = Schemas()
    assert schemas.of(list[Comment]) == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Comment"},
    }
    assert schemas.of(Comment) == {"$ref": "#/components/schemas/Comment"}
    assert schemas.components["Comment"] == {
        "type": "object",
        "title": "Comment",
        "properties": {
            "text": {"type": "string"},
            "author": {"$ref": "#/components/schemas/Author"},
            "answers": {"type": "array", "items": {"$ref": "#/components/schemas/Comment"}},
        },
        "required": ["text", "author", "answers"],
    }
    assert schemas.components["Author"]["properties"]["born"] == {
        "anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]
    }


def test_typed_dicts_and_enums() -> None:
    schemas = Schemas()
    assert schemas.of(Page) == {"$ref": "#/components/schemas/Page"}
    assert schemas.of(Colour) == {"$ref": "#/components/schemas/Colour"}
    assert schemas.components["Page"]["required"] == ["title"]
    assert schemas.components["Page"]["properties"]["views"] == {"type": "integer"}
    assert schemas.components["Colour"] == {
        "title": "Colour",
        "type": "string",
        "enum": ["red", "blue"],
    }


def test_fields_whose_types_are_not_to_be_had() -> None:
    schemas = Schemas()
    schemas.of(Halfway)
    assert schemas.components["Halfway"]["properties"] == {"number": {}, "unseen": {}}


def test_two_classes_of_one_name() -> None:
    first, second, third = Author, type("Author", (), {}), type("Author", (), {})
    schemas = Schemas()
    assert schemas.of(first) == {"$ref": "#/components/schemas/Author"}
    for cls in (second, third):
        cls.__annotations__ = {"age": int}
    names = []
    for cls in (second, third):
        reference = schemas.of(dataclass(cls)) or {}
        names.append(reference["$ref"].rpartition("/")[2])
    assert len({"Author", *names}) == 3
    assert all(schemas.components[name]["properties"].keys() == {"age"} for name in names)


def test_a_model_that_describes_itself() -> None:
    schemas = Schemas()
    assert schemas.of(Model) == {"$ref": "#/components/schemas/Model"}
    assert schemas.components["Model"]["properties"]["inner"] == {
        "$ref": "#/components/schemas/Model/$defs/Inner"
    }


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (None, None),
        (type(None), None),
        (Awaitable[None], None),
        (Awaitable[int], {"type": "integer"}),
        (Coroutine[Any, Any, str], {"type": "string"}),
        (Any, {}),
    ],
)
def test_results(annotation: object, expected: object) -> None:
    assert Schemas().result(annotation) == expected
