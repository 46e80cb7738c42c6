"""Tokens: `python -m board.tokens NAME` makes one for a program and shows it, once."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sys

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from board.settings import database_url
from board.store import Store
from board.store.models import Token

PREFIX = "board_"


async def make_token(store: Store, name: str) -> str:
    """A new token. Only its hash is kept: the text is in nobody's hands but the caller's.

    Raises ValueError if there is one of that name.
    """
    # The prefix shows whoever finds one in a log or a repository what it is.
    text = PREFIX + secrets.token_urlsafe(32)
    async with store.session() as session:
        session.add(Token(name=name, token_hash=_hash(text)))
        try:
            await session.commit()
        except IntegrityError:
            raise ValueError(f"there is a token named {name}") from None
    return text


async def owner_of(store: Store, text: str) -> int | None:
    """The id of a token; None for one that there isn't."""
    query = select(Token.id).where(Token.token_hash == _hash(text))
    async with store.session() as session:
        return (await session.execute(query)).scalar()


def _hash(text: str) -> str:
    # Of a random token a plain digest is enough: there is nothing to be guessed.
    return hashlib.sha256(text.encode()).hexdigest()


async def _make(url: str, name: str) -> str:
    store = Store(url)
    try:
        return await make_token(store, name)
    finally:
        await store.close()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0] or len(arguments[0]) > 80:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    # Here, as the server has no need of it.
    from board import migrate

    url = database_url()
    migrate.up(url)
    try:
        print(asyncio.run(_make(url, arguments[0])))  # noqa: T201
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ValueError as error:  # a setting that does not fit
        sys.exit(str(error))
