"""Which messages are echoed."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.harness import case


@dataclass(frozen=True)
class Case(case.Case):
    """Text messages of ``size`` bytes; ``in_flight``: so many sent ahead by each client."""

    size: int
    in_flight: int = 1


_ALL = (
    Case("small", "100 bytes", 100),
    Case("ahead", "100 bytes, 8 sent ahead", 100, in_flight=8),
    Case("large", "64 kB", 65_536),
)

CASES = {case.name: case for case in _ALL}
