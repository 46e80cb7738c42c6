"""The administrators' pages on admin.localhost, for those whose names are in the setting ADMINS.

Shown here: `prepare` as the guard of a whole host, which runs before the method of each handler
below. The session of the site is not sent to this host; the page to sign in is found here, too, as
what a host does not have is looked up in the site.
"""

from __future__ import annotations

from tornado.web import HTTPError, authenticated

from board import live, messages
from board.handlers.base import BaseHandler


class AdminHandler(BaseHandler):
    async def prepare(self) -> None:
        """Keeps out whoever has signed in and is no administrator; the rest have to sign in."""
        await super().prepare()
        if self.user and self.user.name not in self.settings["admins"]:
            raise HTTPError(403)


class DashboardHandler(AdminHandler):
    @authenticated
    async def get(self) -> None:
        self.render("admin.html", messages=await messages.recent(self.store, limit=50))


class DeleteHandler(AdminHandler):
    @authenticated
    async def post(self, message_id: str) -> None:
        if not await live.delete(self.store, int(message_id)):
            raise HTTPError(404)
        self.flash(f"Message {message_id} has been deleted.")
        self.redirect(self.reverse_url("admin"), status=303)
