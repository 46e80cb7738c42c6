"""What came of a story: everything that is compared."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

_TIME = re.compile(rb"\r\nDate: [^\r\n]*|; expires=[^;\r\n]*")


@dataclass
class Noted:
    """A call and what it gave, or what a handler was told."""

    index: int
    what: str
    value: Any = None

    def __str__(self) -> str:
        return f"request {self.index} {self.what} -> {shown(self.value)}"


def shown(value: object) -> str:
    """A value in words that are the same for both servers."""
    if isinstance(value, asyncio.Future):
        if not value.done():
            return "a future that waits"
        if value.cancelled():
            return "a future that was cancelled"
        error = value.exception()
        return "a future" if error is None else f"a future with {_error(error)}"
    if isinstance(value, BaseException):
        return _error(value)
    if value is None or isinstance(value, bool | int | str | bytes):
        return repr(value)
    return type(value).__name__


def _error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class Moment:
    """All that could be seen after one step: the notes, and each connection's bytes and end."""

    notes: tuple[str, ...]
    received: tuple[bytes, ...]
    closed: tuple[bool, ...]

    def __str__(self) -> str:
        lines = [f"    {note}" for note in self.notes]
        for number, (data, is_closed) in enumerate(zip(self.received, self.closed, strict=True)):
            if data or is_closed:
                more = f" and {len(data) - 300} bytes" if len(data) > 300 else ""
                end = " (closed)" if is_closed else ""
                lines.append(f"    connection {number}: {data[:300]!r}{more}{end}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Outcome:
    """A moment for each rest. ``rules``: those of `rules` that made a difference."""

    moments: tuple[Moment, ...]
    rules: frozenset[str] = frozenset()


def bare(data: bytes) -> bytes:
    """Without what tells the time."""
    has_time = b"Date: " in data or b"; expires=" in data
    return _TIME.sub(b"", data) if has_time else data
