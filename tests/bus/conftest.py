from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.bus.backends import BACKENDS, MISSING, Backend, backend
from tornkit.bus_limits import BusLimits

Play = Callable[..., Any]


@pytest.fixture(params=list(BACKENDS))
def play(request: pytest.FixtureRequest) -> Play:
    """Run ``test(backend)``, a coroutine function, with a backend of these limits."""
    if why := MISSING.get(request.param):
        pytest.skip(why)

    def run(test: Callable[[Backend], Awaitable[Any]], **limits: Any) -> Any:
        async def main() -> Any:
            async with backend(request.param, BusLimits(**limits)) as made:
                return await asyncio.wait_for(test(made), 20)

        return asyncio.run(main())

    return run
