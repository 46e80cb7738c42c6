"""A topic, live: by WebSocket or, where that does not get through, by long polls.

Shown here: `WebSocketHandler`, a response that waits, and what `tornkit.bus` does for both:
`relay` and `wait` pass on what any worker process publishes (see `live.py`), and `presence` knows
who is there. What is posted to a topic, whichever way, appears on its live page.

A client says by `since` how far it has heard, and gets all that follows. So nothing is lost or
doubled when it comes back, be it because of a reload, a worker that died or a closed laptop. One
that comes without it, or so late that the bus has forgotten what it has missed (there is a gap),
begins anew with the newest messages of the store.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tornado.escape import json_decode
from tornado.web import authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler
from tornkit import bus

from board import live, messages
from board.handlers.base import BaseHandler, JsonHandler
from board.messages import InputError


class LivePageHandler(BaseHandler):
    """The page. Its script, `static/live.js`, does the rest."""

    def get(self, topic: str) -> None:
        self.render("live.html", topic=topic, longest=messages.LONGEST)


class PollHandler(JsonHandler):
    """GET waits for news (a long poll) and is empty after some seconds; POST says something."""

    waiting: asyncio.Task[bus.MessageBatch] | None = None

    def initialize(self, seconds: float) -> None:
        self.seconds = seconds

    async def get(self, topic: str) -> None:
        channel = live.channel(topic)
        since = self.get_query_argument("since", None)
        # One that begins does not wait, and is told where that is.
        seconds = 0 if since is None else self.seconds
        self.waiting = asyncio.create_task(
            bus.wait(channel, since=since, timeout=seconds, joins=True)
        )
        # Unlike `await self.waiting`, this does not raise when on_connection_close cancels.
        await asyncio.wait([self.waiting])
        if self.waiting.cancelled():
            return
        batch = self.waiting.result()
        here = [each.id for each in await bus.presence(channel)]
        self.set_header("Cache-Control", "no-store")
        if since is None or batch.has_gap:
            # The position is older than what the store says now. So what was posted in between
            # comes twice, which the page sees by its number; the other way round it would be lost.
            found = [messages.as_json(each) for each in await messages.recent(self.store, topic)]
            self.write({"recent": found[::-1], "here": here, "position": batch.position})
        else:
            news = [message.data for message in batch if message.event == "message"]
            self.write({"news": news, "here": here, "position": batch.position})

    @authenticated
    async def post(self, topic: str) -> None:
        try:
            body = messages.cleaned(self.get_body_argument("body", ""))
        except InputError as error:
            self.set_status(422)
            self.write({"error": str(error)})
            return
        message = await live.post(self.store, topic, self.signed_in_user.name, body)
        self.set_status(201)
        self.write(messages.as_json(message))

    def on_connection_close(self) -> None:
        """The client has gone: there is nobody to wait for."""
        if self.waiting is not None:
            self.waiting.cancel()


class SocketHandler(BaseHandler, WebSocketHandler):
    """A WebSocket. Only pages of this site may open it (`check_origin`)."""

    async def open(self, topic: str) -> None:
        self.topic = topic
        channel = live.channel(topic)
        since = self.get_query_argument("since", None)
        name = self.user.name if self.user else None
        await bus.relay(self, channel, since=since, joins=True, present=name)
        # Who comes and goes is told from here on, so this is the time to say who is there.
        self.tell("here", [each.id for each in await bus.presence(channel)])

    async def on_message(self, message: str | bytes) -> None:
        try:
            body = self.read(message)
        except InputError as error:
            self.tell("error", str(error))
        else:
            await live.post(self.store, self.topic, self.signed_in_user.name, body)
            self.tell("sent")

    def read(self, message: str | bytes) -> str:
        if self.user is None:
            raise InputError("Sign in to take part.")
        try:
            data = json_decode(message)
        except (ValueError, RecursionError):
            raise InputError("This is not valid JSON.") from None
        if not isinstance(data, dict):
            raise InputError("A message must be a JSON object.")
        return messages.cleaned(data.get("body"))

    def tell(self, event: str, data: object = None) -> None:
        """Tells this client alone, in the form in which the bus tells all of them."""
        with suppress(WebSocketClosedError):  # it has gone meanwhile
            self.write_message({"event": event, "data": data})
