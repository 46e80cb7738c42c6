"""Signing in and out.

Shown here: ``set_signed_cookie`` and a redirect to where the reader came from that cannot be
abused to send him elsewhere. As on a paper notice board, anybody may sign with any name, except
that the administrators' names are protected by a password.
"""

from __future__ import annotations

import hmac
import re

from ..model import InputError, User, clean_name
from .base import Base

# A path on this very host. Browsers take "//host" and "/\host" for another host and drop tabs and
# line ends before they look, so this pattern says what is good and does not look for what is bad.
LOCAL_PATH = re.compile(r"/(?![/\\])[!-~]*")


class SignIn(Base):
    def get(self) -> None:
        self.show()

    def post(self) -> None:
        try:
            user = self.identify(self.get_body_argument("name", ""))
        except InputError as error:
            self.set_status(422)
            self.show(str(error))
            return
        self.remember(user)
        self.flash(f"Welcome, {user.name}.")
        self.redirect(self.next_path(), status=303)

    def identify(self, name: str) -> User:
        name = clean_name(name)
        if name not in self.settings["admins"]:
            return User(name, admin=False)
        expected = self.settings["admin_password"].encode()
        given = self.get_body_argument("password", "", strip=False).encode()
        # compare_digest takes the same time however much of the password is right.
        if not (expected and hmac.compare_digest(given, expected)):
            raise InputError("This name needs its password.")
        return User(name, admin=True)

    def next_path(self) -> str:
        path = self.get_argument("next", "/")
        return path if LOCAL_PATH.fullmatch(path) else "/"

    def show(self, error: str = "") -> None:
        name = self.get_argument("name", "")
        self.render("sign-in.html", error=error, name=name, next=self.next_path())


class SignOut(Base):
    def post(self) -> None:
        """A POST with an XSRF token, so that no other site can sign a reader out."""
        self.clear_cookie("user", **self.settings["cookie_options"])
        self.redirect(self.reverse_url("home"), status=303)
