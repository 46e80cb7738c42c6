"""A topic, live: by WebSocket or, where that does not get through, by long polling.

Shown here: ``WebSocketHandler``, a response that waits, and cleaning up when a client leaves. Both
ways read from the same place (see live.py), and so do the pages and the API: whatever is posted
to a topic, by whichever way, appears in its chat.

A client says with ``after`` which number it has seen last, and gets all that follow. So nothing
is lost or doubled between loading the page, connecting and reconnecting.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict

from tornado.escape import json_decode
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from ..model import InputError, Message, clean_body
from ..store import BIGGEST_ID
from .base import Base

log = logging.getLogger(__name__)


class Follower(Base):
    def after(self) -> int:
        number = self.number_argument("after", 0, 0, BIGGEST_ID)
        if number is None:
            raise HTTPError(400)
        return number


class LivePage(Base):
    """The page. Its script, static/live.js, does the rest."""

    async def get(self, topic: str) -> None:
        messages = await self.store.recent(topic, limit=20)
        messages.reverse()
        last_id = messages[-1].id if messages else 0
        self.render("live.html", topic=topic, messages=messages, last_id=last_id)


class Poll(Follower):
    """Long polling: the answer comes when there is news, or empty after some seconds."""

    waiting: asyncio.Task[list[Message]] | None = None

    def initialize(self, seconds: float) -> None:
        self.seconds = seconds

    async def get(self, topic: str) -> None:
        news = self.live.newer(topic, self.after(), self.seconds)
        self.waiting = asyncio.create_task(news)
        try:
            # Unlike `await self.waiting`, this does not raise when on_connection_close cancels.
            await asyncio.wait([self.waiting])
        finally:
            self.waiting.cancel()
        if not self.waiting.cancelled():
            self.set_header("Cache-Control", "no-store")
            self.write({"messages": [asdict(message) for message in self.waiting.result()]})

    @authenticated
    async def post(self, topic: str) -> None:
        """Sends a message. A script has no form: it puts the XSRF token into X-XSRFToken."""
        try:
            body = clean_body(self.get_body_argument("body", ""))
        except InputError as error:
            self.set_status(422)
            self.write({"error": str(error)})
            return
        message = await self.store.add(topic, self.name, body)
        self.set_status(201)
        self.write(asdict(message))

    def on_connection_close(self) -> None:
        """The client has gone, so there is no more reason to wait for news."""
        if self.waiting is not None:
            self.waiting.cancel()


class Socket(Follower, WebSocketHandler):
    """A WebSocket. Tornado lets only pages of the same origin open it, see check_origin."""

    following: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        super().prepare()
        self.cursor = self.after()  # here, where a wrong number can still be answered with 400

    def open(self, topic: str) -> None:
        self.topic = topic
        # A task of its own: Tornado delivers no messages before open() has returned.
        self.following = asyncio.create_task(self.follow())

    async def follow(self) -> None:
        try:
            while True:
                for message in await self.live.newer(self.topic, self.cursor):
                    # Awaiting each message keeps a slow client from filling up our memory.
                    await self.write_message(asdict(message))
                    self.cursor = message.id
        except WebSocketClosedError:
            pass  # on_close follows
        except Exception:
            log.exception("The live view of %s has failed", self.topic)
            self.close(1011)

    async def on_message(self, message: str | bytes) -> None:
        try:
            body = self.read(message)
        except InputError as error:
            await self.write_message({"error": str(error)})
        else:
            # The sender gets it back like everybody else, which also says that it has arrived.
            await self.store.add(self.topic, self.name, body)

    def read(self, message: str | bytes) -> str:
        if self.user is None:
            raise InputError("Sign in to take part.")
        try:
            data = json_decode(message)
        except (ValueError, RecursionError):
            raise InputError("This is not valid JSON.") from None
        if not isinstance(data, dict):
            raise InputError("A message must be a JSON object.")
        return clean_body(data.get("body"))

    def on_close(self) -> None:
        if self.following is not None:
            self.following.cancel()
