"""State of one visitor of an application: cookies, XSRF tokens, and the addresses of requests.

A test's `client` and `aclient` are the same visitor: signed in by one, the other is. Cookies are
kept as a browser keeps them for the host that set them. Cookies that are ``Secure`` go to the
server as well, although it speaks plain HTTP: browsers do so on the machine itself.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

from tornado.httputil import parse_cookie
from tornado.web import create_signed_value

from tornkit.testing.recording import Record, SeenRequest

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # those that Tornado does not check
_TOKEN_HEADERS = frozenset({"x-xsrftoken", "x-csrftoken"})


class Visitor:
    """Visitor of the server at ``address``, which answers for all hosts.

    ``application`` gives the one whose settings say how cookies are signed and XSRF tokens named.
    """

    def __init__(self, address: str, application: Callable[[], object] = lambda: None) -> None:
        self.address = address
        self._application = application
        self.record: Record | None = None
        """Requests are noted here by the client; those of a server in this process by itself."""
        self.jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https", "ws", "wss")))

    def new(self) -> Visitor:
        """Another visitor of the same server, with no cookies."""
        visitor = Visitor(self.address, self._application)
        visitor.record = self.record
        return visitor

    def note(self, method: str, url: str) -> None:
        """Record a request that is made, if requests are recorded."""
        if self.record is not None:
            parts = urlsplit(url)
            target = f"{parts.path or '/'}?{parts.query}"
            self.record.add(SeenRequest(method, parts.netloc, target))

    @functools.cached_property
    def application(self) -> object:
        """The application, or one that is made in the same way."""
        return self._application()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings of the application; empty where it is no `tornado.web.Application`."""
        return getattr(self.application, "settings", {})

    def url(self, target: str, host: str | None = None) -> str:
        """The URL of a path, or of another URL, which is left as it is.

        >>> Visitor("127.0.0.1:8000").url("/items?page=2")
        'http://127.0.0.1:8000/items?page=2'
        >>> Visitor("127.0.0.1:8000").url("/", host="admin.example.com")
        'http://admin.example.com/'
        """
        if urlsplit(target).scheme in ("http", "https", "ws", "wss"):
            return target
        return f"http://{host or self.address}/{target.removeprefix('/')}"

    def reverse_url(self, name: str, *arguments: Any) -> str:
        """The path of a named route of the application's."""
        reverse = getattr(self.application, "reverse_url", None)
        if reverse is None:
            raise TypeError(f"{type(self.application).__name__} has no named routes")
        path: str = reverse(name, *arguments)
        return path

    # ---- cookies ----

    def cookie_header(self, url: str) -> str:
        """Value of the header ``Cookie`` for a URL; empty without cookies."""
        for cookie in [each for each in self.jar if not each.domain]:
            # One that a test has set by name alone: the application could never take it back.
            self.jar.clear(cookie.domain, cookie.path, cookie.name)
            self.set_cookie(cookie.name, cookie.value or "")
        request = Request(url)  # noqa: S310 - to ask the jar; nothing is opened
        self.jar.add_cookie_header(request)
        return request.get_header("Cookie") or ""

    def keep_cookies(self, url: str, lines: Iterable[str]) -> None:
        """Keep the cookies of a response's headers ``Set-Cookie``."""
        headers = Message()
        for line in lines:
            headers["Set-Cookie"] = line
        self.jar.extract_cookies(_ResponseHead(headers), Request(url))  # type: ignore[arg-type]  # noqa: S310

    def set_cookie(self, name: str, value: str, host: str | None = None) -> None:
        """Keep a cookie, as if the application had set it in a response of this host."""
        domain = (host or self.address).partition(":")[0].lower()
        if "." not in domain:
            domain += ".local"  # as http.cookiejar names such a host
        self.jar.set_cookie(
            Cookie(
                version=0,
                name=name,
                value=value,
                port=None,
                port_specified=False,
                domain=domain,
                domain_specified=False,
                domain_initial_dot=False,
                path="/",
                path_specified=True,
                secure=False,
                expires=None,
                discard=True,
                comment=None,
                comment_url=None,
                rest={},
            )
        )

    def sign_in(self, value: str | bytes, cookie: str = "user", host: str | None = None) -> None:
        """Keep a cookie that is signed as ``set_signed_cookie`` signs it.

        :raises ValueError: the application has no ``cookie_secret``.
        """
        secret = self.settings.get("cookie_secret")
        if not secret:
            raise ValueError("sign_in needs the application's setting cookie_secret; it has none")
        if not isinstance(value, str | bytes):
            raise TypeError(
                f"a signed cookie holds str or bytes, not {type(value).__name__}: "
                "write it as the application's sign-in does, for example with json.dumps"
            )
        version = self.settings.get("key_version") if isinstance(secret, dict) else None
        if isinstance(secret, dict) and version is None:
            raise ValueError("cookie_secret has several keys: key_version has to say which signs")
        signed = create_signed_value(secret, cookie, value, key_version=version)
        self.set_cookie(cookie, _quoted(signed.decode()), host)

    # ---- XSRF ----

    def xsrf_headers(
        self, method: str, url: str, headers: Mapping[str, str], data: object
    ) -> dict[str, str]:
        """Headers by which `RequestHandler.check_xsrf_cookie` knows an unsafe request as wanted.

        Its cookie is made where there is none, as a page's form would have had one. None of it for
        a request that has a token of its own.
        """
        has_own = any(name.lower() in _TOKEN_HEADERS for name in headers)
        if isinstance(data, Mapping) and "_xsrf" in data:
            has_own = True
        if has_own or method.upper() in _SAFE_METHODS:
            return {}
        return {"X-XSRFToken": self.xsrf_token(url)}

    def xsrf_token(self, url: str) -> str:
        """Token of the cookie that goes to a URL; a new one, which is kept, where none does."""
        name = self.settings.get("xsrf_cookie_name", "_xsrf")
        known = parse_cookie(self.cookie_header(url)).get(name)
        if known:
            return known
        token = os.urandom(16).hex()
        if self.settings.get("xsrf_cookie_version", 2) != 1:
            token = f"2|00000000|{token}|{int(time.time())}"  # masked by nothing
        parts = urlsplit(url)
        self.set_cookie(name, token, parts.hostname)
        return token


class _ResponseHead:
    """Headers of a response, in the form that `http.cookiejar` wants."""

    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        return self._headers


def _quoted(value: str) -> str:
    """Value as ``set_cookie`` writes it: ``=`` of a signed value stands in quotation marks."""
    return f'"{value}"' if "=" in value else value
