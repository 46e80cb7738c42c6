"""The administrators' pages on admin.localhost.

Shown here: ``prepare`` as the guard of a whole host. It runs before the method of every handler
below, so none of them can forget to ask. The cookie of the site is not sent to this host; the
sign-in page is found here too, because what a host does not have is looked up in the site.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable

from tornado.web import HTTPError, authenticated

from .. import live
from .base import Base


class Admin(Base):
    # @authenticated sends a GET to the sign-in page and answers anything else with 403.
    @authenticated
    def prepare(self) -> Awaitable[None] | None:
        if not (self.user and self.user.admin):
            raise HTTPError(403)
        return super().prepare()


class Dashboard(Admin):
    async def get(self) -> None:
        self.render(
            "admin.html",
            messages=await self.store.recent(limit=50),
            # Counted in memory (see Base.on_finish), so these are the answers of one worker.
            answers=sorted(self.answers.items()),
            process=os.getpid(),
        )


class Delete(Admin):
    async def post(self, message_id: str) -> None:
        if not await live.delete(self.store, int(message_id)):
            raise HTTPError(404)
        self.flash(f"Message {message_id} has been deleted.")
        self.redirect(self.reverse_url("admin"), status=303)
