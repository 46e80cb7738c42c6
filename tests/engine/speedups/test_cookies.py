"""Cookies that are kept with their lines are those that each request would have parsed."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from tornado import httputil
from tornado.web import Application, RequestHandler

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass
from tests.engine.speedups.applications import one
from tests.engine.speedups.watching import Note, compare, watch

pytestmark = EITHER_LOOP

NAMES = ["a", "b", "c", "bad[]", "path", "", "a b", "missing"]
LINES = [
    [],
    ["Cookie: a=b"],
    ["Cookie: a=b; a=c; b="],
    ['Cookie: a="x\\073y"; b="; c="q"'],
    ["Cookie: bad[]=1; path=2; a=3; =4; alone"],
    ["Cookie: a=b", "Cookie: c=d"],
    ["Cookie: a=caf\u00c3\u00a9; b=\t"],
    ["Cookie: "],
]


class Asking(RequestHandler):
    def get(self, what: str) -> None:
        if what == "set":
            self.request.cookies["a"] = "changed"  # type: ignore[assignment]
        if what == "emptied":
            self.cookies.clear()
        if what == "header":
            self.request.headers["Cookie"] = "a=other"
        values: dict[str, Any] = {name: self.get_cookie(name) for name in NAMES}
        values["with a default"] = self.get_cookie("missing", "default")
        if what == "later":
            self.request.cookies["a"] = "changed"  # type: ignore[assignment]
            values["afterwards"] = self.get_cookie("a")
        values["cookies"] = sorted(self.request.cookies)
        self.write(values)


@EITHER
@pytest.mark.parametrize("lines", LINES)
async def test_every_request_finds_its_own(server_class: ServerClass, lines: list[str]) -> None:
    async def play(client: Client, note: Note) -> None:
        for what in ("", "", "set", "", "emptied", "header", "later", ""):
            note(await client.request(f"/{what}", *lines))

    assert len((await compare(server_class, lambda note: one(Asking), play)).responses) == 8


@EITHER
async def test_signed_cookies_and_tokens(server_class: ServerClass) -> None:
    class Login(RequestHandler):
        def get(self, what: str) -> None:
            self.write({"user": str(self.get_signed_cookie("user"))})

        def post(self, what: str) -> None:
            self.write("posted")

    signed = RequestHandler.create_signed_value(
        mock.Mock(application=mock.Mock(settings={"cookie_secret": "x"}), settings={}), "user", "me"
    ).decode()
    body = b"_xsrf=0123456789abcdef"
    post = b"POST / HTTP/1.1\r\nHost: x\r\nCookie: _xsrf=%b\r\nContent-Length: 22\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"  # noqa: E501 - as it is sent

    async def play(client: Client, note: Note) -> None:
        forged = signed[:-1] + ("1" if signed.endswith("0") else "0")
        for value in (signed, signed, forged, ""):
            note(await client.request("/", f"Cookie: user={value}"))
        for token in (b"0123456789abcdef", b"0123456789abcdef", b"other", b""):
            await client.send(post % token + body)
            note(await client.read_response())

    def make(note: Note) -> Application:
        return one(Login, cookie_secret="x", xsrf_cookies=True)

    seen = await compare(server_class, make, play)
    assert [response[0] for response in seen.responses] == [200] * 6 + [403] * 2
    assert [b"me" in response[3] for response in seen.responses[:4]] == [True, True, False, False]


@EITHER
async def test_who_parses_them_otherwise_is_asked(server_class: ServerClass) -> None:
    own = httputil.parse_cookie
    asked = []

    def parse(text: str) -> dict[str, str]:
        asked.append(text)
        return own(text)

    async def play(client: Client, note: Note) -> None:
        note(await client.request("/", "Cookie: a=b"))
        with mock.patch.object(httputil, "parse_cookie", parse):
            note(await client.request("/", "Cookie: a=b"))

    await watch(server_class, lambda note: one(Asking), play, with_speedups=True)
    assert asked == ["a=b"]


@EITHER
async def test_a_changed_header_gives_the_same_however_often_the_head_came(
    server_class: ServerClass,
) -> None:
    def make(note: Note) -> Application:
        class Changing(RequestHandler):
            def get(self, what: str) -> None:
                if "asked" in what:
                    note(self.get_cookie("a"))
                if "deleted" in what:
                    del self.request.headers["Cookie"]
                else:
                    self.request.headers["Cookie"] = "a=changed; c=new"
                note(self.get_cookie("a"), self.get_cookie("c"))
                note(sorted(self.request.cookies), self.request.headers.get("Cookie"))
                note(self.get_cookie("a"))

        return one(Changing)

    async def play(client: Client, note: Note) -> None:
        for path in ("/asked", "/first", "/asked-deleted", "/deleted"):
            for _ in range(4):
                await client.request(path, "Cookie: a=sent; b=1")

    seen = await compare(server_class, make, play)
    each = ("sent",), ("sent", None), (["a", "b"], "a=changed; c=new"), ("sent",)
    assert seen.noted[:16] == [*each] * 4
