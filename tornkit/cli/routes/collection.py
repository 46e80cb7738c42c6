"""Control of garbage collection: saves passes that would find nothing.

A pass of the collector goes over all objects that were made since the last few, and over all of an
application's own now and then: of 10,000 routes a quarter of the time, while nearly all of a table
is kept to the end. And at its exit Python goes over all objects that there are, several times: of a
list of a few routes a sixth of the time.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


def keep_loaded() -> None:
    """Exempt all objects made so far from garbage collection, for good (`gc.freeze`).

    Before an application is loaded: its own objects are to be freed as Python does it, by which a
    file of its own is written out, or removed.
    """
    gc.freeze()


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Turn garbage collection off inside the context."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
