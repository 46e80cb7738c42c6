"""How many messages are on their way at once."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.harness import case


@dataclass(frozen=True)
class Case(case.Case):
    """``burst`` messages are published at once; the next ones when all have all of them."""

    burst: int


_ALL = (
    Case("one", "one message at a time", 1),
    Case("ten", "ten messages at a time", 10),
)

CASES = {case.name: case for case in _ALL}
