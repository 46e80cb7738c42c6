"""Names that the engine needs and Tornado does not promise: looked up once, in one place.

Where a later Tornado has moved or rebuilt any of it, `SUPPORTED` is false and every connection is
served by Tornado's own code.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

from tornado import httpserver, httputil, routing, web
from tornado.tcpserver import TCPServer

from tornkit.engine.fidelity import variants

normalize_header: Any = getattr(httputil, "_normalize_header", None)
"""Function that spells a header's name as usual: ``etag`` -> ``Etag``."""
RequestContext: Any = getattr(httpserver, "_HTTPRequestContext", None)
"""Class of ``request.connection.context``."""
ProxyAdapter: Any = getattr(httpserver, "_ProxyAdapter", None)
"""A delegate for requests with ``X-Real-Ip`` and the like, around another."""
DefaultDelegate: Any = getattr(routing, "_DefaultMessageDelegate", None)
"""Delegate that answers 404 where a router finds nothing."""
ApplicationRouter: Any = getattr(web, "_ApplicationRouter", None)
"""The routers inside an `Application`; without it, each is asked itself."""
HandlerDelegate: Any = getattr(web, "_HandlerDelegate", None)
"""Delegate that an `Application` makes of a handler class; without it, whatever it makes."""
unquote_or_none: Any = getattr(routing, "_unquote_or_none", None)
"""Function that makes of a path's group what a handler is given; likewise."""
HOST: Any = getattr(getattr(httputil, "_ABNF", None), "host", None)
"""The grammar of a Host header."""

SUPPORTED = (
    None not in (normalize_header, RequestContext, ProxyAdapter, DefaultDelegate, HOST)
    and (
        not variants.QUERY_LIMITED
        or hasattr(
            getattr(getattr(httputil, "_DEFAULT_PARSE_BODY_CONFIG", None), "urlencoded", None),
            "max_arguments",
        )
    )
    and variants.HEADERS_KNOWN
    and hasattr(TCPServer, "_handle_connection")
    and set(inspect.signature(httputil.HTTPServerRequest).parameters) | {"host"}
    == {"method", "uri", "version", "headers", "body", "host", "files", "connection"}
    | {"start_line", "server_connection"}
)
"""Whether all of it is as it was when the engine was written."""


def most_query_fields() -> int:
    """Number of fields that a query may have, as ``set_parse_body_config`` says at the moment."""
    if not variants.QUERY_LIMITED:
        return sys.maxsize
    most: int = httputil._DEFAULT_PARSE_BODY_CONFIG.urlencoded.max_arguments
    return most


def remember(server: httpserver.HTTPServer, connection: object) -> None:
    """Register a connection: ``close_all_connections`` closes it, ``on_close`` forgets it."""
    server._connections.add(connection)  # type: ignore[arg-type]
