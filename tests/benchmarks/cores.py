"""A core for the server and another for the load, so that neither is measured with the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """Numbers of cores; both None where there are not two, or the system pins nobody (macOS)."""

    server: int | None
    load: int | None

    def __str__(self) -> str:
        if self.server is None:
            return "server and load are not pinned: they share the cores"
        return f"the server on core {self.server}, the load on core {self.load}"


def two() -> Cores:
    """The first usable core for the load, the last, which is hardly its sibling, for the server."""
    try:
        usable = sorted(os.sched_getaffinity(0))
    except AttributeError:
        usable = []
    return Cores(server=usable[-1], load=usable[0]) if len(usable) > 1 else Cores(None, None)


@contextmanager
def on(core: int | None) -> Iterator[None]:
    """What is started in the body runs on that core, with all its children; None: anywhere.

    This thread moves there and back, and who is born meanwhile inherits the place. So no program
    has to be run before the server's own, and no code between fork and exec.
    """
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
