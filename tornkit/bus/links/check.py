"""Check whether the broker of ``TORNKIT_BUS`` answers: ``python -m tornkit.bus.links.check``.

Exit codes: 0 it does, 1 it does not; the last line on standard error says why.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from tornkit.bus.errors import BusError
from tornkit.bus.home import home


async def _main() -> None:
    try:
        await home.bus().broker_link.catch_up((), None)
    except BusError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    logging.disable()
    asyncio.run(_main())
