"""One connection to Redis, by redis-py, with any number of commands on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import RedisError

_PATIENCE = 4.0  # seconds, for a connection and its first answers: less than calls have
_abandoned: list[object] = []  # of processes that were forked: their parents' to end
LOST = (RedisError, OSError, EOFError, asyncio.TimeoutError)
"""Errors by which a connection ends."""


class RedisWire:
    """Connection to Redis, by redis-py, that sends commands in the order of the calls."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._transport: asyncio.WriteTransport | None = None
        self._unsent: list[Sequence[Any]] = []
        self._wake = asyncio.Event()

    @classmethod
    def made(cls, options: dict[str, Any]) -> RedisWire:
        """Make a connection that is not connected yet.

        :raises TypeError, ValueError, RedisError: redis-py takes no such options.
        """
        given = {"socket_connect_timeout": _PATIENCE, **options}
        kind = given.pop("connection_class", Connection)
        # What is waited for may take any time; `RedisCalls` says how long.
        return cls(kind(**{**given, "socket_timeout": None, "protocol": 2}))

    @classmethod
    async def connect(cls, options: dict[str, Any]) -> RedisWire:
        """Make a connection to Redis; raises one of the errors in `LOST`."""
        wire = cls.made(options)
        try:
            async with asyncio.timeout(_PATIENCE):
                await wire._connection.connect()
                wire._transport = wire._connection._writer.transport
        except BaseException as error:  # raised again, a cancellation too
            await wire.close()
            if isinstance(error, TimeoutError):
                text = "what is there does not speak as Redis does"
                hint = (
                    ", or without TLS"
                    if options.get("connection_class") is SSLConnection
                    else ", or it hangs"
                )
                raise ConnectionError(f"{text}{hint}") from None
            raise
        return wire

    async def ask(self, *command: Any) -> Any:
        """Send a command while nobody else uses the connection, and return its answer."""
        async with asyncio.timeout(_PATIENCE):
            await self._write([command])
            return await self.read()

    async def read(self) -> Any:
        """Read the next answer; raises `ResponseError` if it is an error, else one of `LOST`."""
        # Whoever ends the reading ends the connection, too, and may have a last word.
        return await self._connection.read_response(
            disable_decoding=True, disconnect_on_error=False
        )

    def send(self, *command: Any) -> None:
        """Queue a command, which `write` sends."""
        self._unsent.append(command)
        self._wake.set()

    async def write(self) -> None:
        """Send the commands that are queued, until the connection ends, which raises."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Send the commands that are queued by now."""
        commands, self._unsent = self._unsent, []
        await self._write(commands)

    async def _write(self, commands: Sequence[Sequence[Any]]) -> None:
        packed = self._connection.pack_commands(commands)
        if not self._connection.is_connected:  # else redis-py would connect anew by itself
            raise ConnectionError("the connection to Redis is lost")
        await self._connection.send_packed_command(packed, check_health=False)

    async def close(self) -> None:
        """Close the connection without waiting for the other side to read or answer."""
        await self._connection.disconnect(nowait=True)
        if self._transport is not None:
            self._transport.abort()  # else it stays open until that is read

    def abandon(self) -> None:
        """Keep the connection from being closed, in a process that was forked."""
        # Its end would be said to the parent's loop: it never ends here.
        _abandoned.append(self._connection)


async def both(*coroutines: Any) -> None:
    """Run coroutines until one ends or fails, and cancel the others."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
