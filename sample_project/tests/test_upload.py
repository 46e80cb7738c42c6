"""Uploads: what is kept, what is refused, and that nothing is left behind."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

from tornkit.testing import Client

from board.sessions import SESSION_COOKIE
from board.settings import Settings

LIMIT = 100_000  # of conftest.py


def stored(settings: Settings) -> list[Path]:
    return list(settings.uploads.glob("*"))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_up_and_down(signed_in: Client, settings: Settings) -> None:
    body = bytes(range(256)) * 390  # more than one piece
    answer = signed_in.put("/upload/picture.html", content=body)
    digest = hashlib.sha256(body).hexdigest()
    url = f"/files/{digest[:16]}-picture.html"
    assert (answer.status_code, answer.headers["Location"]) == (201, url)
    assert answer.json() == {"url": url, "size": len(body), "sha256": digest}
    answer = signed_in.get(url)
    assert answer.content == body
    # Whatever its name says, it must not be shown as a page of the board.
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert signed_in.put("/upload/picture.html", content=body).status_code == 201
    assert len(stored(settings)) == 1


def test_the_limit(signed_in: Client, settings: Settings) -> None:
    def pieces(*sizes: int) -> Iterator[bytes]:
        """A body that is sent in chunks, so that nobody knows its length beforehand."""
        yield from (b"x" * size for size in sizes)

    assert signed_in.put("/upload/a", content=b"x" * LIMIT).status_code == 201
    assert signed_in.put("/upload/b", content=b"x" * (LIMIT + 1)).status_code == 413
    assert signed_in.put("/upload/c", content=pieces(LIMIT)).status_code == 201
    assert signed_in.put("/upload/d", content=pieces(LIMIT, 1)).status_code == 413
    # What was too long is dropped when the answer is out.
    wait_for(lambda: sorted(path.name[-2:] for path in stored(settings)) == ["-a", "-c"])


def test_an_empty_body(signed_in: Client) -> None:
    answer = signed_in.put("/upload/a", content=b"")
    assert (answer.status_code, answer.json()) == (422, {"error": "The file is empty."})


def test_names(signed_in: Client) -> None:
    for name in (".hidden", "a%2Fb", "..%2Fx", "%00", "a" * 81):
        assert signed_in.put(f"/upload/{name}", content=b"x").status_code == 404, name


def test_who_may_upload(client: Client, signed_in: Client, settings: Settings) -> None:
    assert signed_in.put("/upload/a", content=b"x", xsrf=False).status_code == 403
    stranger = client.new()
    assert stranger.put("/upload/a", content=b"x").status_code == 403
    answer = stranger.get("/upload")
    assert answer.headers["Location"] == "/sign-in?next=%2Fupload"
    assert stored(settings) == []


def test_methods_and_files_that_are_not_there(signed_in: Client) -> None:
    assert signed_in.get("/upload/a").status_code == 405
    assert signed_in.get("/files/0123456789abcdef-a").status_code == 404
    assert signed_in.get("/files/..%2ftest.sqlite3").status_code == 404


def test_the_page(signed_in: Client) -> None:
    page = signed_in.get("/upload").text
    assert 'data-url="/upload/NAME"' in page
    assert "upload.js?v=" in page


def test_an_upload_that_breaks_off_leaves_nothing(signed_in: Client, settings: Settings) -> None:
    signed_in.get("/upload")  # has a token
    cookies = {name: signed_in.cookies[name] for name in (SESSION_COOKIE, "_xsrf")}
    lines = [
        "PUT /upload/a HTTP/1.1",
        "Host: localhost",
        "Content-Length: 1000",
        f"Cookie: {'; '.join(f'{name}={value}' for name, value in cookies.items())}",
        f"X-XSRFToken: {cookies['_xsrf']}",
    ]
    host, port = urlsplit(signed_in.url).hostname, urlsplit(signed_in.url).port
    with create_connection((host or "", port or 0)) as connection:
        connection.sendall("\r\n".join([*lines, "", "half a file"]).encode())
        wait_for(lambda: [path.suffix for path in stored(settings)] == [".part"])
    wait_for(lambda: stored(settings) == [])
