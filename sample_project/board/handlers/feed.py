"""A topic as an Atom feed.

Shown here: a generator coroutine, which is how handlers waited before there was `async`, and how
older ones still do; and a template that is XML.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from tornado import gen

from board import messages
from board.handlers.base import BaseHandler


class FeedHandler(BaseHandler):
    def initialize(self, page_size: int) -> None:
        self.page_size = page_size

    @gen.coroutine
    def get(self, topic: str) -> Generator[Any, Any, None]:
        found = yield messages.recent(self.store, topic, limit=self.page_size)
        self.set_header("Content-Type", "application/atom+xml; charset=utf-8")
        # Readers of feeds need whole URLs; reverse_url gives paths.
        self.render("feed.xml", topic=topic, messages=found, site_url=self.settings["site_url"])
