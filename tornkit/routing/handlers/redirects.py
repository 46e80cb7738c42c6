"""Target of a ``RedirectHandler``, as ``tornado.web.RedirectHandler.get`` makes it."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode, urlsplit, urlunsplit

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class UnfitRedirect(Exception):
    """The URL's fields do not fit the pattern's groups: Tornado answers 500."""


class BadRedirect(Exception):
    """Tornado refuses to send the request there: 400."""


def location(
    url: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    query: str,
    tornado: str,
) -> str:
    """The ``Location`` header for a template such as ``/new/{0}``.

    :param query: the request's, raw; it is added to the URL.
    :param tornado: from 6.6 on, what is filled in may not change the scheme or the host.
    :raises UnfitRedirect, BadRedirect:
    """
    try:
        filled = url.format(*args, **kwargs)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        said = f"{type(error).__name__}: {error}"
        raise UnfitRedirect(f"the groups do not fit the fields of {url!r} ({said})") from None
    if query:
        filled = _with_query(filled, query)
    if _version(tornado) >= (6, 6):
        _refuse_elsewhere(url, filled)
    return filled


def _version(tornado: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", tornado)[:2])


def _with_query(url: str, query: str) -> str:
    """URL with the query added as ``tornado.httputil.url_concat`` does: equal names together."""
    added: dict[str, list[bytes]] = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.replace("+", " ").partition("=")
            key = unquote_to_bytes(name).decode("latin1")
            added.setdefault(key, []).append(unquote_to_bytes(value))
    parts = urlsplit(url)
    pairs: list[tuple[str, str | bytes]] = [*parse_qsl(parts.query, keep_blank_values=True)]
    pairs += [(name, value) for name, values in added.items() for value in values]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _refuse_elsewhere(template: str, filled: str) -> None:
    prefix, has_field = "", False
    for literal, name, _, _ in string.Formatter().parse(template):
        prefix += literal
        if name is not None:
            has_field = True
            break
    scheme = host = ""
    try:
        scheme, host = _scheme_and_host(prefix)
        kept = _scheme_and_host(filled) == (scheme, host)
    except ValueError:
        kept = False
    if has_field and scheme in ("http", "https") and not host:
        kept = False
    if not kept:
        raise BadRedirect(f"a redirect to {filled} would leave the host that {template!r} names")
    if _CONTROL.search(filled):
        raise BadRedirect("the URL that it would redirect to has a control character in it")


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Scheme and host of a URL as a browser reads it.

    It drops blanks, turns backslashes, and collapses slashes.
    """
    url = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(0x21))))).replace("\\", "/")
    parts = urlsplit(re.sub(r"^//+", "//", url))
    return parts.scheme.lower(), parts.netloc.lower()
