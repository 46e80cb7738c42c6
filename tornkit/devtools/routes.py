"""What `tornkit routes --match` says of a request, for a page: the routes, and those near it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tornado
from tornado.httputil import HTTPServerRequest
from tornado.web import Application

from tornkit.routing.matching.asked import Asked
from tornkit.routing.matching.explain import Explanation, explain
from tornkit.routing.reading.extract import unreversed_tables
from tornkit.routing.render import explained, words
from tornkit.routing.render.spans import SpanLine

_MOST_NEAR = 5


@dataclass(frozen=True)
class Near:
    """Suggested path, which another route matches, and why the requested path did not match it."""

    path: str
    handler: str
    why: str


@dataclass(frozen=True)
class Routed:
    """The routes that a request met: lines for a person, and what may have been meant."""

    lines: tuple[SpanLine, ...] = ()
    nearest: tuple[Near, ...] = ()


def routed(application: Application, request: HTTPServerRequest) -> Routed:
    """Follow a request through the application's routes, as they are now."""
    asked = Asked(
        request.method or "GET",
        request.path,
        request.host,
        request.query,
        tuple((name, value) for name, value in request.headers.get_all() if name != "Host"),
    )
    (table,) = unreversed_tables([application])
    found = explain(table.table, asked, tornado.version)
    lines = explained.lines([found], _here(), None)
    return Routed(tuple(lines), tuple(_nearest(found)))


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError:
        return Path("/")


def _nearest(found: Explanation) -> Iterator[Near]:
    seen = {found.asked.path}
    for passed in found.passed:
        path = passed.miss.instead
        if path is not None and passed.miss.near and _is_path(path) and path not in seen:
            seen.add(path)
            yield Near(path, words.handler(passed.route), passed.miss.text)
            if len(seen) > _MOST_NEAR:
                return


def _is_path(path: str) -> bool:
    """Whether a browser takes ``path`` for one of this server: ``//name`` is another server."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path
