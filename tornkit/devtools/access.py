"""Decides who may see the dev tools: a client of this machine, and no page of another site.

The rules are those whose lack has been a hole elsewhere: a page of another site that has a name of
its own lead here (DNS rebinding), one that reads an answer across origins, a proxy that brings
clients of other machines to a loopback address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

# Set by proxies: the client is another one. And the beginnings and ends of more such names.
_BROUGHT_BY = ("forwarded", "via", "x-original-host", "x-original-url")
_BROUGHT_BY_ANY, _BROUGHT_FROM = "x-forwarded", ("-ip", "-client")


def may_see(request: HTTPServerRequest, hosts: Collection[str] = ()) -> bool:
    """Whether the answer to a request can only be read by a person at this machine.

    ``hosts`` are names beside localhost by which pages are asked for.
    """
    if request.version == "HTTP/1.0" or not _is_of_this_machine(request):
        return False  # that version is nginx's, which says nothing else by itself
    lines = getattr(request.headers, "lines", None)  # of the engine's, while nothing has changed
    if lines is None:
        return _headers_allow(request, hosts)
    key = (lines.as_sent, request.host, request.protocol, *hosts)
    verdict = _verdicts.get(key)
    if verdict is None:
        if len(_verdicts) >= _MOST_VERDICTS:
            _verdicts.clear()
        verdict = _verdicts[key] = _headers_allow(request, hosts)
    return verdict


# By all that they follow from: a browser says the same again and again.
_verdicts: dict[tuple[bytes | str, ...], bool] = {}
_MOST_VERDICTS = 256


def _headers_allow(request: HTTPServerRequest, hosts: Collection[str]) -> bool:
    return (
        not any(map(_is_a_proxys, request.headers))
        and is_own_host(request.host, hosts)
        and _is_of_own_page(request)
    )


def _is_a_proxys(name: str) -> bool:
    name = name.lower()
    return name in _BROUGHT_BY or name.startswith(_BROUGHT_BY_ANY) or name.endswith(_BROUGHT_FROM)


def is_own_host(host: str, hosts: Collection[str] = ()) -> bool:
    """Whether a ``Host`` header names this machine: localhost, below it, or a loopback address."""
    name = _name_of(host)
    return name is not None and (
        name == "localhost" or name.endswith(".localhost") or name in hosts or _is_loopback(name)
    )


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_of_this_machine(request: HTTPServerRequest) -> bool:
    """Whether the connection is from a loopback address, whatever its headers have made of it."""
    context = getattr(request.connection, "context", None)
    address = getattr(context, "address", None)
    # Of a Unix socket, which a proxy uses, it is a text.
    return isinstance(address, tuple) and bool(address) and _is_loopback(str(address[0]))


@lru_cache(maxsize=256)
def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_of_own_page(request: HTTPServerRequest) -> bool:
    """Whether a request is a page's of this origin, or opens a page (Fetch Metadata).

    A page that is opened is shown to a person alone, wherever the link stood; so no page of another
    site can read the answer.
    """
    headers = request.headers
    origin = headers.get("Origin")
    if origin is not None and origin != f"{request.protocol}://{request.host}":
        return False
    site = headers.get("Sec-Fetch-Site")
    if site in (None, "none", "same-origin"):
        return True
    return (
        headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    )
