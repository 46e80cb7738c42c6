"""Messages' data: what it travels as, and what comes out again."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tornkit.bus.errors import MessageTooLarge
from tornkit.bus.message import Message, data_of, payload_of
from tornkit.bus.position import MessagePosition

MOST = 1000


@pytest.mark.parametrize(
    "data",
    [
        None,
        True,
        0,
        -1.5,
        "",
        "é\u2028",
        "\ud800",
        [],
        [1, [2]],
        {"a": {"b": None}},
        b"",
        b"\xff\x00",
    ],
)
def test_data_comes_out_as_it_went_in(data: Any) -> None:
    payload = payload_of(data, MOST)
    assert data_of(payload) == data
    message = Message("a", MessagePosition("e", 1), 0.0, payload, "message")
    assert message.data == data
    assert message.is_bytes is isinstance(data, bytes)


def test_other_bytes_are_bytes() -> None:
    assert data_of(payload_of(bytearray(b"ab"), MOST)) == b"ab"
    assert data_of(payload_of(memoryview(b"ab"), MOST)) == b"ab"


@pytest.mark.parametrize("data", [object(), {1, 2}, {"a": b"x"}, [object()]])
def test_what_json_has_not(data: Any) -> None:
    with pytest.raises(TypeError):
        payload_of(data, MOST)


@pytest.mark.parametrize("data", [math.nan, [math.inf]])
def test_numbers_that_json_has_not(data: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        payload_of(data, MOST)


def test_a_circle() -> None:
    data: list[Any] = []
    data.append(data)
    with pytest.raises(ValueError, match="Circular"):
        payload_of(data, MOST)


@pytest.mark.parametrize("data", ["x" * (MOST - 2), b"x" * MOST])
def test_the_largest(data: Any) -> None:
    payload_of(data, MOST)
    with pytest.raises(MessageTooLarge, match="1,001 bytes; the limit is 1,000"):
        payload_of(data + data[:1], MOST)


def test_each_reader_has_data_of_its_own() -> None:
    message = Message("a", MessagePosition("e", 1), 0.0, payload_of({"a": []}, MOST), "message")
    message.data["a"].append(1)
    assert message.data == {"a": []}


def test_the_json_of_bytes() -> None:
    message = Message("a", MessagePosition("e", 1), 0.0, payload_of(b"x", MOST), "message")
    with pytest.raises(TypeError):
        message.json  # noqa: B018


def test_repr_shows_no_data() -> None:
    message = Message("a", MessagePosition("e", 1), 0.0, payload_of("secret", MOST), "message")
    assert repr(message) == "<Message message 'a' e-1 8 bytes>"
