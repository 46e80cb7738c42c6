"""A page, and one that collects garbage, without a framework."""

import gc
from collections.abc import Awaitable, Callable, Mapping
from typing import Any


async def app(
    scope: Mapping[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    body = b"Hello, world"
    if scope["path"] == "/collect":
        gc.collect()
        body = b"collected"
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
