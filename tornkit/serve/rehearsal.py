"""Does once, for nothing, what every worker does first.

A forked process shares its pages with the zygote until it writes to them, and writing to one for
the first time costs about a microsecond. To start a loop and make a server touches a thousand:
so a worker that was forked ahead of its time does both before anybody waits for it.

The zygote does so itself before it forks: what comes of it that lasts is then shared.
"""

from __future__ import annotations

import asyncio

from tornado.httpserver import HTTPServer
from tornado.web import Application


def rehearse() -> None:
    """Start a loop, make a server, end both. Leaves nothing: no current loop is set."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_make_a_server())
    finally:
        loop.close()


async def _make_a_server() -> None:
    HTTPServer(Application())
    await asyncio.sleep(0)
