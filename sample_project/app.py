"""Puts the application together: settings, services, routes and hosts.

Shown here: ``Application`` and ``add_handlers``. ``make_app`` is where ``tornkit`` and most other
tools look. It neither listens nor touches the event loop, so it can be called by a server, by
each worker process, by a test for every test, and by a tool that only wants to see the routes.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from tornado.web import Application

from . import routes, ui
from .handlers.board import NotFound
from .handlers.static import Static
from .settings import HERE, Settings
from .store import Store


def make_app(settings: Settings | None = None) -> Application:
    if settings is None:
        settings = Settings.from_environment(os.environ)
    app = Application(
        routes.site(settings),
        # Not every resolver knows names below "localhost", so the API is also found under any
        # other name or address the board is called by, as in http://127.0.0.1:8888/v1/topics.
        # Tornado does this by repeating the rules of the default host at the end of the site's
        # table: they must not share a path with the site, hence /v1/. This is safe for the API
        # alone: reading is open to everyone and writing needs a token, while for the
        # administrators' host it would undo the separation.
        default_host="api.localhost",
        default_handler_class=NotFound,
        **tornado_settings(settings),
        **services(settings),
    )
    # The patterns are regular expressions: with a plain dot, "apixlocalhost" would match too.
    app.add_handlers(r"api\.localhost", routes.api_host())
    app.add_handlers(r"admin\.localhost", routes.admin_host())
    return app


def tornado_settings(settings: Settings) -> dict[str, Any]:
    """The settings whose names Tornado knows."""
    cookie_options = {"httponly": True, "samesite": "Lax", "secure": settings.production}
    return {
        "debug": settings.debug,
        "template_path": str(HERE / "templates"),
        "static_path": str(HERE / "static"),
        "static_handler_class": Static,
        "ui_modules": {"MessageCard": ui.MessageCard, "Flashes": ui.Flashes},
        "login_url": "/sign-in",
        # Several keys, told apart by their versions, let a key be replaced without signing
        # everybody out: see Base.prepare.
        "cookie_secret": dict(settings.cookie_secrets),
        "key_version": settings.key_version,
        "cookie_options": cookie_options,
        "xsrf_cookies": True,
        # Tornado adds an entry of its own to this dictionary, so it gets a copy.
        "xsrf_cookie_kwargs": dict(cookie_options),
        "websocket_ping_interval": 20,
        "websocket_max_message_size": 16 * 1024,
    }


def services(settings: Settings) -> dict[str, Any]:
    """What the handlers work with. Tornado hands all settings on to them unread."""
    return {
        "store": Store(settings.data_dir / "board.sqlite3"),
        "answers": Counter[int](),
        "port": settings.port,
        "admins": settings.admins,
        "admin_password": settings.admin_password,
        "api_token": settings.api_token,
    }
