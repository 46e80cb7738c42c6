"""``tornado.escape.json_encode``: the standard library's encoder, without the way there.

`json.dumps` goes through two functions in Python and makes a third in C, for choices that it does
not give. Where nobody has changed any of them, the one in C is asked at once. Pays 1.5
microseconds.
"""

from __future__ import annotations

import json
from json import JSONEncoder
from json import encoder as _encoder_module
from typing import Any

from tornado import escape

from tornkit.engine.fidelity.class_versions import Known

_dumps = json.dumps
_encoder: Any = getattr(json, "_default_encoder", None)  # `json.dumps` uses this one
_settings = dict(getattr(_encoder, "__dict__", {}))
_known = Known(JSONEncoder, ("default", "encode", "iterencode", "key_separator", "item_separator"))
_parts: Any = _encoder_module
_make: Any = getattr(_parts, "c_make_encoder", None)
_string: Any = getattr(_parts, "encode_basestring_ascii", None)

# Each marks in a dictionary what it is in. One that is at work, here or in another thread, is not
# in the list, nor is one that has failed and has left its marks.
_idle: list[Any] = []

own: Any = None
"""Tornado's own; set by `install`."""


def _made() -> Any:
    default, colon, comma = _encoder.default, _encoder.key_separator, _encoder.item_separator
    return _make({}, default, _string, None, colon, comma, False, False, True)


def _is_known() -> bool:
    """Whether this Python's encoder is made as it was known."""
    sample = {"a": [1, 2.5, None, True, "\u00e9</"], "b": {"c": ()}}
    try:
        return type(_encoder) is JSONEncoder and "".join(_made()(sample, 0)) == _dumps(sample)
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
        and _known.still()
        and _parts.c_make_encoder is _make
        and _parts.encode_basestring_ascii is _string
    ):
        try:
            encode = _idle.pop()
        except IndexError:
            encode = _made()
        text = "".join(encode(value, 0))
        _idle.append(encode)
        return text.replace("</", "<\\/")
    encoded: str = own(value)
    return encoded
