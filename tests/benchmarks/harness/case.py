"""A case: what all servers are asked to do, and compared in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One case of a comparison; ``title`` heads its table."""

    name: str
    title: str
