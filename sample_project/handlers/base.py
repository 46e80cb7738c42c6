"""What all handlers have in common.

Shown here: ``set_default_headers``, ``prepare``, ``on_finish``, ``get_current_user`` with signed
cookies and key versions, flashed messages, and error pages through ``write_error``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from typing import Any, cast

from tornado.escape import json_decode, json_encode
from tornado.web import HTTPError, RequestHandler

from ..model import TOPICS, User
from ..store import Store

HEADERS = {
    # No inline scripts or styles anywhere: markup that slipped through would stay without effect.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Base(RequestHandler):
    @property
    def store(self) -> Store:
        return cast(Store, self.settings["store"])

    @property
    def answers(self) -> Counter[int]:
        return cast("Counter[int]", self.settings["answers"])

    @property
    def user(self) -> User | None:
        """`current_user`, which Tornado reads once per request, with its type."""
        return cast("User | None", self.current_user)

    @property
    def name(self) -> str:
        """The name of the reader, for methods that only those who have signed in can reach."""
        if self.user is None:
            raise HTTPError(403)
        return self.user.name

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def signed_cookie(self, name: str) -> bytes | None:
        """None for one that was forged, has expired or was signed with a key no longer known."""
        # Cookies of version 1 have no key version. With several keys Tornado cannot read them, and
        # anything that is no signed cookie at all is taken for one: min_version turns both away.
        return self.get_signed_cookie(name, min_version=2)

    def get_current_user(self) -> User | None:
        cookie = self.signed_cookie("user")
        if cookie is None:
            return None
        role, _, name = cookie.decode().partition(":")
        # The role was earned with the password when signing in, the list may have changed since.
        return User(name, admin=role == "admin" and name in self.settings["admins"])

    def prepare(self) -> Awaitable[None] | None:
        """Renews a cookie that an older key has signed, so that the old key can be dropped."""
        version = self.get_signed_cookie_key_version("user")
        if self.user and version != self.settings["key_version"]:
            self.remember(self.user)
        return None

    def on_finish(self) -> None:
        """Runs when the response is out: the place for bookkeeping that nobody should wait for."""
        self.answers[self.get_status()] += 1

    def remember(self, user: User) -> None:
        role = "admin" if user.admin else "user"
        self.set_signed_cookie("user", f"{role}:{user.name}", **self.settings["cookie_options"])

    def flash(self, text: str) -> None:
        """Leaves a message for the next page. A session cookie: there is nothing to clean up."""
        texts = [*self._flashed(), text]
        self.set_signed_cookie(
            "flash", json_encode(texts), expires_days=None, **self.settings["cookie_options"]
        )

    def take_flashes(self) -> list[str]:
        texts = self._flashed()
        if texts:
            self.clear_cookie("flash", **self.settings["cookie_options"])
        return texts

    def _flashed(self) -> list[str]:
        cookie = self.signed_cookie("flash")
        return cast("list[str]", json_decode(cookie)) if cookie else []

    def get_template_namespace(self) -> dict[str, Any]:
        return {**super().get_template_namespace(), "topics": TOPICS, "user": self.user}

    def number_argument(self, name: str, default: int, low: int, high: int) -> int | None:
        """A number from the query string, or None if it is not one between `low` and `high`."""
        text = self.get_query_argument(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            return None
        return int(text) if low <= int(text) <= high else None

    def allowed_methods(self) -> list[str]:
        return [
            method
            for method in self.SUPPORTED_METHODS
            if getattr(type(self), method.lower()) is not getattr(RequestHandler, method.lower())
        ]

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == 405:
            # Headers set before the error are gone by now, so this is the place for this one.
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        if self.settings.get("serve_traceback") and "exc_info" in kwargs:
            super().write_error(status_code, **kwargs)  # what debug mode is for
        else:
            self.render("error.html", status=status_code, reason=self._reason)
