"""Request headers that are parsed only when more than one or two of them are looked at.

Most handlers ask for a header or two, and most requests have a dozen. So the lines stay as they
came; a single header is searched for in them, and whatever needs them all makes the same
`HTTPHeaders` of them that Tornado would have made.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from tornado.httputil import HTTPHeaders

from tornkit.engine.fidelity import variants
from tornkit.engine.lazily import WhenRead
from tornkit.engine.privates import normalize_header

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2: a token
_MOST_FOUND = 32  # names whose values are kept


@lru_cache(maxsize=1024)
def _beginning_of(name: Any) -> str | None:
    """Text before a header's value in the lines (line end, name, colon); None for no valid name."""
    if not isinstance(name, str):
        normalize_header(name)  # which fails as Tornado does
    return f"\n{name.lower()}:" if _NAME.fullmatch(name) else None


class Lines:
    """Well-formed header lines, each ending in CRLF, and the values found in them.

    They never change, and requests with the same lines share them.
    """

    __slots__ = ("as_sent", "cookies", "found", "lowered", "repeated")

    def __init__(self, as_sent: bytes) -> None:
        self.as_sent = as_sent
        # To find a name in this takes a twentieth of what it takes an expression that ignores
        # case, 2.3 microseconds for a browser's headers. In latin-1 no letter changes its length.
        self.lowered = "\n" + as_sent.decode("latin1").lower()
        self.found: dict[str, str | None] = {}
        """Values that `value_of` has given for some names."""
        self.repeated: set[str] = set()
        """Names that were looked up, and stand in several lines."""
        self.cookies: dict[str, str] | None = None
        """Cookies in the lines, kept by whoever has parsed them."""

    def value_of(self, name: str) -> str | None:
        """The header's values as they came, joined by commas; None if it is not there."""
        if name in self.found:
            return self.found[name]
        value = self._find(name)
        # An application may ask for any name.
        if len(self.found) < _MOST_FOUND and name not in self.repeated:
            self.found[name] = value
        return value

    def _find(self, name: str) -> str | None:
        beginning = _beginning_of(name)
        if beginning is None or beginning not in self.lowered:
            return None
        at = self.lowered.index(beginning)
        found = self._value_at(at + len(beginning))
        while (at := self.lowered.find(beginning, at + 1)) >= 0:
            self.repeated.add(name)
            found += "," + self._value_at(at + len(beginning))
        return found

    def _value_at(self, place: int) -> str:
        start = place - 1  # in the lines themselves
        value = self.as_sent[start : self.as_sent.index(b"\r", start)]
        return value.strip(b" \t").decode("latin1")


def _values_of(as_list: dict[str, list[str]]) -> dict[str, str]:
    """The joined value of each name, which an `HTTPHeaders` keeps beside the lines."""
    if variants.VALUES_JOINED:
        return {name: ",".join(values) for name, values in as_list.items()}
    if variants.VALUES_NEEDED:
        return {name: values[0] for name, values in as_list.items() if len(values) == 1}
    return {}


class LazyHeaders(HTTPHeaders):
    """`HTTPHeaders` made of `Lines`, which are parsed only when that is needed."""

    def __init__(self, lines: Lines) -> None:
        # Not Tornado's __init__: what it would set is made when it is missed.
        # None once they are taken apart: the lines may not be all of it then.
        self.lines: Lines | None = lines

    def _take_apart(self) -> None:
        assert self.lines is not None
        as_list: dict[str, list[str]] = {}
        last = None
        for line in self.lines.as_sent.decode("latin1").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                last = name = normalize_header(name)
                if name in as_list:
                    as_list[name].append(value.strip(" \t"))
                else:
                    as_list[name] = [value.strip(" \t")]
        self._as_list = as_list
        setattr(self, variants.HEADER_VALUES, _values_of(as_list))
        if variants.HAS_LAST_KEY:
            self._last_key = last
        self.lines = None

    _as_list: Any = WhenRead(_take_apart)
    # Those that this Tornado has: one that is missing would be looked for without end.
    if variants.VALUES_JOINED:
        _dict: Any = WhenRead(_take_apart)
    else:
        _combined_cache: Any = WhenRead(_take_apart)
    if variants.HAS_LAST_KEY:
        _last_key: Any = WhenRead(_take_apart)

    def __bool__(self) -> bool:
        return bool(self.lines.as_sent if self.lines is not None else self._as_list)

    def get(self, name: str, default: Any = None) -> Any:
        lines = self.lines
        if lines is None:
            return super().get(name, default)
        try:
            found = lines.found[name]  # of those that every request is asked for
        except KeyError:
            found = lines.value_of(name)
            if name in lines.repeated:  # as joined values are read, they are made
                self._take_apart()
                return super().get(name, default)
        return default if found is None else found

    def __contains__(self, name: object) -> bool:
        lines = self.lines
        if lines is None or not isinstance(name, str):
            return super().__contains__(name)
        if variants.NAMES_AS_WRITTEN and name != normalize_header(name):
            return False
        return lines.value_of(name) is not None

    def __getitem__(self, name: str) -> str:
        lines = self.lines
        if lines is None:
            return super().__getitem__(name)
        found = lines.value_of(name)
        if name in lines.repeated:
            self._take_apart()
            return super().__getitem__(name)
        if found is None:
            raise KeyError(normalize_header(name))
        return found
