"""The pages of the board.

Shown here: ``initialize`` with arguments from the route, templates, a form guarded against XSRF,
the redirect after a POST with a flashed message, ``@authenticated``, ``@addslash`` and
``@removeslash``, and the handler for what no route matches.
"""

from __future__ import annotations

from tornado.web import HTTPError, addslash, authenticated, removeslash

from .. import live
from ..model import InputError, clean_body
from ..store import BIGGEST_ID
from .base import Base


class Home(Base):
    def initialize(self, page_size: int) -> None:
        self.page_size = page_size

    async def get(self) -> None:
        self.render(
            "home.html",
            counts=await self.store.counts(),
            messages=await self.store.recent(limit=self.page_size),
        )


class Topic(Base):
    """One topic: its messages, and the form to write one."""

    def initialize(self, page_size: int) -> None:
        self.page_size = page_size

    @addslash
    async def get(self, topic: str) -> None:
        await self.show(topic)

    # The order matters: the decorator that is written first looks at the request first.
    @addslash
    @authenticated
    async def post(self, topic: str) -> None:
        text = self.get_body_argument("body", "")
        try:
            body = clean_body(text)
        except InputError as error:
            self.set_status(422)
            await self.show(topic, error=str(error), text=text)
            return
        await live.post(self.store, topic, self.name, body)
        self.flash("Your message has been posted.")
        # 303 makes the browser GET the page, so that reloading it does not post again.
        self.redirect(self.reverse_url("topic", topic), status=303)

    async def show(self, topic: str, error: str = "", text: str = "") -> None:
        before = self.number_argument("before", BIGGEST_ID, 1, BIGGEST_ID)
        if before is None:
            raise HTTPError(400)
        messages = await self.store.recent(topic, self.page_size, before)
        self.render(
            "topic.html",
            topic=topic,
            messages=messages,
            older=messages[-1].id if len(messages) == self.page_size else None,
            error=error,
            text=text,
        )


class SingleMessage(Base):
    async def get(self, message_id: str) -> None:
        message = await self.store.get(int(message_id))
        if message is None:
            raise HTTPError(404)
        self.render("message.html", message=message)


class About(Base):
    @removeslash
    def get(self) -> None:
        self.render("about.html", port=self.settings["port"])


class NotFound(Base):
    """What no route matches, with the board's own page instead of Tornado's line of text."""

    def check_xsrf_cookie(self) -> None:
        # There is nothing here to protect, and "not found" is a better answer than "forbidden".
        pass

    def prepare(self) -> None:
        raise HTTPError(404)
