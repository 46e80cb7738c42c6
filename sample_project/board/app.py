"""Application factory: settings in, a Tornado application out."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from tornado.web import Application

from board import logs
from board import ui as ui_modules
from board.handlers.base import NotFoundHandler, SecureStaticFileHandler
from board.hosts import with_hosts
from board.routes import ROUTES
from board.settings import HERE, Settings
from board.store import Store

log = logging.getLogger(__name__)


@with_hosts
def make_app(settings: Settings | None = None) -> Application:
    """Builds the application; `settings` come from the environment unless given.

    It is called in each worker process, and by each test. It neither listens nor waits.
    """
    settings = settings or Settings.from_environ()
    logs.set_up(json_lines=settings.json_logs)
    return Application(
        ROUTES,
        default_handler_class=NotFoundHandler,
        **tornado_settings(settings),
        # What handlers work with; Tornado hands it on unread.
        store=Store(settings.database_url, makes_missing_file=settings.debug),
        drain_file=settings.drain_file,
        # A host that hosts.py does not name gets this one's routes, too, behind those of routes.py:
        # the API is also found at http://127.0.0.1:8888/v1/topics. Safe for it alone: reading is
        # free to all, and writing needs a token.
        default_host="api.localhost",
        **services(settings),
    )


def tornado_settings(settings: Settings) -> dict[str, Any]:
    """Settings that Tornado knows."""
    cookie = {"httponly": True, "samesite": "Lax", "secure": settings.production}
    return {
        "debug": settings.debug,
        # `tornkit serve` reloads; Tornado's own reloader would be a second one.
        "autoreload": False,
        "log_function": logs.log_request,
        "template_path": str(HERE / "templates"),
        # Serves /static/..., /favicon.ico and /robots.txt.
        "static_path": str(HERE / "static"),
        "static_handler_class": SecureStaticFileHandler,
        "cookie_secret": settings.cookie_secret,
        "cookie_options": cookie,
        # Forms and scripts of other sites can't post here. handlers/base.py says how an API for
        # other programs opts out.
        "xsrf_cookies": True,
        "xsrf_cookie_kwargs": dict(cookie),
        "login_url": "/sign-in",
        # All the UIModules in there, for {% module MessageCard(message) %} in templates.
        "ui_modules": ui_modules,
        "websocket_ping_interval": 20,
        "websocket_max_message_size": 16 * 1024,
    }


def services(settings: Settings) -> dict[str, Any]:
    """What the showcase's handlers ask for, by `self.settings`."""
    return {
        "site_url": settings.site_url,
        "uploads": settings.uploads,
        "upload_limit": settings.upload_limit,
        "admins": settings.admins,
    }


def run() -> None:
    """Serves in one process, without tornkit."""

    async def serve() -> None:
        make_app().listen(8888, address="127.0.0.1")
        log.info("serving at http://127.0.0.1:8888; `tornkit serve` reloads on edits")
        await asyncio.Event().wait()

    logging.basicConfig(level=logging.INFO)
    asyncio.run(serve())
