"""The Atom feed of a topic.

Shown here: ``gen.coroutine``, the way coroutines were written before ``async def``. There is much
code of this kind, it works with everything that can be awaited, and the two can be mixed freely.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from tornado import gen

from .base import Base


class Feed(Base):
    def initialize(self, page_size: int) -> None:
        self.page_size = page_size

    @gen.coroutine
    def get(self, topic: str) -> Generator[Any, Any, None]:
        messages = yield self.store.recent(topic, limit=self.page_size)
        self.set_header("Content-Type", "application/atom+xml; charset=utf-8")
        self.render(
            "feed.xml",
            topic=topic,
            messages=messages,
            # Feed readers need whole URLs, reverse_url gives paths.
            site=f"{self.request.protocol}://{self.request.host}",
        )
