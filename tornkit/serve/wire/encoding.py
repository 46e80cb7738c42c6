"""Bytes of messages: one JSON object each, with its class's name under ``type``.

``bytes`` fields travel as base64, tuples as lists, and what stands in a message as an object.
"""

from __future__ import annotations

import base64
from dataclasses import fields
from json import dumps, loads
from typing import get_args

from tornkit.serve.wire.messages import Claim, Lesson, Message, Offer

_TYPES: dict[str, type[Message]] = {kind.__name__: kind for kind in get_args(Message)}


def encode(message: Message) -> bytes:
    """Encode a message as the bytes of a JSON object."""
    content = {"type": type(message).__name__, **vars(message)}
    return dumps(content, default=_as_json).encode()


def _as_json(value: object) -> dict[str, object]:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    return vars(value)


def decode(data: bytes) -> Message:
    """The message that `encode` made these bytes of.

    :raises ValueError: they are no message. The peer is then not to be trusted any further.
    """
    content = loads(data)
    try:
        kind = _TYPES[content.pop("type")]
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"not a message: {data[:80]!r}") from None
    names = {each.name for each in fields(kind)}
    if not content.keys() <= names:
        raise ValueError(f"{kind.__name__} has no {content.keys() - names}")
    for name, value in content.items():
        if isinstance(value, list):
            content[name] = tuple(tuple(item) if isinstance(item, list) else item for item in value)
        elif isinstance(value, dict) and value.keys() == {"base64"}:
            content[name] = base64.b64decode(value["base64"])
    try:
        if "lesson" in content:
            lesson = content["lesson"]
            content["lesson"] = Lesson(lesson["serves"], tuple(lesson["not_http"]))
        if "claims" in content:
            content["claims"] = tuple(Claim(**each) for each in content["claims"])
        if "offers" in content:
            content["offers"] = tuple(
                Offer(Claim(**each["claim"]), each["count"]) for each in content["offers"]
            )
        return kind(**content)
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from None
