"""A router's rules as a table knows them, and the types of a search among them."""

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
    """Function in place of a router's ``find_handler(request, **params)``."""

    def __call__(self, request: HTTPServerRequest, params: Params = ..., /) -> Destination:
        """Find the destination that the router would find."""


NO_PARAMS: Params = {}


class Entry(NamedTuple):
    """One row of a compiled router: a rule of Tornado's, its regex and its target."""

    match: Callable[[str], Any]
    """Match method of the regex, where that alone decides; else a function that always finds."""
    details: Details


class Details(NamedTuple):
    """Properties of a rule that have to be known if it may match."""

    position: int
    rule: Rule
    asks_matcher: bool
    """Whether the matcher has to say whether the rule matches."""
    arguments: Callable[[re.Match[str]], dict[str, Any]] | None
    """Function that makes the handler's arguments of the match, where there are any."""
    tornado_only: bool
    """Whether calling the matcher runs only Tornado's code."""
    target: Any
    """The rule's target, which the two below are about."""
    is_handler: bool
    """Whether the target is a handler class, which the router hands to the application."""
    nested: Find | None
    """Function that finds the rest, where the target is a router with a table."""
