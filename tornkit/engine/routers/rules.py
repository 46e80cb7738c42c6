"""A router's rules as a table knows them, and what finding among them gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Rule

from tornkit.engine.routers.direct import DirectMatch

Destination = HTTPMessageDelegate | DirectMatch | None
Params = dict[str, Any]


class Find(Protocol):
    """In place of a router's ``find_handler(request, **params)``."""

    def __call__(self, request: HTTPServerRequest, params: Params = ..., /) -> Destination:
        """What the router would find."""


NO_PARAMS: Params = {}


class Entry(NamedTuple):
    """A rule, as the table knows it."""

    match: Callable[[str], Any]
    """The regex's, where that alone decides; else something that always finds something."""
    details: Details


class Details(NamedTuple):
    """What has to be known of a rule that may match."""

    position: int
    rule: Rule
    asks_matcher: bool
    """Whether the matcher has to say whether the rule matches."""
    arguments: Callable[[re.Match[str]], dict[str, Any]] | None
    """What makes them of the match, where there are any."""
    tornado_only: bool
    """Whether calling the matcher runs only Tornado's code."""
    target: Any
    """What the two below are about."""
    is_handler: bool
    """Whether it is a handler class, and the router one that hands it to the application."""
    nested: Find | None
    """What finds the rest, where the target is a router with a table."""
