"""Tables whose names are not reversed yet, and the ``reverse_url`` for each name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tornkit.routing.model import RouteTable


@dataclass(frozen=True)
class Reverser:
    """The ``reverse_url`` of a router.

    ``overridden``: not Tornado's own, so the URL may be meant for the outside of a proxy, and not
    coming back proves nothing.
    """

    call: Callable[..., object]
    label: str
    overridden: bool = False


@dataclass(frozen=True)
class Unreversed:
    """A table without reversals, and the `Reverser` of each named route, by its index."""

    table: RouteTable
    reversers: Mapping[int, Reverser]
