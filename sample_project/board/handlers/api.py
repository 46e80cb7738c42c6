"""The JSON API on api.localhost.

Shown here: arguments of a query, bodies and errors in JSON, `prepare` as a gate in front of all
methods, and a header that is sent twice (`add_header`, where `set_header` would replace the first).

Reading is free to all; writing needs `Authorization: Bearer` with a token of
`python -m board.tokens NAME`, and NAME is the author. Cookies are not looked at, so the XSRF check,
which protects those who have some, has no place here.
"""

from __future__ import annotations

from typing import Any

from tornado.httputil import url_concat
from tornado.web import HTTPError

from board import live, messages
from board.handlers.base import JsonHandler, SecurityHeaders
from board.messages import BIGGEST_ID, TOPICS, InputError
from board.store.models import Message, Token
from board.tokens import owner_of


class ApiHandler(JsonHandler):
    author = ""
    """The name of the token, where a method writes."""

    def check_xsrf_cookie(self) -> None:
        """Nothing here goes by cookies, so pages of other sites can misuse none."""

    async def prepare(self) -> None:
        SecurityHeaders.prepare(self)
        self.current_user = None  # whatever cookies say
        if self.request.method in ("POST", "DELETE"):
            self.author = await self.token_name()

    async def token_name(self) -> str:
        scheme, _, text = self.request.headers.get("Authorization", "").partition(" ")
        found = await owner_of(self.store, text.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise HTTPError(401, "A token is needed: Authorization: Bearer TOKEN")
        async with self.store.session() as session:
            return (await session.get_one(Token, found)).name

    def number(self, name: str, default: int, highest: int) -> int:
        """A number of the query; raises HTTPError (400)."""
        text = self.get_query_argument(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= highest):
            raise HTTPError(400, f"{name} must be a number from 1 to {highest}")
        return int(text)

    async def find(self, message_id: str) -> Message:
        message = await messages.find(self.store, int(message_id))
        if message is None:
            raise HTTPError(404, "There is no such message.")
        return message

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        super().write_error(status_code, **kwargs)


class TopicsHandler(ApiHandler):
    async def get(self) -> None:
        counts = await messages.count_by_topic(self.store)
        self.write(
            {"topics": [{"name": topic, "messages": count} for topic, count in counts.items()]}
        )


class MessagesHandler(ApiHandler):
    def initialize(self, page_size: int) -> None:
        self.page_size = page_size

    async def get(self) -> None:
        topic = self.get_query_argument("topic", None)
        if topic is not None and topic not in TOPICS:
            raise HTTPError(400, "There is no such topic.")
        limit = self.number("limit", self.page_size, 100)
        before = self.number("before", BIGGEST_ID, BIGGEST_ID)
        found = await messages.recent(self.store, topic, limit, before)
        self.add_link("first", topic, limit)
        if len(found) == limit:
            self.add_link("next", topic, limit, before=found[-1].id)
        self.write({"messages": [messages.as_json(message) for message in found]})

    def add_link(self, rel: str, topic: str | None, limit: int, **more: int) -> None:
        query = {"topic": topic, "limit": limit, **more}
        pairs = [(name, str(value)) for name, value in query.items() if value is not None]
        url = url_concat(self.reverse_url("api-messages"), pairs)
        self.add_header("Link", f'<{url}>; rel="{rel}"')

    async def post(self) -> None:
        data = self.body()
        topic = data.get("topic")
        if not isinstance(topic, str) or topic not in TOPICS:
            raise HTTPError(422, f"The topic must be one of: {', '.join(TOPICS)}.")
        try:
            body = messages.cleaned(data.get("body"))
        except InputError as error:
            raise HTTPError(422, str(error)) from None
        message = await live.post(self.store, topic, self.author, body)
        self.set_status(201)
        self.set_header("Location", self.reverse_url("api-message", message.id))
        self.write(messages.as_json(message))


class MessageHandler(ApiHandler):
    async def get(self, message_id: str) -> None:
        self.write(messages.as_json(await self.find(message_id)))

    async def delete(self, message_id: str) -> None:
        message = await self.find(message_id)
        await live.delete(self.store, message.id)
        self.set_status(204)


class UnknownHandler(ApiHandler):
    async def prepare(self) -> None:
        raise HTTPError(404, "There is nothing under this path.")
