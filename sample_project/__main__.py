"""Runs the board by itself, in one process: ``python -m sample_project``."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from tornado.log import enable_pretty_logging

from .app import make_app
from .settings import Settings


async def main() -> None:
    enable_pretty_logging()
    settings = Settings.from_environment(os.environ)
    make_app(settings).listen(settings.port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
