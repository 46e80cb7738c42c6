"""Clients of a room on the bus: each keeps its position, and comes back with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClosedError, websocket_connect

_AGAIN = 0.02  # seconds, before a connection that was lost is made again


class ChatClient:
    """Hears of a room by a WebSocket, whatever becomes of its connections.

    ``heard`` has the data of each message, and None for a gap.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.heard: list[Any] = []
        self.connections = 0
        self.position: str | None = None
        self.is_connected = asyncio.Event()

    async def run(self) -> None:
        """Hear, until this is cancelled."""
        while True:
            with contextlib.suppress(OSError, HTTPClientError, WebSocketClosedError):
                await self._hear()
            self.is_connected.clear()
            await asyncio.sleep(_AGAIN)

    async def _hear(self) -> None:
        since = "" if self.position is None else f"?since={self.position}"
        client = await websocket_connect(self._url + since)
        try:
            self.connections += 1
            while (text := await client.read_message()) is not None:
                message = json.loads(text)
                if message["event"] == "gap":
                    self.heard.append(None)
                elif message["data"] == "ready":
                    self.is_connected.set()
                    self.position = self.position or message["position"]
                    continue
                else:
                    self.heard.append(message["data"])
                self.position = message["position"]
        finally:
            client.close()


def faults(heard: list[Any], counts: list[int]) -> list[str]:
    """What is wrong with what a client has heard of ``[publisher, number]``; nothing mostly.

    Of each publisher so many numbers, from 0, once and in order; behind a gap some may lack.
    """
    found: list[str] = []
    for publisher, count in enumerate(counts):
        expected = 0
        gap = False
        for each in heard:
            if each is None:
                gap = True
            elif each[0] == publisher:
                number = each[1]
                if number < expected:
                    found.append(f"{publisher}: {number} again, or behind {expected - 1}")
                elif number > expected and not gap:
                    found.append(f"{publisher}: {expected} to {number - 1} are missing")
                expected, gap = number + 1, False
        if expected < count and not gap:
            found.append(f"{publisher}: {expected} to {count - 1} are missing at the end")
    return found
