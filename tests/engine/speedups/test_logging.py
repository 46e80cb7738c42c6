"""A request is logged by whoever logged it before."""

from __future__ import annotations

import logging
from unittest import mock

import pytest
from tornado.log import access_log
from tornado.web import (
    Application,
    RequestHandler,
)

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass
from tests.engine.speedups.applications import Busy, one, visit
from tests.engine.speedups.watching import Note, compare

pytestmark = EITHER_LOOP


@EITHER
@pytest.mark.parametrize("level", [logging.DEBUG, logging.WARNING, logging.CRITICAL])
async def test_requests_are_logged_the_same_at_each_level(
    server_class: ServerClass, level: int
) -> None:
    async def play(client: Client, note: Note) -> None:
        logger = logging.getLogger("tornado.access")
        before = logger.level
        logger.setLevel(level)
        try:
            await visit(client, note)
            with mock.patch.object(access_log, "info") as info:
                await client.request("/")
                note(info.call_count)
            with mock.patch.object(logging.Logger, "info") as info:
                await client.request("/")
                note(info.call_count)
        finally:
            logger.setLevel(before)

    async def quiet(client: Client, note: Note) -> None:
        # The last of the visit closes the connection.
        with mock.patch("tests.engine.speedups.test_logging.visit", _short):
            await play(client, note)

    seen = await compare(server_class, lambda note: one(Busy), quiet)
    assert seen.responses[-2:] == [1, 1]


async def _short(client: Client, note: Note) -> None:
    for path in ("/", "/fail", "/json"):
        note(await client.request(path))


@EITHER
async def test_an_application_that_logs_by_itself_is_asked(server_class: ServerClass) -> None:
    def by_function(note: Note) -> Application:
        return one(Busy, log_function=lambda handler: note(handler.get_status(), handler._finished))

    def by_method(note: Note) -> Application:
        class Logging(Application):
            def log_request(self, handler: RequestHandler) -> None:
                note(handler.get_status())
                super().log_request(handler)

        return Logging([("/([^/]*)", Busy)])

    def by_patch(note: Note) -> Application:
        app = one(Busy)
        app.log_request = lambda handler: note(handler.get_status())  # type: ignore[method-assign]
        return app

    for make in (by_function, by_method, by_patch):
        assert len((await compare(server_class, make, visit)).noted) == 15
