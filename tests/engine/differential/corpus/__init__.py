"""The inputs that everything starts from: valid requests, invalid ones, published attacks.

Each is played as it is (whole, cut at each byte, one byte at a time) and is what the mutator works
on. The expected answer is nowhere: Tornado's own server gives it.
"""

from __future__ import annotations

from functools import cache

from tests.engine.differential.corpus import (
    framing,
    names_and_values,
    smuggling,
    sockets,
    start_lines,
    tornado_own,
    valid,
)
from tests.engine.differential.corpus.entry import Entry


@cache
def entries() -> tuple[Entry, ...]:
    """All of them, in an order that does not change; each name is unique."""
    modules = (valid, start_lines, names_and_values, framing, smuggling, sockets, tornado_own)
    return tuple(entry for module in modules for entry in module.entries())


@cache
def valid_entries() -> tuple[Entry, ...]:
    """Those that a server should mostly accept, for mutations that have something to break."""
    return tuple(entry for module in (valid, sockets) for entry in module.entries())


__all__ = ["Entry", "entries", "valid_entries"]
