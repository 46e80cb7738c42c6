"""The server's own paths, below ``/__tornkit__/``: what the pages' script asks for.

    GET  client.js   the script
    GET  session     the token, for a page of this server's own
    GET  events      the stream of events, with the token; its socket goes to the supervisor
    POST open        a frame of an error in the editor, with the token

Whoever may not see them (`access`) gets what the application has there. The token is made anew at
each start. A page of another site can send no header of its own choice without being asked first
(the Fetch Standard's CORS preflight), which is refused: so the header is what guards the token.
No request names a file.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError

from tornkit.devtools.access import may_see
from tornkit.devtools.page_script import FOLDER

_MOST_BYTES = 4096  # of a body
_REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 403: "Forbidden",
            405: "Method Not Allowed"}  # fmt: skip
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

Answer = tuple[int, str, bytes]


class SiteActions(Protocol):
    """What a worker does for a page."""

    def follow(self, stream: IOStream) -> None:
        """Let a browser hear of events on this stream; the response's head has been sent."""

    def open_in_editor(self, failure: str, frame: int) -> None:
        """Show the line of a frame in the person's editor."""


class Site:
    """What answers requests below `FOLDER`; ``editor``: there is one that opens lines."""

    def __init__(
        self, token: str, hosts: Collection[str], actions: SiteActions, *, editor: bool
    ) -> None:
        self._token = token
        self._hosts = hosts
        self._actions = actions
        self._editor = editor
        self._tasks: set[asyncio.Future[None]] = set()

    def delegate(
        self, connection: HTTPConnection, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> HTTPMessageDelegate | None:
        """What answers this request; None where it is the application's."""
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

    def _answers(self) -> dict[str, Callable[[HTTPServerRequest, bytes], Answer | None]]:
        return {
            "client.js": self._script,
            "session": self._session,
            "events": self._events,
            "open": self._open,
        }

    # ---- one method a path; None: the connection is to be followed ----

    def _script(self, request: HTTPServerRequest, body: bytes) -> Answer:
        text = (Path(__file__).parent / "pages" / "client.js").read_bytes()
        return 200, "text/javascript; charset=UTF-8", text

    def _session(self, request: HTTPServerRequest, body: bytes) -> Answer:
        if request.headers.get("X-Tornkit") != "session":
            return _refusal(403)
        return _json({"token": self._token, "editor": self._editor})

    def _events(self, request: HTTPServerRequest, body: bytes) -> Answer | None:
        return None if self._knows(request) else _refusal(403)

    def _open(self, request: HTTPServerRequest, body: bytes) -> Answer:
        if not self._knows(request):
            return _refusal(403)
        try:
            asked = json.loads(body)
            failure, frame = asked["failure"], asked["frame"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return _refusal(400)
        if not isinstance(failure, str) or type(frame) is not int:
            return _refusal(400)
        self._actions.open_in_editor(failure, frame)
        return 204, "", b""

    def _knows(self, request: HTTPServerRequest) -> bool:
        """Whether the request has the token; compared in a time that tells nothing of it."""
        given = parse_qs(request.query).get("token", [""])[0]
        return secrets.compare_digest(given.encode(), self._token.encode())

    async def follow(self, stream: IOStream) -> None:
        """Send the head of a stream of events, and give the stream away."""
        try:
            await stream.write(_STREAM_HEAD)
            self._actions.follow(stream)
        except (StreamClosedError, OSError):
            stream.close()


class _Delegate(HTTPMessageDelegate):
    """One request."""

    def __init__(
        self,
        site: Site,
        connection: HTTPConnection,
        request: HTTPServerRequest,
        answer: Callable[[HTTPServerRequest, bytes], Answer | None],
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
        answer: Answer | None
        method = "POST" if self._request.path == f"{FOLDER}open" else "GET"
        if self._request.method != method:
            answer = _refusal(405)
        elif len(self._body) > _MOST_BYTES:
            answer = _refusal(400)
        else:
            answer = self._answer(self._request, self._body)
        if answer is None:
            self._site.keep(self._site.follow(self._connection.detach()))
            return
        status, kind, body = answer
        headers = HTTPHeaders(_HEADERS)
        if status != 204:
            headers["Content-Type"] = kind
            headers["Content-Length"] = str(len(body))
        line = ResponseStartLine("HTTP/1.1", status, _REASONS[status])
        self._connection.write_headers(line, headers, body)
        self._connection.finish()

    def on_connection_close(self) -> None:
        return


def _refusal(status: int) -> Answer:
    return status, "text/plain; charset=UTF-8", f"{_REASONS[status]}\n".encode()


def _json(content: dict[str, Any]) -> Answer:
    return 200, "application/json", json.dumps(content).encode()
