"""Answers to failed requests, in the form that a client wants."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import responses
from pathlib import Path
from typing import Any

from tornado import template
from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, RequestHandler

from tornkit import __version__
from tornkit.appload.usertrace import format_user_traceback
from tornkit.devtools.failure import Failure, failure_of, shown_path, without_secrets
from tornkit.devtools.form import Form
from tornkit.devtools.routes import Routed, routed
from tornkit.routing.reading.masking import masked, shown
from tornkit.routing.render.spans import text_of

_log = logging.getLogger("tornkit")
_loader = template.Loader(str(Path(__file__).parent / "pages"))
_MOST_ROWS = 60
_LONGEST_VALUE = 500  # characters

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ErrorAnswer:
    """A body, and the headers that belong to it."""

    body: str
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
    text = masked_lines(format_user_traceback(error))
    if form is Form.TEXT:
        return _text(text)
    if form is Form.JSON:
        return _json({"status": status, "error": failure.last.kind, "message": failure.last.message,
                      "traceback": text.splitlines()})  # fmt: skip
    facts = facts_of(handler)
    return _page(
        "error.html",
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
    if error is not None and why:
        args = getattr(error, "args", ())
        why = masked(why % args if args and isinstance(args, tuple) else why)
    if form is not Form.PAGE:
        routes = text_of(found.lines)
        if form is Form.JSON:
            return _json({"status": status, "error": _reason(status), "why": why,
                          "nearest": [near.path for near in found.nearest],
                          "routes": routes.splitlines()})  # fmt: skip
        near = [f"did you mean {near.path} ({near.why})?" for near in found.nearest]
        head = f"{status} {_reason(status)}: {request.method} {masked(request.path)}"
        said = "\n".join(line for line in (head, why, *near) if line)
        return _text(f"{said}\n\n{routes}" if routes else said)
    failure = failure_of(error) if error is not None else Failure(())
    frames = [frame for each in failure.chain for frame in each.frames if frame.is_users]
    return _page(
        "missing.html",
        title=f"{status} {_reason(status)}: {request.path}",
        status=status,
        reason=_reason(status),
        facts=facts_of(handler),
        nearest=found.nearest,
        explanation=found.lines,
        why=why,
        frames=frames[-1:],
        shown_path=shown_path,
    )


def _reason(status: int) -> str:
    return responses.get(status, "Unknown")


def routes_of(handler: RequestHandler) -> Routed:
    """The routes that the request met; none where they can't be told."""
    try:
        return routed(handler.application, handler.request)
    except Exception:  # noqa: BLE001 - whatever an application is made of, the error is shown
        _log.debug("the routes of %s can't be explained", handler.request.path, exc_info=True)
        return Routed()


def facts_of(handler: RequestHandler) -> Facts:
    """What a request was, without secrets."""
    request = handler.request
    return Facts(
        request.method or "",
        masked(request.uri or ""),
        request.path,
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
    yield "Cookies", tuple((name, "***") for name in list(request.cookies)[:_MOST_ROWS])


def _args(handler: RequestHandler) -> Sequence[Any]:
    return getattr(handler, "path_args", None) or ()


def _kwargs(handler: RequestHandler) -> dict[str, Any]:
    return getattr(handler, "path_kwargs", None) or {}


def _listed(arguments: dict[str, list[bytes]]) -> Rows:
    return tuple(
        (name, ", ".join(shown(name, value.decode(errors="replace")) for value in values))
        for name, values in list(arguments.items())[:_MOST_ROWS]
    )


def masked_lines(text: str) -> str:
    """A traceback without secrets in its code and messages."""
    return "\n".join(map(_masked_line, text.rstrip("\n").split("\n")))


def _masked_line(line: str) -> str:
    if line.startswith(" "):
        return without_secrets(line)
    kind, colon, message = line.partition(": ")  # ``KeyError: 'a'`` is no key with its value
    return f"{kind}{colon}{masked(message)}"


def _text(text: str) -> ErrorAnswer:
    return ErrorAnswer(f"{text.rstrip()}\n", (("Content-Type", Form.TEXT.value),))


def _json(content: dict[str, Any]) -> ErrorAnswer:
    return ErrorAnswer(f"{json.dumps(content, indent=2)}\n", (("Content-Type", Form.JSON.value),))


def _page(name: str, **variables: Any) -> ErrorAnswer:
    nonce = secrets.token_urlsafe(16)
    body = _loader.load(name).generate(nonce=nonce, version=__version__, **variables)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return ErrorAnswer(
        body.decode(),
        (("Content-Type", Form.PAGE.value), ("Content-Security-Policy", policy)),
    )
