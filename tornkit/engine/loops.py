"""The event loop of a worker: asyncio's own, or uvloop's.

asyncio's is the default, because it is what an application has without tornkit, and not all of
Tornado works on the other: `tornado.process.Subprocess` can't wait for its end there. uvloop gives
some five requests more in a hundred.

Chosen by asyncio's policy, so that ``asyncio.run``, Tornado's ``IOLoop`` and whoever else makes a
loop in this process get it, in an application and in a program alike; a program that chooses a
loop by itself has its way.
"""

from __future__ import annotations

import asyncio
import warnings


def use(loop: str) -> None:
    """Make new loops of this kind from now on: ``asyncio`` or ``uvloop``.

    :raises ModuleNotFoundError: uvloop is asked for and is not installed.
    """
    if loop == "asyncio":
        return
    import uvloop

    with warnings.catch_warnings():
        # Policies are deprecated since Python 3.14; asyncio.run() has no other way to be told.
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
