"""Check that the installed Tornado handles WebSockets as it did when this was written.

A digest of the text of each method that is replaced, or whose bookkeeping the engine's protocol
takes part in. Bytecode would do for one version of Python alone; the text is the same for all. It
is cut out by its indentation: ``inspect.getsource`` parses, and takes 11 ms for these, this 1.
"""

from __future__ import annotations

import hashlib
import linecache
import re
from collections.abc import Mapping
from itertools import takewhile
from types import FunctionType

from tornado import iostream, websocket

from tornkit.engine.fidelity.source_digests import once

_HEAD_ENDS = re.compile(r"\s*\)")  # a line as far out as its def, and yet a part of it

KNOWN: Mapping[type, Mapping[str, tuple[str, ...]]] = {
    websocket.WebSocketHandler: {
        "get_websocket_protocol": ("7401c96e48f83c6e",),
    },
    websocket.WebSocketProtocol: {
        "_run_callback": ("d3063d9127f46a90",),
        "_abort": ("4ce6f35c501cbc13",),
    },
    websocket.WebSocketProtocol13: {
        "_receive_frame_loop": ("432289b2b7ade656",),
        "_read_bytes": ("93809bb591e73552",),
        "_receive_frame": ("fd8409106e87c315",),
        "_handle_message": ("7c5e87fdedd61033",),
        "_write_frame": ("dd91c4163edd63b2",),
        "write_message": ("6561c1905ac1f052",),
    },
    iostream.BaseIOStream: {
        "write": ("2d43364227b7829f",),
        "close": ("7c02a36f73519c2c",),
        "_signal_closed": ("23f3f6f733fc7f36",),
        "_handle_events": ("5d4f90246b60f810",),
        "_read_to_buffer_loop": ("ee4c858131b81135",),
        "_handle_read": ("5ef51bc151776b33",),
        "_read_to_buffer": ("4c586616372b0e14",),
        "_handle_write": ("7d0e593ca95d63e3",),
        "_maybe_add_error_listener": ("6759214f1235c027",),
        "_add_io_state": ("2bc5c7e4d16b0def",),
    },
    iostream.IOStream: {
        "read_from_fd": ("1568709812828bc6",),
        "write_to_fd": ("aad44a0321857b4b",),
    },
}
"""Class -> method -> digests, one a text that is known."""


@once
def digest(function: object) -> str:
    """Of a method's text, without empty lines and what is behind a #.

    :raises AttributeError: it is not written in Python; `LookupError`: its text is not there.
    """
    if type(function) is not FunctionType:
        raise AttributeError(function)
    code = function.__code__
    first, *others = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :] or [""]
    if not first.strip():
        raise LookupError(code.co_filename)
    depth = len(first) - len(first.lstrip())

    def inside(line: str) -> bool:
        return not line[: depth + 1].strip() or _HEAD_ENDS.match(line) is not None

    lines = (line.partition("#")[0].rstrip() for line in (first, *takewhile(inside, others)))
    return hashlib.sha256("\n".join(filter(None, lines)).encode()).hexdigest()[:16]


def unknown() -> list[str]:
    """What of Tornado is not as it was, as ``Class.method``."""
    found = []
    for owner, methods in KNOWN.items():
        for name, digests in methods.items():
            try:
                known = digest(vars(owner)[name]) in digests
            except (AttributeError, LookupError):
                known = False
            if not known:
                found.append(f"{owner.__name__}.{name}")
    return found
