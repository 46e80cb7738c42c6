"""Tells which parts of the engine are active with the Tornado and the Python of this process.

A part that is not leaves its work to Tornado's own code: because a function of Tornado's is not one
that the part knows (`tornkit.engine.fidelity.texts`), or because this Python is not.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Protocol

import tornado

from tornkit.engine import server, speedups, websocket
from tornkit.engine.fidelity import source_digests, texts
from tornkit.engine.routers import original

ENGINE, ROUTING, WEBSOCKETS = "HTTP connections", "routing", "WebSockets"
"""Names of parts; each speedup has that of the method that it replaces."""


@dataclass(frozen=True)
class Activity:
    """Parts of the engine that are active and those that are not, and what the reason is.

    ``unknown`` are functions of Tornado's that are not known. ``unsupported`` are the parts that
    this Python is the reason for. ``is_of_known_version``: the engine was written for a Tornado of
    this version, which somebody has changed.
    """

    active: tuple[str, ...]
    inactive: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    is_of_known_version: bool = True


def activity(*, with_speedups: bool = True) -> Activity:
    """Find out which parts of the engine are active, or would be with the speedups installed."""
    with source_digests.forgotten():
        in_engine, in_routing = server.unknown(), texts.unknown(texts.ROUTING)
        is_active = {ENGINE: server.is_supported(), ROUTING: original.unchanged()}
        strange, unsupported = [*in_engine, *in_routing], []
        if with_speedups:
            in_methods = speedups.unknown()
            in_websockets = [] if websocket.is_installed() else texts.unknown(texts.WEBSOCKETS)
            strange += [*map(speedups.full_name, in_methods), *in_websockets]
            is_active[WEBSOCKETS] = not in_websockets
            for each in speedups.SPEEDUPS:
                is_active[each.replaced] = each.supported and in_methods.isdisjoint(each.concerned)
                if not each.supported:
                    unsupported.append(each.replaced)
    return Activity(
        tuple(name for name, is_so in is_active.items() if is_so),
        tuple(name for name, is_so in is_active.items() if not is_so),
        tuple(sorted({name.replace(":", ".") for name in strange})),
        tuple(unsupported),
        tornado.version in texts.written_for(),
    )


def look() -> None:
    """Compare Tornado's functions with the known ones before a process forks workers.

    The workers inherit the results, so that none of them has to compare again.
    """
    speedups.look()
    server.unknown()
    texts.written_for()


class Chosen(Protocol):
    """Options of a server that say how it serves."""

    @property
    def engine(self) -> str:
        """Server in use: ``tornkit`` for the engine, ``tornado`` for Tornado's own."""

    @property
    def speedups(self) -> bool:
        """Whether the speedups are wanted."""


def summary(chosen: Chosen, loop: object = None) -> dict[str, Any]:
    """Facts of this process as JSON: its Python, its Tornado, its loop, what is active."""
    found = Activity((), ())
    if chosen.engine == "tornkit":
        found = activity(with_speedups=chosen.speedups)
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "tornado": tornado.version,
        "loop": type(loop).__module__.partition(".")[0],
        "engine": chosen.engine,
        "active": list(found.active),
        "inactive": list(found.inactive),
        "unknown": list(found.unknown),
        "unsupported": list(found.unsupported),
        "known_version": found.is_of_known_version,
    }
