"""Health of one worker, for load balancers and containers."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from board.handlers.base import BaseHandler

log = logging.getLogger(__name__)


class HealthHandler(BaseHandler):
    """GET /healthz: 200 as long as requests are answered. Where it fails, restart the process."""

    async def prepare(self) -> None:
        """Without the user: it must not need the database."""

    def get(self) -> None:
        self.write({"status": "ok"})


class ReadinessHandler(BaseHandler):
    """GET /readyz: 503 where requests should go elsewhere; nothing has to be restarted."""

    async def prepare(self) -> None:
        """Without the user: whether there is a database is said by `get`."""

    async def get(self) -> None:
        if problem := self._draining() or await self._no_database():
            self.set_status(503)
            self.write({"status": problem})
        else:
            self.write({"status": "ok"})

    async def _no_database(self) -> str:
        try:
            async with self.store.session() as session:
                await session.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            log.exception("the database can't be reached")
            return "the database can't be reached"
        return ""

    def _draining(self) -> str:
        drain_file: Path = self.settings["drain_file"]
        return "draining" if drain_file.exists() else ""
