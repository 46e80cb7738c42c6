"""Runs a coroutine, and turns errors of the bus into those that the command line prints."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from tornkit.errors import TornkitError, UsageError

_Result = TypeVar("_Result")


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine in a new event loop, and return its result.

    :raises UsageError: a channel's name can't be one.
    :raises TornkitError: the bus refuses something, or is away.
    """
    from tornkit.bus import BadName, BusError

    try:
        return asyncio.run(work)
    except BadName as error:
        raise UsageError(str(error)) from None
    except BusError as error:
        raise TornkitError(str(error)) from None
