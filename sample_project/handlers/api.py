"""The JSON API on api.localhost.

Shown here: query arguments, JSON bodies, status codes with JSON errors, ``prepare`` as a gate in
front of all methods, and a header sent twice (``add_header`` instead of ``set_header``).

Anybody may read; writing needs ``Authorization: Bearer`` with the token of the settings. Cookies
are not looked at, so the XSRF check, which protects those who have cookies, has no place here.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import Any

from tornado.escape import json_decode
from tornado.httputil import url_concat
from tornado.web import HTTPError

from .. import live
from ..model import TOPICS, InputError, Message, clean_body, clean_name, clean_topic
from ..store import BIGGEST_ID
from .base import Base


class ApiError(HTTPError):
    """An error whose text is meant for the client."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, "%s", text)
        self.text = text


class Api(Base):
    def check_xsrf_cookie(self) -> None:
        pass

    def prepare(self) -> None:
        if self.request.method not in self.allowed_methods():
            raise HTTPError(405)
        if self.request.method not in ("GET", "HEAD", "OPTIONS"):
            self.require_token()

    def require_token(self) -> None:
        token = self.settings["api_token"]
        if not token:
            raise ApiError(403, "Writing is switched off: no token has been configured.")
        scheme, _, given = self.request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), token.encode())
        if scheme.lower() != "bearer" or not right:
            raise ApiError(401, "A valid bearer token is needed.")

    def json_object(self) -> dict[str, Any]:
        content_type = self.request.headers.get("Content-Type", "")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise ApiError(415, "The body must be application/json.")
        try:
            value = json_decode(self.request.body)
        except (ValueError, RecursionError):
            raise ApiError(400, "The body is not valid JSON.") from None
        if not isinstance(value, dict):
            raise ApiError(422, "The body must be a JSON object.")
        return value

    def query_number(self, name: str, default: int, low: int, high: int) -> int:
        number = self.number_argument(name, default, low, high)
        if number is None:
            raise ApiError(400, f"{name} must be a number from {low} to {high}.")
        return number

    async def find(self, message_id: str) -> Message:
        message = await self.store.get(int(message_id))
        if message is None:
            raise ApiError(404, "There is no such message.")
        return message

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        error = kwargs.get("exc_info", (None, None, None))[1]
        text = error.text if isinstance(error, ApiError) else self._reason
        self.finish({"error": text})


class Topics(Api):
    async def get(self) -> None:
        counts = await self.store.counts()
        self.write({"topics": [{"name": name, "messages": counts.get(name, 0)} for name in TOPICS]})


class Messages(Api):
    def initialize(self, page_size: int) -> None:
        self.page_size = page_size

    async def get(self) -> None:
        topic = self.get_query_argument("topic", None)
        if topic is not None and topic not in TOPICS:
            raise ApiError(400, "There is no such topic.")
        limit = self.query_number("limit", self.page_size, 1, 100)
        before = self.query_number("before", BIGGEST_ID, 1, BIGGEST_ID)
        messages = await self.store.recent(topic, limit, before)
        self.add_link("first", topic, limit)
        if len(messages) == limit:
            self.add_link("next", topic, limit, before=messages[-1].id)
        self.write({"messages": [asdict(message) for message in messages]})

    def add_link(self, rel: str, topic: str | None, limit: int, **more: int) -> None:
        """One ``Link`` header per link: set_header would replace the one before."""
        query = {"topic": topic, "limit": limit, **more}
        pairs = [(name, str(value)) for name, value in query.items() if value is not None]
        url = url_concat(self.reverse_url("api-messages"), pairs)
        self.add_header("Link", f'<{url}>; rel="{rel}"')

    async def post(self) -> None:
        data = self.json_object()
        try:
            topic = clean_topic(data.get("topic"))
            author = clean_name(data.get("author"))
            body = clean_body(data.get("body"))
        except InputError as error:
            raise ApiError(422, str(error)) from None
        # A token opens the API, but not the names that stand for the administrators.
        if author in self.settings["admins"]:
            raise ApiError(422, "This name is reserved.")
        message = await live.post(self.store, topic, author, body)
        self.set_status(201)
        self.set_header("Location", self.reverse_url("api-message", message.id))
        self.write(asdict(message))


class SingleMessage(Api):
    async def get(self, message_id: str) -> None:
        self.write(asdict(await self.find(message_id)))

    async def delete(self, message_id: str) -> None:
        message = await self.find(message_id)
        await live.delete(self.store, message.id)
        self.set_status(204)


class NotFound(Api):
    def prepare(self) -> None:
        raise ApiError(404, "There is nothing under this path.")
