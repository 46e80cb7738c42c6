"""`Client`: requests of a test, made as a browser makes them, to a server on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, Unpack

import httpx2

from tornkit.testing.loop_thread import LoopThread
from tornkit.testing.requesting import Requesting, RequestOptions, httpx_arguments
from tornkit.testing.transport import ToServer
from tornkit.testing.visitor import Visitor
from tornkit.testing.websocket import TIMEOUT, WebSocket, opening


class Client(Requesting):
    """Client of a test's server; each method returns an `httpx2.Response`.

    >>> client.get("/items", params={"page": 2}).json()  # doctest: +SKIP
    >>> client.post("/items", data={"title": "a form"})  # doctest: +SKIP
    >>> client.post("/items", json={"title": "JSON"})  # doctest: +SKIP

    It keeps cookies, brings an XSRF token with each unsafe method, and follows no redirect unless
    told to: the redirect is what the handler has answered. Further options are those of httpx2
    (`RequestOptions`). It may be used in any thread; in a coroutine it blocks the test's own loop,
    and not the server's.
    """

    def __init__(self, visitor: Visitor, loop: Callable[[], LoopThread]) -> None:
        super().__init__(visitor)
        self._loop = loop
        self._http = httpx2.Client(transport=ToServer(visitor), **httpx_arguments())
        self._others: list[Client] = []

    def request(
        self, method: str, target: str, **options: Unpack[RequestOptions]
    ) -> httpx2.Response:
        """Make a request to a path, or a URL, and read the whole response."""
        url, arguments = self.prepared(method, target, options)
        return self._http.request(method, url, **arguments)

    def get(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a GET request."""
        return self.request("GET", target, **options)

    def head(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a HEAD request."""
        return self.request("HEAD", target, **options)

    def options(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make an OPTIONS request."""
        return self.request("OPTIONS", target, **options)

    def post(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a POST request: of a form with ``data`` and ``files``, or of ``json``."""
        return self.request("POST", target, **options)

    def put(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a PUT request."""
        return self.request("PUT", target, **options)

    def patch(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a PATCH request."""
        return self.request("PATCH", target, **options)

    def delete(self, target: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """Make a DELETE request."""
        return self.request("DELETE", target, **options)

    def stream(
        self, method: str, target: str, **options: Unpack[RequestOptions]
    ) -> AbstractContextManager[httpx2.Response]:
        """Make a request whose response is read as it comes, inside of ``with``.

        >>> with client.stream("GET", "/events") as response:  # doctest: +SKIP
        ...     for line in response.iter_lines(): ...
        """
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
    ) -> WebSocket:
        """A WebSocket, opened by ``with`` and closed behind it.

        >>> with client.websocket("/chat") as ws:  # doctest: +SKIP
        ...     ws.send("hello")
        ...     assert ws.receive() == "hello"

        ``timeout`` is in seconds: for the handshake, and for each message that is waited for.
        """
        request = opening(self._visitor, target, headers, host, timeout)
        return WebSocket(self._loop(), request, subprotocols, timeout)

    def new(self) -> Client:
        """Another client of the same server, with no cookies: a second visitor."""
        client = Client(self._visitor.new(), self._loop)
        self._others.append(client)
        return client

    def close(self) -> None:
        """Close its connections, and those of the clients that it has made."""
        for client in self._others:
            client.close()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
