"""Handlers of every kind, right and wrong, and what becomes of a request for them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.simple_httpclient import HTTPStreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import (
    Application,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
    addslash,
    removeslash,
)

from tornkit.routing.checks.handlers import check
from tornkit.routing.model import Finding, RouteTable
from tornkit.routing.tables import route_table

HERE = str(Path(__file__).parent)
FILES = {"path": HERE}
REGEX = {"one": r"/x/(\w+)", "two": r"/x/(\w)(\w)", "named": r"/x/(?P<ident>\w+)"}
NAME = Path(__file__).name
CLOSED = 0  # the connection, without an answer, as when no handler could be made


def findings(application: Application) -> list[Finding]:
    table = route_table(application)
    # Which files make folders is a question of its own.
    return list(check(RouteTable(table.routes, table.fallbacks)))


def codes(*rules: Any, **settings: Any) -> list[str]:
    return [finding.code for finding in findings(Application(list(rules), **settings))]


def message(*rules: Any, **settings: Any) -> str:
    (finding,) = findings(Application(list(rules), **settings))
    return finding.message


async def status(application: Application, path: str) -> int:
    """What a real request is answered with, or `CLOSED`."""
    sock, port = bind_unused_port()
    server = HTTPServer(application)
    server.add_socket(sock)
    client = AsyncHTTPClient(force_instance=True)
    try:
        answer = await client.fetch(
            f"http://127.0.0.1:{port}{path}",
            raise_error=False,
            follow_redirects=False,
            headers={"Host": "localhost"},
        )
        return answer.code
    except HTTPStreamClosedError:
        return CLOSED
    finally:
        client.close()
        server.stop()
        await server.close_all_connections()


# ---- handlers ----


def passing(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return wrapper


def with_user(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, "somebody", *args, **kwargs)

    return wrapper


class Plain(RequestHandler):
    def get(self) -> None:
        self.write("seen")


class One(RequestHandler):
    def get(self, ident: str) -> None:
        self.write("seen")


class OneByName(RequestHandler):
    def get(self, *, ident: str) -> None:
        self.write("seen")


class OneByPosition(RequestHandler):
    def get(self, ident: str, /) -> None:
        self.write("seen")


class Optional(RequestHandler):
    async def get(self, ident: str, page: str | None = None) -> None:
        self.write("seen")


class Slashed(RequestHandler):
    @addslash
    def get(self) -> None:
        self.write("seen")


class Unslashed(RequestHandler):
    @removeslash
    def get(self) -> None:
        self.write("seen")


class Rest(RequestHandler):
    def get(self, *rest: str) -> None:
        self.write("seen")


class Anything(RequestHandler):
    def get(self, *args: str, **kwargs: str) -> None:
        self.write("seen")


class Passed(RequestHandler):
    @passing
    @passing
    def get(self, ident: str) -> None:
        self.write("seen")


class WithUser(RequestHandler):
    @with_user
    def get(self, user: str, ident: str) -> None:
        self.write("seen")


class Static(RequestHandler):
    @staticmethod
    def get(ident: str) -> None: ...


class Inherited(One): ...


class Prepared(RequestHandler):
    def prepare(self) -> None:
        self.set_header("X-Prepared", "yes")

    def get(self, ident: str) -> None:
        self.write("seen")


class Configured(RequestHandler):
    def initialize(self, db: object, cache: object = None) -> None:
        self.db = db

    def get(self) -> None:
        self.write("seen")


class ByKeyword(RequestHandler):
    def initialize(self, *, db: object) -> None: ...

    def get(self) -> None:
        self.write("seen")


class Open(RequestHandler):
    def initialize(self, **settings: object) -> None: ...

    def get(self) -> None:
        self.write("seen")


class Made(Configured):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made = True


class MadeOfOne(RequestHandler):
    def __init__(self, application: Any, request: Any, db: object, **kwargs: Any) -> None:
        super().__init__(application, request, **kwargs)

    def get(self) -> None:
        self.write("seen")


class NotForwarding(RequestHandler):
    def __init__(self, application: Any, request: Any, **kwargs: Any) -> None:
        kwargs.pop("db", None)
        super().__init__(application, request, **kwargs)

    def get(self) -> None:
        self.write("seen")


class Silent(RequestHandler): ...


class SilentChild(Silent):
    def on_finish(self) -> None: ...


class Answering(RequestHandler):
    def prepare(self) -> None:
        self.finish("seen")


class AnsweringChild(Answering): ...


class GivenAMethod(RequestHandler):
    def initialize(self) -> None:
        self.get = self.show

    def show(self) -> None:
        self.write("seen")


class Patch(RequestHandler):
    SUPPORTED_METHODS = ("PATCH",)

    def get(self) -> None: ...


class OwnFiles(StaticFileHandler):
    def initialize(self, path: str) -> None:  # type: ignore[override]
        super().initialize(str(Path(HERE) / path))


class FromMemory(StaticFileHandler):
    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        return path

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        self.finish("seen")
        return None

    def compute_etag(self) -> None: ...


class OwnGet(StaticFileHandler):
    async def get(self, *, name: str) -> None:  # type: ignore[override]
        self.write("seen")

    async def head(self, *, name: str) -> None: ...  # type: ignore[override]

    def compute_etag(self) -> None: ...


class LanguageRedirect(RedirectHandler):
    def get(self, language: str) -> None:
        self.redirect(f"/{language}/home")


class Elsewhere(RedirectHandler):
    def initialize(self, base: str) -> None:  # type: ignore[override]
        super().initialize(f"{base}/{{0}}")
