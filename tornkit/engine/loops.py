"""The event loop of a worker: uvloop's where there is one, or asyncio's own.

Chosen by asyncio's policy, so that ``asyncio.run``, Tornado's ``IOLoop`` and whoever else makes a
loop in this process get it, in an application and in a program alike; a program that chooses a
loop by itself has its way.
"""

from __future__ import annotations

import asyncio
import importlib.util
import warnings


def use(loop: str) -> None:
    """Make new loops of this kind from now on: ``uvloop``, ``asyncio``, or ``auto``, the first of
    them that is installed.

    :raises ModuleNotFoundError: uvloop is asked for and is not.
    """
    if loop == "asyncio" or (loop == "auto" and importlib.util.find_spec("uvloop") is None):
        return
    import uvloop

    with warnings.catch_warnings():
        # Policies are deprecated since Python 3.14; asyncio.run() has no other way to be told.
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
