"""Parts of pages.

Shown here: ``UIModule``, a piece of template with some code of its own that any page can use:
``{% module MessageCard(message) %}``.
"""

from __future__ import annotations

from typing import cast

from tornado.web import UIModule

from .handlers.base import Base
from .model import Message


class MessageCard(UIModule):
    def render(self, message: Message) -> str:
        return self.render_string("modules/message.html", message=message).decode()


class Flashes(UIModule):
    """The messages that earlier requests left for the reader; showing them uses them up."""

    def render(self) -> str:
        texts = cast(Base, self.handler).take_flashes()
        return self.render_string("modules/flashes.html", texts=texts).decode()
