"""Request headers that are taken apart when somebody looks at more than one or two of them.

Most handlers ask for a header or two, and most requests have a dozen. So the lines stay as they
came; a single header is searched for in them, and whatever needs them all makes the same
`HTTPHeaders` of them that Tornado would have made.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from tornado.httputil import HTTPHeaders

from tornkit.engine.privates import HeaderParts, normalize_header

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2: a token


@lru_cache(maxsize=1024)
def _line_of(name: str) -> re.Pattern[str]:
    """Finds the header's values, with the blanks around them."""
    if _NAME.fullmatch(name) is None:
        return re.compile(r"(?!)")  # no line begins with that; and what is in it is no expression
    return re.compile(rf"^{re.escape(name)}:(.*)\r$", re.IGNORECASE | re.MULTILINE)


class LazyHeaders(HTTPHeaders):
    """`HTTPHeaders` of well-formed header lines, each ending in CRLF."""

    def __init__(self, lines: str) -> None:
        # Not Tornado's __init__: what it would set is made by __getattr__, when it is missed.
        self._lines = lines

    def __getattr__(self, name: str) -> Any:
        if name not in HeaderParts:
            raise AttributeError(name)
        self._take_apart()
        return self.__dict__[name]

    def _take_apart(self) -> None:
        as_list: dict[str, list[str]] = {}
        for line in self._lines.split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                name = normalize_header(name)
                if name in as_list:
                    as_list[name].append(value.strip(" \t"))
                else:
                    as_list[name] = [value.strip(" \t")]
        self._as_list = as_list
        self._combined_cache: dict[str, str] = {}

    def _found(self, name: str) -> str | None:
        """The header's values as they came, joined by commas; None if it is not there."""
        values = _line_of(name).findall(self._lines)
        if not values:
            return None
        if len(values) == 1:
            value: str = values[0]
            return value.strip(" \t")
        return ",".join([value.strip(" \t") for value in values])

    def get(self, name: str, default: Any = None) -> Any:
        if "_as_list" in self.__dict__:
            return super().get(name, default)
        found = self._found(name)
        return default if found is None else found

    def __contains__(self, name: object) -> bool:
        if "_as_list" in self.__dict__ or not isinstance(name, str):
            return super().__contains__(name)
        return self._found(name) is not None

    def __getitem__(self, name: str) -> str:
        if "_as_list" in self.__dict__:
            return super().__getitem__(name)
        found = self._found(name)
        if found is None:
            raise KeyError(normalize_header(name))
        return found
