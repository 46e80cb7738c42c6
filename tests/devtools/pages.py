"""A server with the pages, in this process, and what clients get from it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any

from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler

from tests.clients.messages import Response
from tests.engine.serving import ServerClass, serving
from tornkit.devtools import install

BROWSER = ("Accept: text/html,*/*;q=0.8", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate")


class Item(RequestHandler):
    """Page that fails."""

    def set_default_headers(self) -> None:
        self.set_header("Access-Control-Allow-Origin", "*")

    def get(self, number: str) -> None:
        password = "hunter2"
        self.write({"left": {"1": 2}[number], "password": password})


class Missing(RequestHandler):
    def get(self) -> None:
        raise HTTPError(404, "no item %s, token=hunter2", 5)


class Refusing(RequestHandler):
    def get(self) -> None:
        raise HTTPError(403, "not you")


class Own(RequestHandler):
    """Page with errors of its own."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(f"mine: {status_code}")

    def get(self) -> None:
        raise KeyError("a")


class Posting(RequestHandler):
    def post(self) -> None:
        raise KeyError("a")


def application(**settings: Any) -> Application:
    return Application(
        [
            (r"/items/(\d+)", Item),
            ("/missing", Missing),
            ("/refusing", Refusing),
            ("/own", Own),
            ("/posting", Posting),
            ("/static/(.*)", StaticFileHandler, {"path": "/nowhere"}),
        ],
        log_function=lambda handler: None,
        **settings,
    )


@contextlib.contextmanager
def installed(**options: Any) -> Iterator[None]:
    install.install(**options)
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logging.getLogger("tornado.application").setLevel(logging.NOTSET)
        install.uninstall()


def got(
    server_class: ServerClass,
    path: str,
    *lines: str,
    app: Application | None = None,
    host: str = "localhost",
    method: str = "GET",
) -> Response:
    """The answer to one request."""

    async def ask() -> Response:
        async with serving(server_class, app or application()) as here:
            client = await here.connect()
            head = (f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "", "")
            await client.send("\r\n".join(head).encode())
            return await client.read_response(method)

    return asyncio.run(ask())


def as_json(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)
    return found
