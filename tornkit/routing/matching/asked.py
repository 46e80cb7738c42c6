"""A request as a person types it: URL, method and headers -> what goes over the wire.

What comes in is what one would give a browser or curl. Out comes the request that Tornado would
read, and notes on where that is not what was typed. What no server would get as far as routing
(``Host: a b``, a control character) is refused with a `ValueError` that says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from tornkit.routing.matching.search import Request
from tornkit.routing.matching.sendable import sent

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5, and obs-text
# What `tornado.httputil.HTTPServerRequest` takes as Host; anything else it answers with a 400.
_HOST = re.compile(r"(?:[\[\]:A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SINGLE_DOT = re.compile(r"\.|%2e", re.IGNORECASE)
_DOUBLE_DOT = re.compile(r"(?:\.|%2e){2}", re.IGNORECASE)
# What a browser adds for `new WebSocket(url)`; the key is any 16 bytes in base 64.
_HANDSHAKE = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dG9ybmtpdC1yb3V0ZXM="),
)
# A query's own set leaves more as it is than a path's (WHATWG URL, "special-query percent-encode
# set").
_QUERY_SENT_AS_IS = "!$%&()*+,-./:;=?@[\\]^_`{|}~"
_PATHS_FIRST_SEGMENT = re.compile(r"[/?#\\]")


@dataclass(frozen=True)
class Asked:
    """A request as Tornado reads it.

    ``path`` and ``query`` are raw, ``headers`` as they were given (without ``Host``), ``notes``
    short sentences for the person who typed it.
    """

    method: str
    path: str
    host: str = "localhost"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def routed(self) -> Request:
        """Parts of the request that routing looks at."""
        return Request(self.path, self.host, self.header("X-Real-Ip") is not None)

    def header(self, name: str) -> str | None:
        """Value of a header as of ``HTTPHeaders.get``: in any case, several joined by commas."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ",".join(values) if values else None


def asked(url: str, method: str | None = None, headers: Iterable[str] = ()) -> Asked:
    """The request for ``url``, a full URL or a path, with headers ``"K: V"``.

    >>> asked("http://Example.com:8888/café?x=1#top").path
    '/caf%C3%A9'

    :raises ValueError: with the line to show, where no client would send that, or Tornado would
        answer 400 before it looks at a route.
    """
    scheme, authority, rest = _taken_apart(_checked(url))
    path, query, notes = _target(rest)
    fields = [_field(header) for header in headers]
    host = _host_of(authority, notes) if authority is not None else "localhost"
    given = [value for name, value in fields if name.lower() == "host"]
    if len(given) > 1:
        raise ValueError("more than one Host header: Tornado answers 400 before any routing")
    if given and authority is not None and given[0] != host:
        notes.append(f"the Host is the header's, {given[0]}, not the URL's")
    host = _accepted(given[0] if given else host)
    others = [(name, value) for name, value in fields if name.lower() != "host"]
    verb = _method(method)
    if scheme in ("ws", "wss"):
        if verb != "GET":
            raise ValueError(f"a WebSocket handshake is a GET, not a {verb}")
        present = {name.lower() for name, _ in others}
        others += [pair for pair in _HANDSHAKE if pair[0].lower() not in present]
        notes.append(f"a {scheme}:// URL: the headers of a WebSocket handshake are added")
    return Asked(verb, path, host, query, tuple(others), tuple(notes))


def _checked(url: str) -> str:
    if not url.strip(" "):
        raise ValueError("the URL is empty")
    if _CONTROL.search(url):
        raise ValueError("the URL has a control character in it, which no client sends")
    try:
        url.encode()
    except UnicodeEncodeError:
        raise ValueError("the URL is not UTF-8; write other bytes as %XX") from None
    return url.strip(" ")  # as a browser does


def _taken_apart(url: str) -> tuple[str | None, str | None, str]:
    """Scheme, authority, and what stands behind them; the first two are None for a path."""
    found = _SCHEME.match(url)
    if found is None:
        if url.startswith("/") or url == "*":
            return None, None, url
        raise ValueError(
            f"{url!r} is neither a path nor a full URL: write /{url} or http://{url} for it"
        )
    scheme = found[1].lower()
    if scheme not in ("http", "https", "ws", "wss"):
        raise ValueError(f"a URL of Tornado's begins with http, https, ws or wss, not {scheme}")
    rest = url[found.end() :]
    end = _PATHS_FIRST_SEGMENT.search(rest)
    cut = end.start() if end else len(rest)
    path = rest[cut:]
    return scheme, rest[:cut], path if path[:1] in ("/", "\\") else f"/{path}"


def _target(rest: str) -> tuple[str, str, list[str]]:
    """Path and query as they are sent, and notes."""
    notes = []
    before, has_fragment, _ = rest.partition("#")
    typed, has_query, query = before.partition("?")
    path = sent(typed)
    if path != typed:
        notes.append(f"a client sends the path percent-encoded: {path}")
    cleaned = _as_a_browser_cleans(typed)
    if cleaned != path:
        notes.append(f"taken as it is; a browser would ask for {cleaned} instead")
    if has_query:
        notes.append("the query plays no part in routing")
    if has_fragment:
        notes.append("the fragment is not sent")
    return path, quote(query, safe=_QUERY_SENT_AS_IS), notes


def _as_a_browser_cleans(typed: str) -> str:
    """Path with backslashes turned, ``.`` and ``..`` resolved (WHATWG URL, "path state")."""
    kept: list[str] = []
    segments = typed.replace("\\", "/").split("/")
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        if _DOUBLE_DOT.fullmatch(segment):
            del kept[max(1, len(kept) - 1) :]
            kept += [""] if last else []
        elif _SINGLE_DOT.fullmatch(segment):
            kept += [""] if last else []
        else:
            kept.append(segment)
    return sent("/".join(kept))


def _host_of(authority: str, notes: list[str]) -> str:
    """``Host`` header that a client makes of a URL's authority, without the user in it."""
    where = authority.rpartition("@")[2]
    found = _AUTHORITY.fullmatch(where)
    if found is None or not found[1]:
        raise ValueError("the URL names no host" if not where else f"{where!r} is no host and port")
    name, port = found.groups()
    if port and int(port) > 65535:
        raise ValueError(f"there is no port {port}")
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            raise ValueError(f"{name!r} is no host name") from None
        notes.append(f"the host is sent as {name}")
    return f"{name}:{port}" if port else name


def _accepted(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError(f"Host: {host!r} is none: Tornado answers 400 before any routing")
    return host


def _field(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    if not colon or not _TOKEN.fullmatch(name):
        raise ValueError(f"the header {header!r} is not of the form 'Name: value'")
    value = value.strip(" \t")
    if not _FIELD_VALUE.fullmatch(value):
        raise ValueError(f"the value of the header {name} has a character that can't be sent")
    return name, value


def _method(method: str | None) -> str:
    """Method in upper case: browsers and curl's users mean ``POST`` when they write ``post``."""
    if method is None:
        return "GET"
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"{method!r} is no HTTP method")
    return method.upper()
