"""Messages: what several processes write at once, on a database that is not there yet."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path

from board import messages
from board.store import Store

WRITERS = 3
EACH = 20


def write(url: str, author: str) -> None:
    async def run() -> None:
        store = Store(url, makes_missing_file=True)
        await asyncio.gather(*(messages.add(store, "help", author, str(n)) for n in range(EACH)))

    asyncio.run(run())


def test_processes_share_one_file(tmp_path: Path) -> None:
    """They start together, and nothing is lost."""
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write, args=(url, f"w{n}")) for n in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * WRITERS
    found = asyncio.run(messages.recent(Store(url), "help", limit=WRITERS * EACH + 1))
    assert len(found) == WRITERS * EACH
    for n in range(WRITERS):
        own = [message.body for message in found if message.author == f"w{n}"]
        assert sorted(own, key=int) == [str(n) for n in range(EACH)]
