"""What is asked, and what the right answer is.

All but ``bare`` send a browser's headers and cookies. A case that needs a cookie or a token first
visits the page that gives it, as a browser would; what it got goes into the request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from tests.benchmarks import browser
from tests.benchmarks.exchange import Answer, Request
from tests.benchmarks.harness import case
from tests.benchmarks.throughput.apps import content
from tests.benchmarks.wrk import COUNTER

APPS = Path(__file__).parent / "apps"

_FILE = ("static", "file.txt")
_FILE_SIZE = 100_000
_UPLOAD_SIZE = 1_000_000
_TOKEN = re.compile(r'name="_xsrf" value="([^"]+)"')
_HTML, _JSON, _TEXT = "text/html", "application/json", "text/plain"


@dataclass(frozen=True)
class Visit:
    """What the page before gave: the cookies, and the form's token if it has one."""

    cookies: Mapping[str, str]
    token: str = ""

    @classmethod
    def read(cls, answer: Answer) -> Visit:
        """Out of the answer's Set-Cookie lines and its hidden field."""
        jar: SimpleCookie = SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie", []):
            jar.load(line)
        token = _TOKEN.search(answer.body.decode("utf-8", "replace"))
        return cls(
            cookies={name: morsel.coded_value for name, morsel in jar.items()},
            token=token[1] if token else "",
        )


@dataclass(frozen=True)
class Case(case.Case):
    """One kind of request; ``first`` is the page to visit before."""

    request: Callable[[Visit], Request]
    media_type: str
    body: bytes
    first: str | None = None

    def mistake(self, answer: Answer) -> str | None:
        """What is wrong with the answer, in words; None if it is right.

        JSON is compared as what it says, for some write a space after a comma; all else by bytes.
        """
        if answer.status != 200:
            return f"status {answer.status}"
        if answer.headers.get_content_type() != self.media_type:
            return f"Content-Type {answer.headers.get('Content-Type')!r}"
        if self._meaning(answer.body) != self._meaning(self.body):
            return f"another body: {answer.body[:60]!r}"
        return None

    def _meaning(self, body: bytes) -> object:
        if self.media_type != _JSON:
            return body
        try:
            return json.loads(body)
        except ValueError:
            return None


def write_static_file(folder: Path) -> None:
    """Put the file that is served below the folder of the applications."""
    file = folder.joinpath(*_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_file())


def _file() -> bytes:
    lines = "".join(f"{number:05} a line of a file that is served\n" for number in range(3000))
    return lines.encode()[:_FILE_SIZE]


def _page() -> bytes:
    rows = "".join(f"<li>{escape(name)}: {escape(amount)}</li>\n" for name, amount in content.ITEMS)
    return (
        f"<!doctype html>\n<title>Items</title>\n<p>Signed in as <b>{content.USER}</b></p>\n"
        f"<ul>\n{rows}</ul>\n"
    ).encode()


def _get(target: str) -> Callable[[Visit], Request]:
    return lambda visit: Request(target, headers=browser.headers(visit.cookies))


def _varied(visit: Visit) -> Request:
    """For who reads a head once that comes again."""
    return Request("/", headers=browser.headers({**visit.cookies, "visit": COUNTER}))


def _post_form(visit: Visit) -> Request:
    fields = {
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "message": "The engine weaves algebraic patterns. " * 5,
        "_xsrf": visit.token,
    }
    headers = browser.headers(visit.cookies, content_type="application/x-www-form-urlencoded")
    return Request("/form", "POST", headers, urlencode(fields).encode())


def _upload(visit: Visit) -> Request:
    headers = browser.headers(visit.cookies, content_type="application/octet-stream")
    return Request("/upload", "POST", headers, bytes(range(250)) * (_UPLOAD_SIZE // 250))


_GREETING = content.GREETING.encode()
_RECORD = b'{"id": 42, "verbose": "yes"}'
_ALL = (
    Case("bare", "GET /, no headers", lambda _: Request("/"), _HTML, _GREETING),
    Case("browser", "GET /, a browser's headers and cookies", _get("/"), _HTML, _GREETING),
    Case("vary", "the same, and none like another", _varied, _HTML, _GREETING),
    Case(
        "json", "JSON, a path and a query argument", _get("/records/42?verbose=yes"), _JSON, _RECORD
    ),
    Case("form", "form POST with XSRF", _post_form, _HTML, b"Thanks, Ada Lovelace", first="/form"),
    Case("page", "template for a signed-in user", _get("/page"), _HTML, _page(), first="/login"),
    Case("static", "static file, 100 kB", _get("/" + "/".join(_FILE)), _TEXT, _file()),
    Case("upload", "upload, 1 MB", _upload, _HTML, str(_UPLOAD_SIZE).encode()),
)

# By name, in the order in which they are measured and shown.
CASES = {case.name: case for case in _ALL}
