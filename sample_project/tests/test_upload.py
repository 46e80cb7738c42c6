"""Uploads: what is kept, what is refused, and that nothing is left behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from tornado.httpclient import HTTPResponse
from tornado.tcpclient import TCPClient

from sample_project.settings import Settings

from .support import BoardTest, Browser, until

LIMIT = 100_000


class Upload(BoardTest):
    settings = Settings(upload_limit=LIMIT)

    def setUp(self) -> None:
        super().setUp()
        self.browser = Browser(self)
        self.browser.sign_in("ada")
        self.headers = {"X-XSRFToken": self.browser.token()}

    def put(self, name: str, body: bytes) -> HTTPResponse:
        return self.browser.request(f"/upload/{name}", "PUT", body, **self.headers)

    def put_chunked(self, name: str, pieces: list[bytes]) -> HTTPResponse:
        async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
            for piece in pieces:
                await write(piece)

        return self.fetch(
            f"/upload/{name}",
            method="PUT",
            body_producer=produce,
            headers={"Cookie": self.browser.cookie_header, **self.headers},
        )

    def stored(self) -> list[Path]:
        return list(self.settings.uploads.glob("*"))

    def test_up_and_down(self) -> None:
        body = bytes(range(256)) * 390  # more than one piece
        response = self.put("picture.html", body)
        digest = hashlib.sha256(body).hexdigest()
        url = f"/files/{digest[:16]}-picture.html"
        assert (response.code, response.headers["Location"]) == (201, url)
        assert json.loads(response.body) == {"url": url, "size": len(body), "sha256": digest}
        response = self.fetch(url)
        assert response.body == body
        # Whatever its name says, it must not be shown as a page of the board.
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert self.put("picture.html", body).code == 201
        assert len(self.stored()) == 1

    def test_the_limit(self) -> None:
        assert self.put("a", b"x" * LIMIT).code == 201
        assert self.put("b", b"x" * (LIMIT + 1)).code == 413
        assert self.put_chunked("c", [b"x" * LIMIT]).code == 201
        assert self.put_chunked("d", [b"x" * LIMIT, b"x"]).code == 413
        assert sorted(path.name[-2:] for path in self.stored()) == ["-a", "-c"]

    def test_an_empty_body(self) -> None:
        assert self.put("a", b"").code == 422

    def test_names(self) -> None:
        for name in (".hidden", "a%2Fb", "..%2Fx", "%00", "a" * 81):
            assert self.put(name, b"x").code == 404, name

    def test_who_may_upload(self) -> None:
        assert self.browser.request("/upload/a", "PUT", b"x").code == 403
        self.browser.cookies.pop("user")
        assert self.put("a", b"x").code == 403
        assert self.stored() == []

    def test_methods_and_files_that_are_not_there(self) -> None:
        response = self.browser.request("/upload/a")
        assert (response.code, response.headers["Allow"]) == (405, "PUT")
        assert self.fetch("/files/0123456789abcdef-a").code == 404
        assert self.fetch("/files/..%2fboard.sqlite3").code == 404

    def test_the_page(self) -> None:
        page = self.browser.text("/upload")
        assert 'data-url="/upload/NAME"' in page
        assert "upload.js?v=" in page

    def test_an_upload_that_breaks_off_leaves_nothing(self) -> None:
        async def break_off() -> None:
            stream = await TCPClient().connect("127.0.0.1", self.get_http_port())
            lines = [
                "PUT /upload/a HTTP/1.1",
                "Host: localhost",
                "Content-Length: 1000",
                f"Cookie: {self.browser.cookie_header}",
                f"X-XSRFToken: {self.headers['X-XSRFToken']}",
            ]
            await stream.write("\r\n".join([*lines, "", "half a file"]).encode())
            await until(lambda: [path.suffix for path in self.stored()] == [".part"])
            stream.close()
            await until(lambda: not self.stored())

        self.io_loop.run_sync(break_off, timeout=5)
