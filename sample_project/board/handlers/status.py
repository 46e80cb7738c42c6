"""A page that asks the board from outside whether all is well, as a client would.

Shown here: `AsyncHTTPClient`, and two requests at once with `gen.multi`. A server that fetches
URLs for its visitors can be made to fetch what they could not reach themselves. So nothing in a
URL comes from the request: the address is a setting, the paths stand here, and redirects are not
followed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tornado import gen
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from board.handlers.base import BaseHandler

TIMEOUT = 3.0


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    detail: str


class StatusHandler(BaseHandler):
    async def get(self) -> None:
        checks = await gen.multi(
            [
                self.check("Server", self.reverse_url("health")),
                self.check("API and database", self.reverse_url("api-topics")),
            ]
        )
        if not all(check.ok for check in checks):
            self.set_status(503)
        self.render("status.html", checks=checks)

    async def check(self, name: str, path: str) -> Check:
        started = time.monotonic()
        try:
            response = await AsyncHTTPClient().fetch(
                self.settings["site_url"] + path,
                raise_error=False,
                follow_redirects=False,
                connect_timeout=TIMEOUT,
                request_timeout=TIMEOUT,
            )
        except (OSError, HTTPClientError) as error:  # refused, reset or too late
            return Check(name, ok=False, detail=type(error).__name__)
        milliseconds = 1000 * (time.monotonic() - started)
        return Check(name, response.code == 200, f"{response.code} in {milliseconds:.1f} ms")
