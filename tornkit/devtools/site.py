"""The server's own paths, below ``/__tornkit__/``: what the pages' script asks for.

    GET  (nothing)   the page of the server
    GET  client.js   the script
    GET  session     the token, for a page of this server's own
    GET  events      the stream of events, with the token; its socket goes to the supervisor
    GET  routes      the routing table with its findings, with the token
    GET  match       where a URL goes, with the token
    POST open        a frame of an error in the editor, with the token

Whoever may not see them (`access`) gets what the application has there. The token is made anew at
each start. A page of another site can send no header of its own choice without being asked first
(the Fetch Standard's CORS preflight), which is refused: so the header is what guards the token.
No request names a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial
from json import dumps, loads
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import Application

from tornkit.appload.shadowing import library_names
from tornkit.devtools.access import may_see
from tornkit.devtools.page_script import FOLDER

_MOST_BYTES = 4096  # of a body
_REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 403: "Forbidden",
            405: "Method Not Allowed", 500: "Internal Server Error"}  # fmt: skip
# Its end is the connection's: whoever writes the events need not frame them.
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Connection: close\r\nX-Content-Type-Options: nosniff\r\n\r\n"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_PAGE, _JSON = "text/html; charset=UTF-8", "application/json"

_log = logging.getLogger("tornkit")


class SiteAnswer(NamedTuple):
    """HTTP response of a path of the dev tools; ``kind`` is its media type."""

    status: int
    kind: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Answering = Callable[[HTTPServerRequest, bytes], SiteAnswer | Awaitable[SiteAnswer] | None]


class SiteActions(Protocol):
    """Actions that a worker carries out for the dev tools' pages."""

    @property
    def applications(self) -> Collection[Application]:
        """The applications of this process."""

    def follow(self, stream: IOStream, *, of_server: bool) -> None:
        """Let a browser hear of events on this stream; the response's head has been sent.

        ``of_server``: of its processes; else of what it serves.
        """

    def open_in_editor(self, failure: str, frame: int) -> None:
        """Show the line of a frame in the person's editor."""


