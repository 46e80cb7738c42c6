"""Differences that are as they should be, and why.

"kind: detail" -> the reason, in a sentence; * and ? match as in file names. A fatal kind (a request
that is accepted where Tornado refuses it, framed otherwise, a crash, a hang, a leak) has no place
here: no reason makes it acceptable, and `findings` would not look.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BEHIND_THE_LAST = (
    "Tornado goes on to what is pipelined behind a request whose response closes the connection, "
    "and calls the application for an answer that nobody gets, or not, as its streams happen to "
    "wake up; the engine never begins with it."
)
_READ_AT_ONCE = (
    "The same where the engine had handed the connection on to Tornado's own code: that goes on to "
    "what is pipelined behind the last response if it has been read, and the engine reads more at "
    "once than Tornado with a small chunk_size. With a large one both do the same."
)
_EARLY = (
    "A response that begins before its request was read is the last on its connection where it "
    "also ends before; Tornado closes without having said so, the engine says Connection: close."
)
EXPLANATIONS: Mapping[str, str] = MappingProxyType(
    {
        "eof: *": "A client that ends its side with its request is answered or not by Tornado, as "
        "its stream sees the end before or after the request; on uvloop it is answered. The engine "
        "answers what has arrived whole, as Tornado's own code does where it does.",
        "headers: Connection": _EARLY,
        "events: -began": _BEHIND_THE_LAST,
        "events: -began -closed": _BEHIND_THE_LAST,
        "events: -called": _BEHIND_THE_LAST,
        "events: -closed": _BEHIND_THE_LAST,
        "events: -error": _BEHIND_THE_LAST,
        "events: +closed": _BEHIND_THE_LAST,
        # A WebSocket that is opened on a stream which is closed already.
        "events: -closed -opened": _BEHIND_THE_LAST,
        "events: -closed -error -opened": _BEHIND_THE_LAST,
        "events: +began": _READ_AT_ONCE,
        "events: +began +closed": _READ_AT_ONCE,
    }
)
