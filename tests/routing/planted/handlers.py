"""Handlers of the planted application."""

from __future__ import annotations

from typing import Any

from tornado.web import RequestHandler, UIModule, authenticated
from tornado.websocket import WebSocketHandler


class Page(RequestHandler):
    def get(self, *args: str, **kwargs: str) -> None: ...


class Plain(RequestHandler):
    def get(self) -> None: ...


class One(RequestHandler):
    def get(self, slug: str) -> None: ...

    @authenticated
    def post(self, slug: str) -> None: ...


class OneOrNone(RequestHandler):
    def get(self, slug: str | None = None) -> None: ...


class Named(RequestHandler):
    def get(self, *, year: str, month: str) -> None: ...


class Two(RequestHandler):
    async def get(self, first: str, second: str) -> None: ...


class Configured(RequestHandler):
    def initialize(self, store: object, limit: int = 10) -> None: ...

    def get(self, *args: str) -> None: ...


class Anything(RequestHandler):
    def initialize(self, **options: Any) -> None: ...

    def get(self, *args: str) -> None: ...


class Silent(RequestHandler):
    """Implements nothing."""


class Prepared(RequestHandler):
    """Answers before the method is looked at."""

    def prepare(self) -> None:
        self.finish("done")


class Chat(WebSocketHandler):
    def open(self, room: str) -> None: ...

    def on_message(self, message: str | bytes) -> None: ...


class Feed(WebSocketHandler):
    def open(self, *args: str) -> None: ...

    def on_message(self, message: str | bytes) -> None: ...


class Links(RequestHandler):
    def get(self) -> None:
        self.reverse_url("home")
        self.reverse_url("post", "a-slug")
        self.reverse_url("archive", "2024", "07")
        self.application.reverse_url("chat", "lobby")
        self.reverse_url("nobody")  # expect: TK601
        self.reverse_url("post")  # expect: TK602
        self.redirect(self.reverse_url("home", "superfluous"))  # expect: TK602
        name = "post" if self.current_user else "home"
        self.reverse_url(name, *self.path_args)
        self.render("links.html")


class Menu(UIModule):
    def render(self, *args: Any, **kwargs: Any) -> str:
        self.handler.reverse_url("home")
        self.handler.reverse_url("hom")  # expect: TK601
        return self.render_string("menu.html").decode()
