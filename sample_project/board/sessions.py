"""Signing in and out: sessions in the database, of which the browser holds a random token."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, select

from board.store import Store
from board.store.models import Session, User, now

SESSION_COOKIE = "session"
LIFETIME = timedelta(days=14)

_hasher = PasswordHasher()


@dataclass(frozen=True)
class CurrentUser:
    """Whoever a request's cookie belongs to."""

    id: int
    name: str


class Sessions:
    """Sessions of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sign_in(self, name: str, password: str, *, replaces: str | None) -> str | None:
        """A new session's token; None where name and password don't fit, whichever it is.

        `replaces` is the browser's token until now: it ends, so that one that was foisted on a
        browser never becomes a signed-in one.
        """
        async with self._store.session() as session:
            user = await session.scalar(select(User).where(User.name == name))
        # In a thread: it takes a tenth of a second on purpose.
        fits = await asyncio.to_thread(_verify, user.password_hash if user else None, password)
        if replaces is not None:
            await self.sign_out(replaces)
        if user is None or not fits:
            return None
        token = secrets.token_urlsafe(32)
        async with self._store.session() as session:
            await session.execute(delete(Session).where(Session.expires < now()))
            session.add(Session(token_hash=_hash(token), user_id=user.id, expires=now() + LIFETIME))
            await session.commit()
        return token

    async def user_of(self, token: str) -> CurrentUser | None:
        query = (
            select(User.id, User.name)
            .join(Session, Session.user_id == User.id)
            .where(Session.token_hash == _hash(token), Session.expires > now())
        )
        async with self._store.session() as session:
            found = (await session.execute(query)).first()
        return CurrentUser(found.id, found.name) if found else None

    async def sign_out(self, token: str) -> None:
        async with self._store.session() as session:
            await session.execute(delete(Session).where(Session.token_hash == _hash(token)))
            await session.commit()


async def add_user(store: Store, name: str, password: str) -> None:
    """Adds a user, or gives one that exists a new password and ends its sessions."""
    password_hash = await asyncio.to_thread(_hasher.hash, password)
    async with store.session() as session:
        user = await session.scalar(select(User).where(User.name == name))
        if user is None:
            session.add(User(name=name, password_hash=password_hash))
        else:
            user.password_hash = password_hash
            await session.execute(delete(Session).where(Session.user_id == user.id))
        await session.commit()


@functools.cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_hex())


def _verify(password_hash: str | None, password: str) -> bool:
    """Whether a password is right. Where there is no such user it takes as long to say no."""
    try:
        return _hasher.verify(password_hash or _hash_of_nobody(), password)
    except VerificationError:
        return False


def _hash(token: str) -> str:
    # Of a random token a plain digest is enough: there is nothing to be guessed.
    return hashlib.sha256(token.encode()).hexdigest()