class Site:
    """The dev tools' own pages, at URLs below `FOLDER`; ``editor``: they can open lines in one.

    ``label`` is what a person calls the application.
    """

    def __init__(
        self,
        token: str,
        hosts: Collection[str],
        actions: SiteActions,
        *,
        editor: bool,
        label: str = "",
    ) -> None:
        self._label = label
        self._token = token
        self._hosts = hosts
        self._actions = actions
        self._editor = editor
        self._tasks: set[asyncio.Future[None]] = set()

    def delegate(
        self, connection: HTTPConnection, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> HTTPMessageDelegate | None:
        """Delegate that answers this request; None where the application is to answer it."""
        path = start_line.path.partition("?")[0]
        if not path.startswith(FOLDER) or "Host" not in headers:
            return None
        request = HTTPServerRequest(connection=connection, start_line=start_line, headers=headers)
        answer = self._answers().get(path.removeprefix(FOLDER))
        if answer is None or not may_see(request, self._hosts):
            return None
        return _Delegate(self, connection, request, answer)

    def keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a task and keep a reference until it ends."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _answers(self) -> dict[str, Answering]:
        return {
            "": self._page,
            "client.js": self._script,
            "routes": self._routes,
            "match": self._match,
            "session": self._session,
            "events": self._events,
            "open": self._open,
        }

    # ---- one method a path; None: the connection is to be followed ----

    def _page(self, request: HTTPServerRequest, body: bytes) -> SiteAnswer:
        nonce = secrets.token_urlsafe(16)
        text = _file("dashboard.html").replace(b"NONCE", nonce.encode())
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return SiteAnswer(200, _PAGE, text, (("Content-Security-Policy", policy),))

    async def _routes(self, request: HTTPServerRequest, body: bytes) -> SiteAnswer:
        if not self._knows(request):
            return _refusal(403)
        loop = asyncio.get_running_loop()
        work = partial(_dashboard().routes, self._actions.applications, self._label)
        # In a thread: the checks take their time, and the application serves.
        return SiteAnswer(200, _JSON, await loop.run_in_executor(None, work))

    def _match(self, request: HTTPServerRequest, body: bytes) -> SiteAnswer:
        if not self._knows(request):
            return _refusal(403)
        url, method = (_argument(request, name) for name in ("url", "method"))
        return _json(_dashboard().match(self._actions.applications, url, method))

    def _script(self, request: HTTPServerRequest, body: bytes) -> SiteAnswer:
        return SiteAnswer(200, "text/javascript; charset=UTF-8", _file("client.js"))

    def _session(self, request: HTTPServerRequest, body: bytes) -> SiteAnswer:
        if request.headers.get("X-Tornkit") != "session":
            return _refusal(403)
        return _json({"token": self._token, "editor": self._editor})

    def _events(self, request: HTTPServerRequest, body: bytes) -> SiteAnswer | None:
        return None if self._knows(request) else _refusal(403)

    def _open(self, request: HTTPServerRequest, body: bytes) -> SiteAnswer:
        if not self._knows(request):
            return _refusal(403)
        try:
            asked = loads(body)
            failure, frame = asked["failure"], asked["frame"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return _refusal(400)
        if not isinstance(failure, str) or type(frame) is not int:
            return _refusal(400)
        self._actions.open_in_editor(failure, frame)
        return SiteAnswer(204)

    def _knows(self, request: HTTPServerRequest) -> bool:
        """Whether the request has the token; compared in a time that tells nothing of it."""
        given = _argument(request, "token")
        return secrets.compare_digest(given.encode(errors="replace"), self._token.encode())

    async def follow(self, stream: IOStream, request: HTTPServerRequest) -> None:
        """Send the response head of an event stream, and pass the stream to the `SiteActions`."""
        try:
            await stream.write(_STREAM_HEAD)
            self._actions.follow(stream, of_server=_argument(request, "of") == "server")
        except (StreamClosedError, OSError):
            stream.close()


class _Delegate(HTTPMessageDelegate):
    """Delegate of one request: reads its body, and sends the answer."""

    def __init__(
        self,
        site: Site,
        connection: HTTPConnection,
        request: HTTPServerRequest,
        answer: Answering,
    ) -> None:
        self._site = site
        self._connection: Any = connection
        self._request = request
        self._answer = answer
        self._body = b""

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        return

    def data_received(self, chunk: bytes) -> None:
        if len(self._body) <= _MOST_BYTES:
            self._body += chunk

    def finish(self) -> None:
        answer: SiteAnswer | Awaitable[SiteAnswer] | None
        method = "POST" if self._request.path == f"{FOLDER}open" else "GET"
        if self._request.method not in (method, "HEAD" if method == "GET" else method):
            answer = _refusal(405)
        elif len(self._body) > _MOST_BYTES:
            answer = _refusal(400)
        else:
            answer = self._answer(self._request, self._body)
        if answer is None:
            self._site.keep(self._site.follow(self._connection.detach(), self._request))
        elif isinstance(answer, SiteAnswer):
            self._send(answer)
        else:
            self._site.keep(self._send_later(answer))

    async def _send_later(self, answer: Awaitable[SiteAnswer]) -> None:
        try:
            made = await answer
        except Exception:  # noqa: BLE001 - whatever an application is made of
            _log.warning("%s can't be answered", self._request.path, exc_info=True)
            made = _refusal(500)
        with contextlib.suppress(StreamClosedError, HTTPOutputError):  # nobody waits any more
            self._send(made)

    def _send(self, answer: SiteAnswer) -> None:
        headers = HTTPHeaders(_HEADERS)
        for name, value in answer.headers:
            headers[name] = value
        if answer.status != 204:
            headers["Content-Type"] = answer.kind
            headers["Content-Length"] = str(len(answer.body))
        line = ResponseStartLine("HTTP/1.1", answer.status, _REASONS[answer.status])
        body = b"" if self._request.method == "HEAD" else answer.body
        self._connection.write_headers(line, headers, body)
        self._connection.finish()

    def on_connection_close(self) -> None:
        return


def _refusal(status: int) -> SiteAnswer:
    return SiteAnswer(status, "text/plain; charset=UTF-8", f"{_REASONS[status]}\n".encode())


def _json(content: dict[str, Any]) -> SiteAnswer:
    return SiteAnswer(200, _JSON, dumps(content).encode())


def _argument(request: HTTPServerRequest, name: str) -> str:
    return parse_qs(request.query).get(name, [""])[0]


def _file(name: str) -> bytes:
    return (Path(__file__).parent / "pages" / name).read_bytes()


def _dashboard() -> ModuleType:
    """The module `tornkit.devtools.dashboard`, which is imported at its first use."""
    with library_names():
        from tornkit.devtools import dashboard
    return dashboard
