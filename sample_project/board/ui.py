"""Parts of pages.

Shown here: `UIModule`, a piece of template with some code of its own that any page can use:
`{% module MessageCard(message) %}`. `make_app` gives this whole module to Tornado.
"""

from __future__ import annotations

from tornado.web import UIModule

from board.messages import TOPICS
from board.store.models import Message


class MessageCard(UIModule):
    """One message; for administrators with a button to delete it."""

    def render(self, message: Message, *, deletable: bool = False) -> bytes:
        return self.render_string("modules/message.html", message=message, deletable=deletable)


class Topics(UIModule):
    """The list of topics."""

    def render(self) -> bytes:
        return self.render_string("modules/topics.html", topics=TOPICS)
