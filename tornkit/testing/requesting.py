"""Requests of a test's client: the words that `Client` and `AsyncClient` have in common.

Both are thin layers over httpx2, the maintained continuation of httpx (whose last release is of
2024, and which takes no reports any more): one API for plain and for awaited code, typed, in pure
Python, for asyncio and trio, and what Starlette's test client has moved to as well. Of others,
requests is not awaited, niquests takes the place of an installed urllib3, and aiohttp's client is
for asyncio alone. What Tornado has of its own keeps no cookies, and can't be asked without a loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypedDict

import httpx2

from tornkit.testing.visitor import Visitor

# Seconds for each step of a request: long enough for a machine that is busy with other tests.
TIMEOUT = 30.0


class RequestOptions(TypedDict, total=False):
    """Options of a request: those of httpx2's clients, and two more.

    ``host`` is the host that is asked, which is otherwise the server's own address; ``xsrf`` says
    whether the request brings an XSRF token, and is otherwise as the client's attribute says.
    """

    host: str | None
    xsrf: bool
    params: Any
    headers: Mapping[str, str] | Sequence[tuple[str, str]] | None
    cookies: Mapping[str, str] | None
    content: Any
    data: Mapping[str, Any] | None
    files: Any
    json: Any
    auth: Any
    follow_redirects: bool
    timeout: Any


class Requesting:
    """Base of both clients: settings of requests, and their preparation."""

    xsrf = True
    """Whether requests with unsafe methods bring an XSRF token, as a page's own would."""

    follow_redirects = False
    """Whether redirects are followed where a request does not say: no, they are the answer."""

    timeout: float | None = TIMEOUT
    """Seconds for each step of a request that does not say; None while a handler is debugged."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self.headers = httpx2.Headers()
        """Headers that go with each request of this client, such as ``Authorization``."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.url}>"

    @property
    def url(self) -> str:
        """Address of the server, without a slash behind it."""
        return self._visitor.url("").removesuffix("/")

    @property
    def cookies(self) -> httpx2.Cookies:
        """Cookie jar of the visitor; changes that a test makes count."""
        return httpx2.Cookies(self._visitor.jar)

    @property
    def application(self) -> Any:
        """The application that is asked; of a `live_server`, one that is made in the same way."""
        return self._visitor.application

    def reverse_url(self, name: str, *arguments: Any) -> str:
        """The path of the application's route of this name."""
        return self._visitor.reverse_url(name, *arguments)

    def sign_in(self, value: str | bytes, cookie: str = "user", host: str | None = None) -> None:
        """Keep a cookie that is signed with the application's secret, as ``set_signed_cookie``."""
        self._visitor.sign_in(value, cookie, host)

    def prepared(
        self, method: str, target: str, options: RequestOptions
    ) -> tuple[str, dict[str, Any]]:
        """The URL of a request, and its arguments for httpx2."""
        given: dict[str, Any] = dict(options)
        headers = httpx2.Headers(self.headers)
        headers.update(given.pop("headers", None))
        named = headers.pop("Host", None)
        url = self._visitor.url(target, given.pop("host", None) or named)
        if given.pop("xsrf", self.xsrf):
            headers.update(self._visitor.xsrf_headers(method, url, headers, given.get("data")))
        if cookies := given.pop("cookies", None):
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        given.setdefault("follow_redirects", self.follow_redirects)
        given.setdefault("timeout", self.timeout)
        return url, {**given, "headers": headers}


def httpx_arguments() -> dict[str, Any]:
    """Arguments of both of httpx2's clients; cookies are the transport's business."""
    none_kept = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return {"trust_env": False, "cookies": none_kept}
