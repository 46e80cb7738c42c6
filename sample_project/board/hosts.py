"""Hosts: names under which the application has other routes than those of `routes.py`.

Shown here: `add_handlers`. A request for one of these hosts is looked up in its table first; what
is not found there, such as /sign-in or /static/, comes from `routes.py`, which any host has.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from tornado.web import Application, url

from board.handlers import admin, api
from board.settings import Settings

NUMBER = "[0-9]{1,18}"

# All paths begin with /v1/, which the site does not use: they are found under any name (see
# `default_host` in app.py).
API = [
    url(r"/v1/topics", api.TopicsHandler, name="api-topics"),
    url(r"/v1/messages", api.MessagesHandler, {"page_size": 50}, name="api-messages"),
    url(rf"/v1/messages/(?P<message_id>{NUMBER})", api.MessageHandler, name="api-message"),
    # Without this line an unknown path would get the site's page, which is no JSON.
    url(r"/v1/.*", api.UnknownHandler),
]
ADMIN = [
    url(r"/", admin.DashboardHandler, name="admin"),
    url(rf"/messages/(?P<message_id>{NUMBER})/delete", admin.DeleteHandler, name="admin-delete"),
]


def with_hosts(factory: Callable[[Settings | None], Application]) -> Callable[..., Application]:
    """Decorator of `make_app`: what it makes has the routes of these hosts as well."""

    @functools.wraps(factory)
    def make_app(settings: Settings | None = None) -> Application:
        application = factory(settings)
        # The patterns are regular expressions: with a plain dot, "apixlocalhost" would match, too.
        application.add_handlers(r"api\.localhost", API)
        application.add_handlers(r"admin\.localhost", ADMIN)
        return application

    return make_app
