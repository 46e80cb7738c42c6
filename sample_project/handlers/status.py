"""A page that checks the board from outside, as a client sees it.

Shown here: ``AsyncHTTPClient``, and two requests at once with ``gen.multi``. A server that fetches
URLs for its visitors can be made to fetch what they could not reach themselves. So nothing in a
URL comes from the request: the paths stand here, the address is the server's own and is fixed to
127.0.0.1, and redirects are not followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from tornado import gen
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop

from .base import Base

TIMEOUT = 3.0


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    detail: str


class Status(Base):
    def initialize(self, port: int) -> None:
        self.port = port

    async def get(self) -> None:
        checks = await gen.multi(
            [
                self.check("Server", "localhost", "/-/health"),
                self.check("API and database", "api.localhost", "/v1/topics"),
            ]
        )
        if not all(check.ok for check in checks):
            self.set_status(503)
        self.render("status.html", checks=checks)

    async def check(self, name: str, host: str, path: str) -> Check:
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Host": host},
            follow_redirects=False,
            connect_timeout=TIMEOUT,
            request_timeout=TIMEOUT,
        )
        start = IOLoop.current().time()
        try:
            response = await AsyncHTTPClient().fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            # Refused, reset or too late. The reason is for the log of whoever runs the board.
            return Check(name, ok=False, detail=type(error).__name__)
        milliseconds = 1000 * (IOLoop.current().time() - start)
        return Check(
            name, response.code == HTTPStatus.OK, f"{response.code} in {milliseconds:.1f} ms"
        )
