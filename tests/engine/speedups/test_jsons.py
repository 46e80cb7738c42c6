"""JSON is written as Tornado writes it, or refused as Tornado refuses it."""

from __future__ import annotations

import collections
import enum
import json
import math
import random
import sys
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from tornado import escape

from tests.engine.speedups.watching import installed
from tornkit.engine.speedups import jsons


class Text(str):
    pass


class Number(int):
    def __repr__(self) -> str:
        return "a number"


class Colour(enum.IntEnum):
    RED = 1


class Mapping(dict[str, Any]):
    def items(self) -> Any:
        return [("other", 1)]


Point = collections.namedtuple("Point", "x y")

CIRCULAR: list[Any] = []
CIRCULAR.append({"in": CIRCULAR})
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]

VALUES: list[Any] = [
    {}, [], (), "", "a</b>", 1, None, True, 2.5, b"bytes", {"a": b"bytes"}, [object()], {1: 2},
    {None: 1, True: 2, 2.5: 3}, {(1, 2): 3}, {"a": {"b": [1, {"c": "</script>"}]}}, [math.nan],
    [math.inf, -math.inf], {"a": Text("t")}, {Text("k"): 1}, [Number(5)], {Number(5): Number(6)},
    [Colour.RED], {"a": Mapping(x=1)}, Mapping(x=1), [Point(1, 2)], [{1, 2}], ["\ud800"],
    ["caf\u00e9\u2028\U0001f600\x00\x7f"], {"b": 1, "a": 2}, [10**400], [1e308 * 10], CIRCULAR,
    {"circular": CIRCULAR}, [1.0, -0.0, 1e-7, 1e22], [range(3)], {"</a>": "</"}, DEEP,
]  # fmt: skip


def outcome(function: Callable[[Any], Any], value: Any) -> Any:
    try:
        return function(value)
    except Exception as error:  # noqa: BLE001 - which one is compared
        return type(error), str(error), getattr(error, "__notes__", None)


def test_any_value() -> None:
    own = escape.json_encode
    assert jsons.SUPPORTED
    with installed():
        assert escape.json_encode is not own
        for value in VALUES:
            assert outcome(escape.json_encode, value) == outcome(own, value)
    assert escape.json_encode is own


def values(chance: random.Random, depth: int = 4) -> Any:
    kind = chance.randrange(8 if depth else 6)
    if kind == 6:
        return [values(chance, depth - 1) for _ in range(chance.randrange(5))]
    if kind == 7:
        keys = ["a", "</", "\u00e9", "b\n", 1, None, False, 1.5]
        return {chance.choice(keys): values(chance, depth - 1) for _ in range(chance.randrange(5))}
    return [
        chance.randrange(-(2**70), 2**70),
        chance.random() * 10 ** chance.randrange(-20, 20),
        None,
        chance.random() < 0.5,
        "".join(chance.choices('ab</>"\\\n\u00e9\u2028\U0001f600', k=chance.randrange(8))),
        (1, "two"),
    ][kind]


def test_thousands_of_values() -> None:
    chance = random.Random(11)
    own = escape.json_encode
    with installed():
        for _ in range(3000):
            value = {"v": values(chance)}
            assert escape.json_encode(value) == own(value)


def test_it_can_be_read_again_after_it_was_refused() -> None:
    """What it marks while it writes is forgotten, whatever happens."""
    value: dict[str, Any] = {"a": [object()]}
    with installed():
        for _ in range(2):
            with pytest.raises(TypeError):
                escape.json_encode(value)
        value["a"] = [1]
        assert escape.json_encode(value) == '{"a": [1]}'


def test_two_threads_may_write_the_same_thing() -> None:
    shared = {"a": [{"b": list(range(200))} for _ in range(50)]}
    expected = json.dumps(shared)
    found: list[Any] = []

    def write() -> None:
        found.extend(outcome(escape.json_encode, shared) for _ in range(20))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with installed():
            threads = [threading.Thread(target=write) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == [expected] * 80


def says(*_: Any, **__: Any) -> str:
    return "said"


DEFAULT: Any = json._default_encoder  # type: ignore[attr-defined]
CHANGES: list[tuple[Any, str, Any]] = [
    (json, "dumps", says),
    (json, "_default_encoder", json.JSONEncoder(indent=1)),
    (json.JSONEncoder, "default", says),
    (json.JSONEncoder, "encode", says),
    (json.JSONEncoder, "iterencode", says),
    (json.JSONEncoder, "item_separator", ";"),
    (json.encoder, "c_make_encoder", None),
    (json.encoder, "encode_basestring_ascii", says),
    (escape, "json", mock.Mock(dumps=says)),
    (DEFAULT, "default", says),
    (DEFAULT, "sort_keys", True),
]


@pytest.mark.parametrize(("owner", "name", "value"), CHANGES)
def test_who_replaces_what_it_calls_is_asked(owner: Any, name: str, value: Any) -> None:
    own = escape.json_encode
    values: list[Any] = [{"b": 1, "a": [1, 2]}, {"a": object}]
    with installed(), mock.patch.object(owner, name, value):
        for each in values:
            assert outcome(escape.json_encode, each) == outcome(own, each)
