"""Who takes part: a probe each, a program that times the routers of one framework."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.harness.server import Server


@dataclass(frozen=True, kw_only=True)
class Probe(Server):
    """Times ``routers``, with tables of no more than ``most_routes``."""

    routers: tuple[str, ...]
    most_routes: int = 1_000_000


_ALL = (
    Probe(
        name="tornado",  # and tornkit: by turns in one process
        title="Tornado and tornkit",
        routers=("tornkit", BASELINE),
        command=("{bin}/python", "tornado_probe.py"),
        packages=("tornkit", "tornado"),
        is_rival=False,
    ),
    Probe(
        name="starlette",
        title="Starlette",
        routers=("starlette",),
        command=("{bin}/python", "starlette_probe.py"),
        requirements=("starlette",),
        packages=("starlette",),
    ),
    Probe(
        name="aiohttp",
        title="aiohttp",
        routers=("aiohttp",),
        command=("{bin}/python", "aiohttp_probe.py"),
        requirements=("aiohttp",),
        packages=("aiohttp",),
    ),
    Probe(
        name="falcon",
        title="Falcon",
        routers=("falcon",),
        command=("{bin}/python", "falcon_probe.py"),
        requirements=("falcon",),
        packages=("falcon",),
        most_routes=1000,  # to make a table of 10,000 takes it a minute
    ),
)

# By name, in the order in which they are measured and shown.
PROBES = {probe.name: probe for probe in _ALL}
TITLES = {"tornkit": "tornkit", BASELINE: "Tornado"} | {
    router: probe.title for probe in _ALL[1:] for router in probe.routers
}
_SHAPES = {
    "thing": r"/api/v1/thing7/(\d+)",
    "page": "/page7",
    "variable": r"/(\w+)/thing7",
}
CASES = {name: Case(name, pattern) for name, pattern in _SHAPES.items()}
"""The shapes of the routes, by name: one long beginning, a literal path, the variable first."""
