"""Responses to failed requests (exception, 404, 405) as the client wants: page, JSON, text."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import responses
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tornado import template
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application, HTTPError, RequestHandler

from tornkit import __version__
from tornkit.devtools import shown_errors
from tornkit.devtools.error_data import error_data, masked_traceback, numbered
from tornkit.devtools.failure import Failure, failure_of
from tornkit.devtools.form import Form
from tornkit.devtools.routes import Routed, routed
from tornkit.masking import MASK, is_secret_name, masked
from tornkit.paths import shown_path
from tornkit.routing.reading.values import shown
from tornkit.routing.render.spans import Span, text_of

_log = logging.getLogger("tornkit")
_loader = template.Loader(str(Path(__file__).parent / "pages"))
_MOST_ROWS = 60
_SHORTEST_SECRET = 3  # characters; else half of the page would be masked
_LONGEST_NAME = 200
_LONGEST_LINE = 1_000  # characters
_MOST_ROUTES = 1_000  # that are explained within a moment

_TOO_MANY = ([Span("Too many routes to look at here: tornkit routes --match URL explains it.")],)

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ErrorAnswer:
    """Response to a failed request: its body, and the headers that belong to it."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts:
    """A request as it is shown: tables of names and values, without secrets."""

    method: str
    url: str
    path: str
    host: str
    tables: tuple[tuple[str, Rows], ...]


def of_error(handler: RequestHandler, status: int, error: BaseException, form: Form) -> ErrorAnswer:
    """Answer to a request in which ``error`` was raised and not caught."""
    failure = failure_of(error)
    text = masked_traceback(error)
    name = shown_errors.note(error_data(failure, failure.last.message, text))
    if form is Form.TEXT:
        return _text(text)
    if form is Form.JSON:
        return _json({"status": status, "error": failure.last.kind, "message": failure.last.message,
                      "traceback": text.splitlines()})  # fmt: skip
    facts = facts_of(handler)
    numbers = {id(frame): number for number, (_, frame) in enumerate(numbered(failure))}
    return _page(
        "error.html",
        error_name=name if shown_errors.opens_lines else "",
        numbers=numbers,
        title=f"{failure.last.kind} at {facts.path}",
        failure=failure,
        status=status,
        reason=_reason(status),
        facts=facts,
        explanation=routes_of(handler).lines,
        text=text,
        shown_path=shown_path,
    )


def of_missing(
    handler: RequestHandler, status: int, error: BaseException | None, form: Form
) -> ErrorAnswer:
    """Answer to a request for which there is no page (404), or none for its method (405)."""
    found = routes_of(handler)
    request = handler.request
    why = error.log_message if isinstance(error, HTTPError) and error.log_message else ""
    if isinstance(error, HTTPError) and why:
        with contextlib.suppress(TypeError, ValueError):  # of another number of arguments
            why = why % error.args if error.args else why
        why = masked(why[:_LONGEST_LINE])
    if form is not Form.PAGE:
        routes = text_of(found.lines)
        if form is Form.JSON:
            return _json({"status": status, "error": _reason(status), "why": why,
                          "nearest": [near.path for near in found.nearest],
                          "routes": routes.splitlines()})  # fmt: skip
        near = [f"did you mean {near.path} ({near.why})?" for near in found.nearest]
        path = _without(secrets_of(handler), masked(request.path))
        head = f"{status} {_reason(status)}: {request.method} {path}"
        said = "\n".join(line for line in (head, why, *near) if line)
        return _text(f"{said}\n\n{routes}" if routes else said)
    facts = facts_of(handler)
    failure = failure_of(error) if error is not None else Failure(())
    frames = [frame for each in failure.chain for frame in each.frames if frame.is_users]
    return _page(
        "missing.html",
        title=f"{status} {_reason(status)}: {facts.path}",
        status=status,
        reason=_reason(status),
        facts=facts,
        nearest=found.nearest,
        explanation=found.lines,
        why=why,
        frames=frames[-1:],
        shown_path=shown_path,
    )


def _reason(status: int) -> str:
    return responses.get(status, "Unknown")


