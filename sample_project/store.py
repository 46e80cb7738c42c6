"""The messages, in one SQLite file that all worker processes share.

Shown here: ``IOLoop.run_in_executor``. A query blocks, if only for a moment, and while the loop is
blocked nobody is served; so queries run in a thread and the handlers await them. One thread per
process is enough, and it makes the connection easy to own: it is opened there on first use, which
also means that making an application opens nothing and that a later fork is harmless.

Between processes SQLite does the locking itself. Each statement is a transaction of its own, the
write-ahead log lets readers and a writer work at the same time, and a second writer waits.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tornado.ioloop import IOLoop

from .model import Message

BUSY_SECONDS = 10.0

# AUTOINCREMENT: the number of a deleted message is never used again, so that no link and no open
# page takes another message for it. The columns have the order of Message.
SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    topic   TEXT NOT NULL,
    author  TEXT NOT NULL,
    body    TEXT NOT NULL,
    created REAL NOT NULL
)
"""
INDEX = "CREATE INDEX IF NOT EXISTS messages_by_topic ON messages (topic, id)"

BIGGEST_ID = 2**63 - 1


class Store:
    def __init__(self, path: Path) -> None:
        self._path = path
        # The executor starts its thread with the first query, not here.
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db: sqlite3.Connection | None = None

    async def add(self, topic: str, author: str, body: str) -> Message:
        rows = await self._run(
            "INSERT INTO messages (topic, author, body, created) VALUES (?, ?, ?, ?) RETURNING *",
            (topic, author, body, time.time()),
        )
        return Message(*rows[0])

    async def get(self, message_id: int) -> Message | None:
        rows = await self._run("SELECT * FROM messages WHERE id = ?", (message_id,))
        return Message(*rows[0]) if rows else None

    async def recent(
        self, topic: str | None = None, limit: int = 20, before: int = BIGGEST_ID
    ) -> list[Message]:
        """The newest messages with a number below `before`, newest first."""
        rows = await self._run(
            "SELECT * FROM messages WHERE id < ? AND topic = coalesce(?, topic)"
            " ORDER BY id DESC LIMIT ?",
            (before, topic, limit),
        )
        return [Message(*row) for row in rows]

    async def counts(self) -> dict[str, int]:
        return dict(await self._run("SELECT topic, count(*) FROM messages GROUP BY topic"))

    async def delete(self, message_id: int) -> Message | None:
        rows = await self._run("DELETE FROM messages WHERE id = ? RETURNING *", (message_id,))
        return Message(*rows[0]) if rows else None

    def close(self) -> None:
        self._executor.submit(self._disconnect).result()
        self._executor.shutdown()

    async def _run(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        return await IOLoop.current().run_in_executor(self._executor, self._execute, sql, values)

    # What follows runs in the store's thread only.

    def _execute(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        if self._db is None:
            self._db = self._connect()
        return self._db.execute(sql, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # isolation_level=None is autocommit: each statement is a transaction.
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            self._use_write_ahead_log(db)
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(SCHEMA)
            db.execute(INDEX)
        except BaseException:
            db.close()
            raise
        return db

    @staticmethod
    def _use_write_ahead_log(db: sqlite3.Connection) -> None:
        # The one lock that SQLite does not wait for by itself. It is taken when several workers
        # start at once on a new file: one switches it over, and then it is switched for all.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                # The low byte is the kind of error, the rest says more about it.
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
