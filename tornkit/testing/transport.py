"""Transports of httpx2 that lead all hosts to one server, with the cookies of a visitor.

A request keeps the host that it was made for, in its URL, its header and in the eyes of the
cookies; its connection goes to the server of the test. So nothing of a test leaves the machine,
also not behind a redirect.
"""

from __future__ import annotations

import httpx2

from tornkit.testing.visitor import Visitor

# No connection waits for the next request: that could be made in another loop.
_NONE_KEPT = httpx2.Limits(max_connections=None, max_keepalive_connections=0)


class ToServer(httpx2.BaseTransport):
    """Transport of `httpx2.Client` that sends all requests to the server of the test."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._inner = httpx2.HTTPTransport(verify=False, trust_env=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(_led_to_server(request, self._visitor))
        _keep_cookies(request, response, self._visitor)
        return response

    def close(self) -> None:
        self._inner.close()


class AsyncToServer(httpx2.AsyncBaseTransport):
    """Like `ToServer`, for `httpx2.AsyncClient`; may be used in any loop."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._inner = httpx2.AsyncHTTPTransport(verify=False, trust_env=False, limits=_NONE_KEPT)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(_led_to_server(request, self._visitor))
        _keep_cookies(request, response, self._visitor)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def _led_to_server(request: httpx2.Request, visitor: Visitor) -> httpx2.Request:
    if request.url.scheme != "http":
        raise httpx2.UnsupportedProtocol(
            f"{request.url} is not for the test's server, which speaks plain HTTP; to look at a "
            "redirect that leads there, leave out follow_redirects",
            request=request,
        )
    visitor.note(request.method, str(request.url))
    headers = request.headers.copy()
    own = [headers["Cookie"]] if "Cookie" in headers else []  # of this one request
    if kept := visitor.cookie_header(str(request.url)):
        own.append(kept)
    if own:
        headers["Cookie"] = "; ".join(own)
    host, _, port = visitor.address.rpartition(":")
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=host, port=int(port)),
        headers=headers,
        stream=request.stream,
        extensions=request.extensions,
    )


def _keep_cookies(request: httpx2.Request, response: httpx2.Response, visitor: Visitor) -> None:
    lines = response.headers.get_list("Set-Cookie")
    if lines:
        visitor.keep_cookies(str(request.url), lines)
