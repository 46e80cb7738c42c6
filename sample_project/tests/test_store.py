"""The database: what is there when it is first needed."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import text

from board.store import Store


def test_a_missing_file_is_made_once_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite3"
    store = Store(f"sqlite:///{file}", makes_missing_file=True)

    async def ask() -> int | None:
        async with store.session() as session:
            found: int | None = await session.scalar(text("SELECT count(*) FROM alembic_version"))
            return found

    async def several() -> list[int | None]:
        return list(await asyncio.gather(ask(), ask(), ask()))

    assert not file.exists()
    assert asyncio.run(several()) == [1, 1, 1]
    assert list(tmp_path.glob("new.sqlite3.*")) == [], "what it was made in is gone"


def test_processes_that_start_together_find_it_as_they_need_it(migrated: Path) -> None:
    with contextlib.closing(sqlite3.connect(migrated)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
