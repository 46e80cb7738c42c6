"""What Firefox sends with a request, and the cookies that a site finds there."""

from __future__ import annotations

from collections.abc import Mapping

_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/png,image/svg+xml,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Connection": "keep-alive",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Priority": "u=0, i",
}
_COOKIES = {
    "_ga": "GA1.1.1620436719.1730368512",
    "theme": "dark",
    "session": "bd8f1c0e9a7d4f6d8c35e2a14b90f7d3",
}


def headers(cookies: Mapping[str, str] | None = None, **more: str) -> dict[str, str]:
    """The headers of a page's request; further cookies behind the site's usual ones.

    headers(content_type="text/plain")["Content-Type"]  ->  "text/plain"
    """
    jar = _COOKIES | dict(cookies or {})
    cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
    named = {name.replace("_", "-").title(): value for name, value in more.items()}
    return _HEADERS | {"Cookie": cookie} | named