def prepare() -> None:
    """Load the templates and import the modules that the pages need, before they are needed."""
    for name in ("error.html", "missing.html"):
        _loader.load(name)
    router = Application([("/a", RequestHandler)])
    start = RequestStartLine("GET", "/", "HTTP/1.1")
    routed(router, HTTPServerRequest(start_line=start, headers=HTTPHeaders({"Host": "localhost"})))


def routes_of(handler: RequestHandler) -> Routed:
    """The routes that the request met; none where they can't be told."""
    application = handler.application
    try:
        if _rules(application.default_router) > _MOST_ROUTES:
            return Routed(_TOO_MANY)
        found = routed(application, handler.request)
        parts = secrets_of(handler)
        lines = tuple(
            [Span(_without(parts, span.text), span.style) for span in line] for line in found.lines
        )
        return Routed(lines, found.nearest)
    except Exception:  # noqa: BLE001 - whatever an application is made of, the error is shown
        _log.debug("the routes of %s can't be explained", handler.request.path, exc_info=True)
        return Routed()


def _rules(router: object) -> int:
    """Number of rules of a router and of those below it, as far as it is counted."""
    found = 0
    for rule in getattr(router, "rules", ()):
        found += 1 + _rules(rule.target)
        if found > _MOST_ROUTES:
            break
    return found


def facts_of(handler: RequestHandler) -> Facts:
    """Facts of a request for a page (method, URL, headers, arguments), without secrets."""
    request = handler.request
    return Facts(
        request.method or "",
        _without(secrets_of(handler), masked(unquote(request.uri or ""))),
        _without(secrets_of(handler), masked(request.path)),
        request.host,
        tuple((name, rows) for name, rows in _tables(handler, request) if rows),
    )


def _tables(handler: RequestHandler, request: HTTPServerRequest) -> Iterator[tuple[str, Rows]]:
    kind = type(handler)
    yield (
        "Route",
        (
            ("handler", f"{kind.__module__}.{kind.__qualname__}"),
            *(
                (f"argument {place}", shown("", value))
                for place, value in enumerate(_args(handler))
            ),
            *((name, shown(name, value)) for name, value in _kwargs(handler).items()),
        ),
    )
    headers = [(name, shown(name, value)) for name, value in request.headers.get_all()]
    yield "Headers", tuple(headers[:_MOST_ROWS])
    yield "Query", _listed(request.query_arguments)
    yield "Form", _listed(request.body_arguments)
    yield "Cookies", tuple((name, MASK) for name in list(request.cookies)[:_MOST_ROWS])


def secrets_of(handler: RequestHandler) -> tuple[str, ...]:
    """Parts of the path that the route gives to a handler under a secret name."""
    return tuple(
        value
        for name, value in _kwargs(handler).items()
        if is_secret_name(name) and isinstance(value, str) and len(value) >= _SHORTEST_SECRET
    )


def _without(parts: Sequence[str], text: str) -> str:
    for part in parts:
        text = text.replace(part, MASK)
    return text


def _args(handler: RequestHandler) -> Sequence[Any]:
    return getattr(handler, "path_args", None) or ()


def _kwargs(handler: RequestHandler) -> dict[str, Any]:
    return getattr(handler, "path_kwargs", None) or {}


def _listed(arguments: dict[str, list[bytes]]) -> Rows:
    return tuple(
        (masked(name[:_LONGEST_NAME]), ", ".join(shown(name, _decoded(value)) for value in values))
        for name, values in list(arguments.items())[:_MOST_ROWS]
    )


def _decoded(value: bytes) -> str:
    return value.decode(errors="replace")


def _text(text: str) -> ErrorAnswer:
    return ErrorAnswer(_bytes(f"{text.rstrip()}\n"), (("Content-Type", Form.TEXT.value),))


def _bytes(text: str) -> bytes:
    return text.encode(errors="backslashreplace")


def _json(content: dict[str, Any]) -> ErrorAnswer:
    body = _bytes(f"{dumps(content, indent=2)}\n")
    return ErrorAnswer(body, (("Content-Type", Form.JSON.value),))


def _page(name: str, **variables: Any) -> ErrorAnswer:
    nonce = secrets.token_urlsafe(16)
    body = _loader.load(name).generate(nonce=nonce, version=__version__, **variables)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return ErrorAnswer(
        body,
        (("Content-Type", Form.PAGE.value), ("Content-Security-Policy", policy)),
    )
