"""The page to sign in, and the way out."""

from __future__ import annotations

from urllib.parse import urlsplit

from board.handlers.base import BaseHandler
from board.sessions import LIFETIME, SESSION_COOKIE


class SignInHandler(BaseHandler):
    def get(self) -> None:
        self.show(name="", problem="")

    async def post(self) -> None:
        name = self.get_body_argument("name", "")
        password = self.get_body_argument("password", "", strip=False)
        replaces = self.get_cookie(SESSION_COOKIE)
        token = await self.sessions.sign_in(name, password, replaces=replaces)
        if token is None:
            self.set_status(422)
            # Whether there is such a user is nobody's business.
            self.show(name=name, problem="Name and password don't fit.")
            return
        self.set_cookie(
            SESSION_COOKIE, token, expires_days=LIFETIME.days, **self.settings["cookie_options"]
        )
        # A token that was in the page before is not to count for what the user does from here on.
        self.clear_cookie("_xsrf", **self.settings["cookie_options"])
        self.flash(f"Welcome, {name}!")
        self.redirect(self.next_page(), status=303)

    def show(self, *, name: str, problem: str) -> None:
        self.render("sign-in.html", name=name, problem=problem, next_page=self.next_page())

    def next_page(self) -> str:
        """Where @authenticated wanted to go; a page of this site, whatever the URL says."""
        wanted = self.get_argument("next", "")
        parts = urlsplit(wanted)
        # "//host" and "/\\host" are other sites to a browser.
        here = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
        return wanted if here and not parts.netloc else self.reverse_url("home")


class SignOutHandler(BaseHandler):
    async def post(self) -> None:
        if token := self.get_cookie(SESSION_COOKIE):
            await self.sessions.sign_out(token)
        self.clear_cookie(SESSION_COOKIE, **self.settings["cookie_options"])
        # Nothing of the pages stays in this browser.
        self.set_header("Clear-Site-Data", '"cache"')
        self.flash("You have signed out.")
        self.redirect(self.reverse_url("home"), status=303)
