"""`AsyncClient`: the methods of `Client` to be awaited, in whichever loop a test has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Unpack

import httpx2

from tornkit.testing.loop_thread import LoopThread
from tornkit.testing.requesting import Requesting, RequestOptions, httpx_arguments
from tornkit.testing.transport import AsyncToServer
from tornkit.testing.visitor import Visitor
from tornkit.testing.websocket import TIMEOUT, AsyncWebSocket, opening


class AsyncClient(Requesting):
    """Client of a test's server; each method is a coroutine that gives an `httpx2.Response`.

    >>> (await aclient.get("/items")).json()  # doctest: +SKIP

    Everything else is as with `tornkit.testing.client.Client`. It belongs to no loop: each request
    has a connection of its own, so nothing is left to be closed in a loop that may have ended.
    """

    def __init__(self, visitor: Visitor, loop: Callable[[], LoopThread]) -> None:
        super().__init__(visitor)
        self._loop = loop
        self._http = httpx2.AsyncClient(transport=AsyncToServer(visitor), **httpx_arguments())

    async def request(
        self, method: str, target: str, **options: Unpack[RequestOptions]
    ) -> httpx2.Response:
        """Make a request to a path, or a URL, and read the whole response."""
        url, arguments = self.prepared(method, target, options)
        return await self._http.request(method, url, **arguments)

    async def get(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a GET request."""
        return await self.request("GET", target, **options)

    async def head(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a HEAD request."""
        return await self.request("HEAD", target, **options)

    async def options(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make an OPTIONS request."""
        return await self.request("OPTIONS", target, **options)

    async def post(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a POST request: of a form with ``data`` and ``files``, or of ``json``."""
        return await self.request("POST", target, **options)

    async def put(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a PUT request."""
        return await self.request("PUT", target, **options)

    async def patch(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a PATCH request."""
        return await self.request("PATCH", target, **options)

    async def delete(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a DELETE request."""
        return await self.request("DELETE", target, **options)

    def stream(
        self, method: str, target: str, **options: Unpack[RequestOptions]
    ) -> AbstractAsyncContextManager[httpx2.Response]:
        """Make a request whose response is read as it comes, inside of ``async with``."""
        url, arguments = self.prepared(method, target, options)
        return self._http.stream(method, url, **arguments)

    def websocket(
        self,
        target: str,
        *,
        subprotocols: Sequence[str] = (),
        headers: Mapping[str, str | None] | None = None,
        host: str | None = None,
        timeout: float = TIMEOUT,
    ) -> AsyncWebSocket:
        """A WebSocket, opened by ``async with`` and closed behind it."""
        request = opening(self._visitor, target, headers, host, timeout)
        return AsyncWebSocket(self._loop(), request, subprotocols, timeout)

    def new(self) -> AsyncClient:
        """Another client of the same server, with no cookies: a second visitor."""
        return AsyncClient(self._visitor.new(), self._loop)
