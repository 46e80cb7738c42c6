"""What all handlers share: security headers, request ids, the user, flashed messages, errors."""

from __future__ import annotations

import re
import secrets
from http.client import responses
from typing import Any, cast

from tornado.escape import json_decode, json_encode
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from board import logs, security
from board.sessions import SESSION_COOKIE, CurrentUser, Sessions
from board.store import Store

# Of a proxy's or a client's own; anything else is not worth repeating.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class SecurityHeaders(RequestHandler):
    """Handler whose every answer, errors too, has the headers of `security.py` and an id."""

    csp_nonce = ""
    """For inline scripts: `<script nonce="{{ handler.csp_nonce }}">`."""
    request_id = ""
    """The one the request came with (X-Request-Id), or a new one; logged with each line."""

    def set_default_headers(self) -> None:
        # Tornado calls it twice where there is an error: both are to say the same.
        self.csp_nonce = self.csp_nonce or security.new_nonce()
        self.request_id = self.request_id or self._given_id() or secrets.token_hex(8)
        self.clear_header("Server")
        self.set_header("X-Request-Id", self.request_id)
        self.set_header("Content-Security-Policy", security.content_security_policy(self.csp_nonce))
        for name, value in security.HEADERS.items():
            self.set_header(name, value)
        if self.request.protocol == "https":
            self.set_header("Strict-Transport-Security", security.STRICT_TRANSPORT_SECURITY)

    def _given_id(self) -> str:
        given = self.request.headers.get("X-Request-Id", "")
        return given if _REQUEST_ID.fullmatch(given) else ""

    def check_xsrf_cookie(self) -> None:
        # The first thing that happens to a request, and it may be refused here.
        logs.request_id.set(self.request_id)
        super().check_xsrf_cookie()

    def prepare(self) -> Any:
        logs.request_id.set(self.request_id)


class SecureStaticFileHandler(SecurityHeaders, StaticFileHandler):
    """Serves files of `static/`."""


class BaseHandler(SecurityHeaders):
    """Base of all handlers."""

    @property
    def user(self) -> CurrentUser | None:
        """Whoever has signed in, if anyone has."""
        return cast("CurrentUser | None", self.current_user)

    @property
    def signed_in_user(self) -> CurrentUser:
        """Whoever has signed in, for methods that are `@authenticated`."""
        if self.user is None:
            raise HTTPError(403)
        return self.user

    @property
    def store(self) -> Store:
        return cast(Store, self.settings["store"])

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.store)

    async def prepare(self) -> None:
        super().prepare()
        token = self.get_cookie(SESSION_COOKIE)
        self.current_user = await self.sessions.user_of(token) if token else None
        if self.user:
            # Shared computers: "Back" after signing out must not show what was private.
            self.set_header("Cache-Control", "no-store")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """HEAD wherever there is a GET: Tornado leaves the body out."""
        super().__init_subclass__(**kwargs)
        if "get" in vars(cls) and "head" not in vars(cls):
            cls.head = cls.get

    def flash(self, text: str) -> None:
        """Leaves a message for the next page."""
        texts = json_encode([*self._flashed(), text])
        self.set_signed_cookie("flash", texts, expires_days=None, **self.settings["cookie_options"])

    def take_flashes(self) -> list[str]:
        """The messages that were left, for the page to show; once."""
        texts = self._flashed()
        if texts:
            self.clear_cookie("flash", **self.settings["cookie_options"])
        return texts

    def _flashed(self) -> list[str]:
        cookie = self.get_signed_cookie("flash", min_version=2)
        return cast("list[str]", json_decode(cookie)) if cookie else []

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A page; in development a 500 shows its traceback."""
        if status_code >= 500 and self.settings.get("serve_traceback"):
            super().write_error(status_code, **kwargs)
        else:
            reason = responses.get(status_code, "Unknown")
            self.render("error.html", status_code=status_code, reason=reason)


class JsonHandler(BaseHandler):
    """Base of handlers that scripts of this site's pages ask: JSON in, JSON out, errors too."""

    def body(self) -> dict[str, Any]:
        """The request's JSON object; raises HTTPError (400)."""
        try:
            found = json_decode(self.request.body)
        except ValueError:
            raise HTTPError(400, "the body is no JSON") from None
        if not isinstance(found, dict):
            raise HTTPError(400, "the body is no JSON object")
        return found

    def get_login_url(self) -> str:
        """No page to go to for a script: `@authenticated` on `get` is 401 here."""
        raise HTTPError(401)

    def check_xsrf_cookie(self) -> None:
        try:
            super().check_xsrf_cookie()
        except HTTPError:
            raise HTTPError(403, "the header X-XSRFToken is not this page's") from None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        detail = error.get_message() if isinstance(error, HTTPError) and status_code < 500 else None
        self.finish({"error": detail or responses.get(status_code, "Unknown")})


class NotFoundHandler(BaseHandler):
    """Answers what no route matches."""

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here that would need it: it is 404 for a form, too."""

    async def prepare(self) -> None:
        await super().prepare()
        raise HTTPError(404)
