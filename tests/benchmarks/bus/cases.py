"""How many hear, and how fast is published."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.harness import case


@dataclass(frozen=True)
class Case(case.Case):
    """``subscribers`` hear in each worker; ``rate`` messages a second come of all, None: any."""

    subscribers: int
    rate: int | None = None


_ALL = (
    Case("one", "one subscriber a worker", 1),
    Case("ten", "ten subscribers a worker", 10),
    Case("paced", "5,000 messages/s, one a worker", 1, rate=5000),
)

CASES = {case.name: case for case in _ALL}
