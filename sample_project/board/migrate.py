"""Migrations: `python -m board.migrate` brings the database up to date.

`... new "add a column"` writes the next migration from what has changed in `store/models.py`,
`... down` takes the last one back, `... history` lists them all.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from board.settings import HERE, database_url
from board.store import with_driver


def up(url: str) -> None:
    """Brings the database up to date."""
    with _connected(url) as config:
        command.upgrade(config, "head")


@contextmanager
def _connected(url: str) -> Iterator[Config]:
    """Alembic's configuration, with a connection; one process of this machine at a time."""
    found = with_driver(url)
    if found.get_backend_name() == "sqlite":
        # Without its driver for handlers: here nothing else has to go on meanwhile.
        found = found.set(drivername="sqlite")
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations").replace("%", "%%"))
    engine = create_engine(found, poolclass=NullPool)
    with _alone(), engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Here, where one process is at work: SQLite has others fail at once, not wait, where
            # several switch a file to this.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.commit()
        config.attributes["connection"] = connection
        yield config
        connection.commit()


@contextmanager
def _alone() -> Iterator[None]:
    """Has other processes of this user on this machine wait."""
    place = Path(tempfile.gettempdir()) / f"board-migrations-{os.getuid()}.lock"
    # Anybody may put a link there: it is not followed.
    lock = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(config: Config, message: str) -> int:
    """Writes the next migration, and formats it where ruff is there."""
    script = command.revision(config, message, autogenerate=True)
    if not isinstance(script, Script):
        print("store/models.py has nothing new", file=sys.stderr)  # noqa: T201
        return 1
    print(f"read it: {script.path}")  # noqa: T201
    if importlib.util.find_spec("ruff"):
        ruff = [sys.executable, "-m", "ruff"]
        subprocess.run([*ruff, "check", "--silent", "--fix", script.path], check=False)  # noqa: S603
        subprocess.run([*ruff, "format", "--quiet", script.path], check=False)  # noqa: S603
    return 0


def _tell_where(config: Config) -> None:
    connection = config.attributes["connection"]
    head = MigrationContext.configure(connection).get_current_revision()
    print(f"the database is at {head or 'its beginning'}")  # noqa: T201


def main(arguments: list[str]) -> int:
    url = database_url()
    with _connected(url) as config:
        match arguments:
            case []:
                command.upgrade(config, "head")
                _tell_where(config)
            case ["new", message]:
                command.upgrade(config, "head")
                return _write(config, message)
            case ["down"]:
                command.downgrade(config, "-1")
                _tell_where(config)
            case ["history"]:
                command.history(config, indicate_current=True)
            case _:
                print(__doc__, file=sys.stderr)  # noqa: T201
                return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ValueError as error:  # a setting that does not fit
        sys.exit(str(error))
    except DBAPIError as error:
        sys.exit(f"the database refuses: {error.orig}\n{error.statement}")
