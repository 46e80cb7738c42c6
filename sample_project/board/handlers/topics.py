"""Topics and their messages: pages, a form, and URLs with and without a slash at their end.

Shown here: arguments of `initialize` (`page_size`, from the route), `@addslash`, `@removeslash`,
`@authenticated`, and a form that comes back with what was typed where it can't be taken.
"""

from __future__ import annotations

from tornado.web import HTTPError, addslash, authenticated, removeslash

from board import live, messages
from board.handlers.base import BaseHandler
from board.messages import BIGGEST_ID, TOPICS, InputError


class TopicHandler(BaseHandler):
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
            body = messages.cleaned(text)
        except InputError as error:
            self.set_status(422)
            await self.show(topic, problem=str(error), text=text)
            return
        await live.post(self.store, topic, self.signed_in_user.name, body)
        self.flash("Your message has been posted.")
        # 303 makes the browser GET the page, so that reloading it does not post again.
        self.redirect(self.reverse_url("topic", topic), status=303)

    async def show(self, topic: str, problem: str = "", text: str = "") -> None:
        before = self.get_query_argument("before", str(BIGGEST_ID))
        if not (before.isascii() and before.isdigit() and len(before) < 20):
            raise HTTPError(400)
        found = await messages.recent(
            self.store, topic, self.page_size, min(int(before), BIGGEST_ID)
        )
        self.render(
            "topic.html",
            topic=topic,
            description=TOPICS[topic],
            messages=found,
            older=found[-1].id if len(found) == self.page_size else None,
            longest=messages.LONGEST,
            problem=problem,
            text=text,
        )


class MessageHandler(BaseHandler):
    async def get(self, message_id: str) -> None:
        message = await messages.find(self.store, int(message_id))
        if message is None:
            raise HTTPError(404)
        self.render("message.html", message=message)


class AboutHandler(BaseHandler):
    @removeslash
    def get(self) -> None:
        self.render("about.html", site_url=self.settings["site_url"])
