"""WebSockets of a test's client: Tornado's own client, in the thread of the server's loop.

`WebSocket` waits for what comes, `AsyncWebSocket` has the same names to be awaited, in whichever
loop of asyncio's or trio's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httputil import HTTPHeaders
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketError,
    websocket_connect,
)

from tornkit.testing.loop_thread import PATIENCE, LoopThread
from tornkit.testing.visitor import Visitor

# Seconds for a message that a test waits for.
TIMEOUT = 5.0


class WebSocketRefused(ConnectionError):
    """The handshake was answered with another status than 101.

    ``status`` is None where there was no answer of HTTP's at all.
    """

    def __init__(self, reason: str, status: int | None = None, body: bytes = b"") -> None:
        super().__init__(reason)
        self.status = status
        self.body = body


class WebSocketEnded(ConnectionError):
    """The server has closed the WebSocket; ``code`` and ``reason`` are those that it gave."""

    def __init__(self, code: int | None, reason: str | None) -> None:
        said = f"code {code}" if code is not None else "no code"
        because = f", {reason}" if reason else ""
        super().__init__(f"the server closed the WebSocket: {said}{because}")
        self.code = code
        self.reason = reason


def opening(
    visitor: Visitor,
    target: str,
    headers: Mapping[str, str | None] | None,
    host: str | None,
    timeout: float,
) -> HTTPRequest:
    """Request of a handshake: with the visitor's cookies, and its own page's ``Origin``."""
    given: dict[str, str | None] = {name.title(): value for name, value in (headers or {}).items()}
    named = host or given.pop("Host", None)
    target = target.replace("ws", "http", 1) if target.startswith(("ws:", "wss:")) else target
    url = visitor.url(target, named)
    visitor.note("GET", url)
    at = url.split("/", 3)[2]
    cookies = [each for each in (given.pop("Cookie", None), visitor.cookie_header(url)) if each]
    sent = {"Origin": f"http://{at}", "Host": at, "Cookie": "; ".join(cookies) or None, **given}
    path = url.partition("://")[2].partition("/")[2]
    return HTTPRequest(
        f"ws://{visitor.address}/{path}",
        headers=HTTPHeaders({name: value for name, value in sent.items() if value is not None}),
        follow_redirects=False,
        connect_timeout=timeout,
        request_timeout=timeout,
    )


class _Socket:
    """WebSocket connection whose coroutines run in the loop of the server."""

    def __init__(self, request: HTTPRequest, subprotocols: Sequence[str], timeout: float) -> None:
        self._request = request
        self._subprotocols = list(subprotocols)
        self.timeout = timeout
        self._messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._connection: WebSocketClientConnection | None = None
        self._ended = asyncio.Event()

    @property
    def connection(self) -> WebSocketClientConnection:
        if self._connection is None:
            raise RuntimeError("the WebSocket is not open yet: `with client.websocket(...) as ws`")
        return self._connection

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def _take(self, message: str | bytes | None) -> None:
        if message is None:
            self._ended.set()
        self._messages.put_nowait(message)

    async def open(self) -> None:
        try:
            self._connection = await websocket_connect(
                self._request,
                subprotocols=self._subprotocols or None,
                on_message_callback=self._take,
            )
        except HTTPClientError as error:
            body = error.response.body if error.response is not None else b""
            raise WebSocketRefused(
                f"no WebSocket at {self._request.url}: {error.code} {error.message}",
                error.code,
                body,
            ) from None
        except WebSocketError as error:
            raise WebSocketRefused(f"no WebSocket at {self._request.url}: {error}") from None

    async def send(self, message: str | bytes) -> None:
        try:
            await self.connection.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            raise self.end() from None

    async def receive(self, seconds: float) -> str | bytes:
        try:
            message = await asyncio.wait_for(self._messages.get(), seconds)
        except TimeoutError:
            raise TimeoutError(
                f"no message came through {self._request.url} in {seconds:g} s"
            ) from None
        if message is None:
            self._messages.put_nowait(None)  # for whoever asks again
            raise self.end()
        return message

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        if self._connection is None:
            return
        self._connection.close(code, reason)
        with contextlib.suppress(TimeoutError):  # Tornado gives up the connection by then
            await asyncio.wait_for(self._ended.wait(), self.timeout)

    def end(self) -> WebSocketEnded:
        connection = self.connection
        return WebSocketEnded(connection.close_code, connection.close_reason)


class _Shown:
    """Base of `WebSocket` and `AsyncWebSocket`: the state of the connection."""

    def __init__(
        self, loop: LoopThread, request: HTTPRequest, subprotocols: Sequence[str], timeout: float
    ) -> None:
        self._loop = loop
        self._socket = _Socket(request, subprotocols, timeout)

    @property
    def closed(self) -> bool:
        """Whether the connection has ended; messages that had come before can be received."""
        return self._socket.ended

    @property
    def close_code(self) -> int | None:
        """Code with which the server has closed it; None before, or without one."""
        return self._socket.connection.close_code

    @property
    def close_reason(self) -> str | None:
        """Reason that the server gave with its code."""
        return self._socket.connection.close_reason

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server has selected."""
        return self._socket.connection.selected_subprotocol


