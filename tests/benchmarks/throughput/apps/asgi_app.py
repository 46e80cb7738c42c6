"""No framework: what is left when an ASGI server has nothing to call but three functions."""

import json
from urllib.parse import parse_qs

from content import GREETING

_HTML = b"text/html; charset=utf-8"
_JSON = b"application/json"


async def home(scope, receive):
    return _HTML, GREETING.encode()


async def record(scope, receive):
    verbose = parse_qs(scope["query_string"].decode())["verbose"][0]
    number = int(scope["path"].removeprefix("/records/"))
    return _JSON, json.dumps({"id": number, "verbose": verbose}).encode()


async def upload(scope, receive):
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    return _HTML, str(length).encode()


async def app(scope, receive, send):
    path = scope["path"]
    if path == "/":
        page = home
    elif path.startswith("/records/"):
        page = record
    else:
        page = upload
    content_type, body = await page(scope, receive)
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
