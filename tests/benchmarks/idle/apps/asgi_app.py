"""A page, and one that collects garbage, without a framework."""

import gc


async def app(scope, receive, send):
    body = b"Hello, world"
    if scope["path"] == "/collect":
        gc.collect()
        body = b"collected"
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