class WebSocket(_Shown):
    """WebSocket of a plain test: ``with client.websocket("/chat") as ws``."""

    def __enter__(self) -> Self:
        self._loop.wait(self._socket.open())
        self._loop.defer(self._socket.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, message: str | bytes) -> None:
        """Send a text message, or a binary one of bytes.

        :raises WebSocketEnded: the server has closed it.
        """
        self._loop.wait(self._socket.send(message))

    def send_json(self, value: Any) -> None:
        """Send a value as JSON, in a text message."""
        self.send(json.dumps(value))

    def receive(self, timeout: float | None = None) -> str | bytes:
        """The next message; waits ``timeout`` seconds for it, 5 if none is given.

        :raises TimeoutError: none has come.
        :raises WebSocketEnded: the server has closed it.
        """
        seconds = self._socket.timeout if timeout is None else timeout
        return self._loop.wait(self._socket.receive(seconds), seconds + PATIENCE)

    def receive_json(self, timeout: float | None = None) -> Any:
        """The next message, read as JSON."""
        return json.loads(self.receive(timeout))

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close it, and wait until the server has agreed."""
        self._loop.wait(self._socket.close(code, reason))

    def __iter__(self) -> Iterator[str | bytes]:
        """The messages that come until the server closes it."""
        try:
            while True:
                yield self.receive()
        except WebSocketEnded:
            return


class AsyncWebSocket(_Shown):
    """WebSocket of a coroutine: ``async with aclient.websocket("/chat") as ws``."""

    async def __aenter__(self) -> Self:
        await self._loop.join(self._socket.open())
        self._loop.defer(self._socket.close)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def send(self, message: str | bytes) -> None:
        """Send a text message, or a binary one of bytes.

        :raises WebSocketEnded: the server has closed it.
        """
        await self._loop.join(self._socket.send(message))

    async def send_json(self, value: Any) -> None:
        """Send a value as JSON, in a text message."""
        await self.send(json.dumps(value))

    async def receive(self, timeout: float | None = None) -> str | bytes:
        """The next message; waits ``timeout`` seconds for it, 5 if none is given.

        :raises TimeoutError: none has come.
        :raises WebSocketEnded: the server has closed it.
        """
        seconds = self._socket.timeout if timeout is None else timeout
        return await self._loop.join(self._socket.receive(seconds))

    async def receive_json(self, timeout: float | None = None) -> Any:
        """The next message, read as JSON."""
        return json.loads(await self.receive(timeout))

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close it, and wait until the server has agreed."""
        await self._loop.join(self._socket.close(code, reason))

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """The messages that come until the server closes it."""
        try:
            while True:
                yield await self.receive()
        except WebSocketEnded:
            return
