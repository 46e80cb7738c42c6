"""Users: `python -m board.users NAME` adds one, or gives one that exists a new password."""

from __future__ import annotations

import asyncio
import getpass
import sys

from board import migrate
from board.sessions import add_user
from board.settings import database_url
from board.store import Store

SHORTEST_PASSWORD = 8


async def add(url: str, name: str, password: str) -> None:
    store = Store(url)
    try:
        await add_user(store, name, password)
    finally:
        await store.close()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0] or len(arguments[0]) > 80:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    # In a pipe the password is the first line: for scripts.
    asks = sys.stdin.isatty()
    password = getpass.getpass() if asks else sys.stdin.readline().rstrip("\n")
    if len(password) < SHORTEST_PASSWORD:
        print(f"a password has {SHORTEST_PASSWORD} characters or more", file=sys.stderr)  # noqa: T201
        return 1
    url = database_url()
    migrate.up(url)
    asyncio.run(add(url, arguments[0], password))
    print(f"{arguments[0]} can sign in")  # noqa: T201
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ValueError as error:  # a setting that does not fit
        sys.exit(str(error))
