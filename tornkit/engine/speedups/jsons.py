"""``tornado.escape.json_encode``: the standard library's encoder, without the way there.

`json.dumps` goes through two functions in Python and makes a third, for choices that it does not
give. Where nobody has changed any of them, its encoder in C is asked at once. Pays 1 microsecond.
"""

from __future__ import annotations

import json
from json import JSONEncoder
from json import encoder as _encoder_module
from typing import Any

from tornado import escape

_dumps, _encode, _iterencode = json.dumps, JSONEncoder.encode, JSONEncoder.iterencode
_encoder: Any = getattr(json, "_default_encoder", None)  # `json.dumps` uses this one
_settings = dict(getattr(_encoder, "__dict__", {}))
_parts: Any = _encoder_module
_make: Any = getattr(_parts, "c_make_encoder", None)
_string: Any = getattr(_parts, "encode_basestring_ascii", None)

own: Any = None
"""Tornado's own; set by `install`."""


def _encoded(value: Any) -> str:
    # A new one each time: it marks what it is in, and two threads may be in the same thing.
    default, colon, comma = _encoder.default, _encoder.key_separator, _encoder.item_separator
    make = _make({}, default, _string, None, colon, comma, False, False, True)
    return "".join(make(value, 0))


def _is_known() -> bool:
    """Whether this Python's encoder is made as it was known."""
    sample = {"a": [1, 2.5, None, True, "\u00e9</"], "b": {"c": ()}}
    try:
        return type(_encoder) is JSONEncoder and _encoded(sample) == _dumps(sample)
    except Exception:  # noqa: BLE001 - another signature, or none
        return False


SUPPORTED = _is_known()


def json_encode(value: Any) -> str:
    """JSON-encodes the given Python object."""
    kind = type(value)
    if (
        (kind is dict or kind is list)
        and escape.json is json  # type: ignore[attr-defined]
        and json.dumps is _dumps
        and json._default_encoder is _encoder  # type: ignore[attr-defined]
        and _encoder.__dict__ == _settings
        and JSONEncoder.encode is _encode
        and JSONEncoder.iterencode is _iterencode
        and _parts.c_make_encoder is _make
        and _parts.encode_basestring_ascii is _string
    ):
        return _encoded(value).replace("</", "<\\/")
    encoded: str = own(value)
    return encoded
