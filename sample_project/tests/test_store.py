"""The database: what is there when it is first needed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from board import migrate
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


def test_a_link_in_the_place_of_the_lock_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = tmp_path / "target"
    (tmp_path / f"board-migrations-{os.getuid()}.lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        migrate.up(f"sqlite:///{tmp_path}/test.sqlite3")
    assert not target.exists()
