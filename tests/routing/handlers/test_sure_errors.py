from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from tornado import httpclient, web
from tornado.web import ErrorHandler, HTTPError, RequestHandler, authenticated

from tornkit.routing.handlers.sure_errors import initialized_status, sure_error

GONE = 410
log = logging.getLogger(__name__)


class Raising(RequestHandler):
    def prepare(self) -> None:
        """Nothing here."""
        raise HTTPError(404)


class ByModule(RequestHandler):
    async def prepare(self) -> None:
        log.info("nothing at %s", self.request.path)
        raise web.HTTPError(status_code=HTTPStatus.NOT_FOUND)


class BySuper(RequestHandler):
    def prepare(self) -> None:
        super().prepare()
        self.send_error(GONE)


class Rendering(RequestHandler):
    def prepare(self) -> None:
        self.set_status(404)
        self.render("404.html", where=self.request.path)

    def render(self, template_name: str, **kwargs: Any) -> Any:
        return super().render(template_name, **kwargs)


class Inheriting(Raising):
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish("nothing here")


@pytest.mark.parametrize(
    ("cls", "status"),
    [(Raising, 404), (ByModule, 404), (BySuper, 410), (Rendering, 404), (Inheriting, 404)],
)
def test_a_prepare_that_always_ends_in_an_error(cls: type, status: int) -> None:
    assert sure_error(cls, "prepare") == status


class Setting(RequestHandler):
    async def get(self) -> None:
        self.set_status(404)
        await self.render("404.html")

    def post(self) -> None:
        self.set_status(500)
        return

    def put(self) -> None:
        raise HTTPError


def test_a_method_need_not_end_the_request() -> None:
    found = [sure_error(Setting, name) for name in ("get", "post", "put")]
    assert found == [404, 500, 500]


class OnlySetting(RequestHandler):
    def prepare(self) -> None:
        self.set_status(404)


class Branching(RequestHandler):
    def prepare(self) -> None:
        if self.request.path != "/":
            raise HTTPError(404)


class Fine(RequestHandler):
    def prepare(self) -> None:
        self.finish("fine")


class Redirecting(RequestHandler):
    def prepare(self) -> None:
        self.redirect("/")
        raise HTTPError(404)


class Asking(RequestHandler):
    def prepare(self) -> None:
        self.sign_in()
        raise HTTPError(404)

    def sign_in(self) -> None: ...


class Lending(RequestHandler):
    def prepare(self) -> None:
        answer(self)
        raise HTTPError(404)


def answer(handler: RequestHandler) -> None: ...


class Base(RequestHandler):
    def prepare(self) -> None: ...


class Above(Base):
    def prepare(self) -> None:
        super().prepare()
        raise HTTPError(404)


class OfAnother(RequestHandler):
    def prepare(self) -> None:
        raise httpclient.HTTPError(404)


class Computed(RequestHandler):
    def prepare(self) -> None:
        raise HTTPError(int(self.get_argument("status")))


class Single(Raising):
    """A single-page application's way: each page that is none is the page."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_status(200)
        self.render("index.html")


class OwnSend(Raising):
    def send_error(self, status_code: int = 500, **kwargs: Any) -> None: ...


class Guarded(RequestHandler):
    @authenticated
    def get(self) -> None:
        raise HTTPError(404)


def passing(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def wrapper(*args: Any) -> None:
        method(*args)

    return wrapper


class Decorated(RequestHandler):
    @passing
    def prepare(self) -> None:
        raise HTTPError(404)


@pytest.mark.parametrize(
    "cls",
    [
        *(OnlySetting, Branching, Fine, Redirecting, Asking, Lending, Above, OfAnother, Computed),
        *(Single, OwnSend, Decorated, RequestHandler),
    ],
)
def test_nothing_is_claimed_where_it_is_not_sure(cls: type) -> None:
    assert sure_error(cls, "prepare") is None


def test_a_method_that_a_guard_may_answer_for() -> None:
    assert sure_error(Guarded, "get") is None
    assert sure_error(RequestHandler, "get") is None
    assert sure_error(RequestHandler, "brew") is None


def test_a_function_without_source() -> None:
    made: dict[str, Any] = {"HTTPError": HTTPError}
    exec("def prepare(self): raise HTTPError(404)", made)
    assert (
        sure_error(type("Made", (RequestHandler,), {"prepare": made["prepare"]}), "prepare") is None
    )


def test_the_status_that_an_error_handler_is_made_with() -> None:
    class Teapot(ErrorHandler):
        def initialize(self) -> None:  # type: ignore[override]
            super().initialize(HTTPStatus.IM_A_TEAPOT)

    class Setting(ErrorHandler):
        def initialize(self) -> None:  # type: ignore[override]
            self.set_status(404)

    class Unknown(ErrorHandler):
        def initialize(self, status: int) -> None:
            super().initialize(status)

    found = [initialized_status(cls) for cls in (Teapot, Setting, Unknown, ErrorHandler)]
    assert found == [418, 404, None, None]
