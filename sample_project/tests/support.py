"""The test case that all tests build on, and a browser for it."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import HTTPRequest, HTTPResponse
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, websocket_connect

from sample_project.app import make_app
from sample_project.settings import Settings
from sample_project.store import Store

TOKEN = "the token of the tests"
JSON = {"Content-Type": "application/json"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def until(condition: Callable[[], object]) -> None:
    """Waits until the condition holds; the time limit of the test is the limit for this too."""
    while not condition():
        await asyncio.sleep(0)


class BoardTest(AsyncHTTPTestCase):
    # What a test class needs to be different, it says in a class attribute of this name.
    settings = Settings(api_token=TOKEN)

    def get_app(self) -> Application:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.settings = replace(
            self.settings,
            data_dir=Path(directory.name) / "data",
            port=self.configured_port(),
        )
        app = make_app(self.settings)
        self.store: Store = app.settings["store"]
        self.addCleanup(self.store.close)
        return app

    def configured_port(self) -> int:
        return self.get_http_port()

    def api(self, method: str, path: str, data: Any = None, **headers: str) -> HTTPResponse:
        body = None if data is None else json.dumps(data)
        sent = {"Host": "api.localhost", **BEARER, **(JSON if data is not None else {}), **headers}
        return self.fetch(
            path, method=method, body=body, headers=sent, allow_nonstandard_methods=True
        )

    def post_message(self, topic: str = "help", author: str = "bob", body: str = "Hello") -> int:
        data = {"topic": topic, "author": author, "body": body}
        response = self.api("POST", "/v1/messages", data)
        assert response.code == 201
        return int(json.loads(response.body)["id"])

    async def connect(self, path: str, **headers: str) -> WebSocketClientConnection:
        url = f"ws://127.0.0.1:{self.get_http_port()}{path}"
        return await websocket_connect(HTTPRequest(url, headers=headers))


class Browser:
    """Keeps cookies, fills in the hidden fields of forms, follows no redirects by itself."""

    def __init__(self, case: BoardTest, host: str = "localhost") -> None:
        self.case = case
        self.host = host
        self.cookies: dict[str, str] = {}

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def request(
        self, path: str, method: str = "GET", body: str | bytes | None = None, **headers: str
    ) -> HTTPResponse:
        response = self.case.fetch(
            path,
            method=method,
            body=body,
            headers={"Host": self.host, "Cookie": self.cookie_header, **headers},
            follow_redirects=False,
            allow_nonstandard_methods=True,
        )
        for line in response.headers.get_list("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return response

    def text(self, path: str) -> str:
        response = self.request(path)
        assert response.code == 200, response.code
        return response.body.decode()

    def form(self, page: str, action: str, **fields: str) -> HTTPResponse:
        """Opens the page, and sends the fields with the token that its form contains."""
        found = re.search(r'name="_xsrf" value="([^"]+)"', self.text(page))
        assert found, f"{page} has no form"
        body = urlencode({"_xsrf": unescape(found[1]), **fields})
        return self.request(action, "POST", body)

    def token(self) -> str:
        """An XSRF token, as a script finds it in the page."""
        found = re.search(r'data-xsrf="([^"]+)"', self.text("/topics/help/live"))
        assert found
        return unescape(found[1])

    def sign_in(self, name: str, password: str = "", **fields: str) -> HTTPResponse:
        return self.form("/sign-in", "/sign-in", name=name, password=password, **fields)
