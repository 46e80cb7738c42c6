"""The database: `Store` gives sessions, `models.py` has the tables, `migrations/` their history."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

# What SQLAlchemy does it with: while a handler waits for it, others run.
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
DRIVERS["postgres"] = DRIVERS["postgresql"]


class Store:
    """One database, of a URL such as sqlite:///file or postgresql://user:password@host/name.

    `makes_missing_file`: SQLite's file is made with its tables when it is first needed, so that a
    fresh clone runs at once.

    async with store.session() as session:
        session.add(...)
        await session.commit()
    """

    def __init__(self, url: str, *, makes_missing_file: bool = False) -> None:
        self._missing = url if makes_missing_file else ""
        self._making = asyncio.Lock()
        found = with_driver(url)
        if found.get_backend_name() == "sqlite":
            # A connection of a file is cheap, and one that is kept would have to be closed.
            self.engine = create_async_engine(found, poolclass=NullPool)
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
        else:
            self.engine = create_async_engine(found, pool_pre_ping=True)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        if self._missing:
            await self._make_missing_file()
        async with self._sessions() as session:
            yield session

    async def _make_missing_file(self) -> None:
        async with self._making:
            if self._missing:  # else another request has made it
                # In a thread: it takes a second, in which other requests go on.
                await asyncio.to_thread(_make_missing_file, self._missing)
                self._missing = ""

    async def close(self) -> None:
        await self.engine.dispose()


def with_driver(url: str) -> URL:
    """The URL with the driver that fits it: sqlite:///file -> sqlite+aiosqlite:///file."""
    found = make_url(url)
    return found.set(drivername=DRIVERS.get(found.get_backend_name(), found.drivername))


def _make_missing_file(url: str) -> None:
    found = make_url(url)
    file = found.database if found.get_backend_name() == "sqlite" else None
    if not file or Path(file).exists():
        return
    # Here, as it takes a while and is rarely needed.
    from board import migrate

    # Aside first: other workers are not to find it half made.
    aside = Path(f"{file}.{os.getpid()}")
    migrate.up(f"sqlite:///{aside}")
    with contextlib.suppress(FileExistsError):
        Path(file).hardlink_to(aside)
    aside.unlink()


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Has several worker processes share the file: readers and a writer do not block each other."""
    cursor = connection.cursor()
    try:
        for pragma in ("journal_mode = WAL", "busy_timeout = 5000", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()
