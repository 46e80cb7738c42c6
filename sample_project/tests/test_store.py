"""The store under several processes and threads at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from sample_project.store import Store

WRITERS = 3
EACH = 20


def write(path: Path, name: str) -> None:
    async def run() -> None:
        store = Store(path)
        await asyncio.gather(*(store.add("help", name, str(n)) for n in range(EACH)))
        store.close()

    asyncio.run(run())


def test_processes_share_one_file(tmp_path: Path) -> None:
    """They start together on a file that does not exist yet, and nothing is lost."""
    path = tmp_path / "new" / "board.sqlite3"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write, args=(path, f"w{n}")) for n in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * WRITERS

    async def read() -> None:
        store = Store(path)
        messages = await store.recent("help", limit=WRITERS * EACH + 1)
        store.close()
        assert len(messages) == WRITERS * EACH
        for n in range(WRITERS):
            own = [message.body for message in messages if message.author == f"w{n}"]
            assert own == [str(n) for n in reversed(range(EACH))]

    asyncio.run(read())


def test_an_error_is_raised_where_the_query_is_awaited(tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite3").write_bytes(b"This is no database." * 100)

    async def read() -> None:
        store = Store(tmp_path / "broken.sqlite3")
        with pytest.raises(sqlite3.DatabaseError):
            await store.counts()
        store.close()

    asyncio.run(read())
