"""A handler has the attributes and gets the calls that Tornado's ``__init__`` gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tornado.httputil import HTTPServerRequest
from tornado.util import ObjectDict
from tornado.web import Application, RequestHandler, UIModule

from tests.engine.speedups.alone import NotingConnection, a_request
from tests.engine.speedups.watching import installed
from tornkit.engine.fidelity import replaced
from tornkit.engine.speedups import construction

Init = Callable[..., None]
own_init: Init = RequestHandler.__init__


@pytest.fixture(autouse=True)
def speedups() -> Iterator[None]:
    with installed():
        yield


class Module(UIModule):
    def render(self, *args: Any, **kwargs: Any) -> str:
        return f"rendered for {type(self.handler).__name__}"


def greet(handler: RequestHandler, name: str) -> str:
    return f"hello {name} by {type(handler).__name__}"


PLAIN = Application()
WITH_MODULES = Application(ui_modules={"Module": Module})
WITH_METHODS = Application(ui_methods={"greet": greet}, ui_modules={"Module": Module})
APPLICATIONS = pytest.mark.parametrize("application", [PLAIN, WITH_MODULES, WITH_METHODS])


class Noting(RequestHandler):
    """Notes what it is asked while it is made, and with what it has by then."""

    def note(self, *what: Any) -> None:
        self.__dict__.setdefault("noted", []).append((*what, sorted(vars(self).keys() - {"ui"})))

    def clear(self) -> None:
        self.note("clear")
        super().clear()

    def set_default_headers(self) -> None:
        self.note("set_default_headers")

    def initialize(self, **given: Any) -> None:
        self.note("initialize", sorted(given))

    def _ui_method(self, method: Any) -> Any:
        self.note("_ui_method", method.__name__)
        return super()._ui_method(method)


class Behind:
    """Stands behind the handler in a class of both."""

    def __init__(self) -> None:
        self.behind = True


class WithMixin(Noting, Behind):
    pass


class Watching(Noting):
    """May refuse what is set."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("ui", "_finished"):
            self.note("set", name)
        super().__setattr__(name, value)


class WithItsUi(Noting):
    ui = ObjectDict(mine="mine")


class WithUiProperty(Noting):
    @property
    def ui(self) -> Any:
        return self.__dict__.get("kept")

    @ui.setter
    def ui(self, value: Any) -> None:
        self.note("ui is set")
        self.__dict__["kept"] = value


KINDS = pytest.mark.parametrize(
    "kind", [RequestHandler, Noting, WithMixin, Watching, WithItsUi, WithUiProperty]
)


def made(
    init: Init,
    kind: type[RequestHandler],
    application: Application,
    request: HTTPServerRequest,
    **given: Any,
) -> Any:
    handler = kind.__new__(kind)
    init(handler, application, request, **given)
    return handler


def both(kind: type[RequestHandler], application: Application, **given: Any) -> tuple[Any, Any]:
    """Tornado's handler, and that of the speedup, of requests with connections of their own."""
    theirs = made(own_init, kind, application, a_request(), **given)
    ours = made(construction.initialise, kind, application, a_request(), **given)
    return theirs, ours


def attributes(handler: Any) -> dict[str, Any]:
    others = ("ui", "kept", "request", "_headers")  # which are no equals of any other's
    return {name: value for name, value in vars(handler).items() if name not in others}


@KINDS
@APPLICATIONS
def test_attributes_and_calls_are_the_same(
    kind: type[RequestHandler], application: Application
) -> None:
    given = {} if kind is RequestHandler else {"a": 1}
    theirs, ours = both(kind, application, **given)
    assert attributes(ours) == attributes(theirs)
    assert list(attributes(ours)) == list(attributes(theirs))
    assert list(ours._headers.get_all())[:2] == list(theirs._headers.get_all())[:2]
    assert ours.request.connection.calls == theirs.request.connection.calls
    assert ours.request.connection.calls == [("set_close_callback", "on_connection_close")]


@KINDS
@APPLICATIONS
def test_what_a_template_finds_is_the_same(
    kind: type[RequestHandler], application: Application
) -> None:
    def told(handler: Any) -> Any:
        ui = handler.ui
        assert handler.ui is ui
        if ui is WithItsUi.ui or ui is None:
            return ui
        assert ui["modules"] is ui["_tt_modules"]
        return (
            type(ui),
            sorted(ui),
            [ui.greet("you")] if "greet" in ui else [],
            [ui.modules["Module"]()] if "Module" in application.ui_modules else [],
            ui["_tt_modules"].linkify("www.example.com"),
        )

    theirs, ours = both(kind, application)
    assert told(ours) == told(theirs)


@APPLICATIONS
def test_what_a_template_finds_can_be_set_and_deleted(application: Application) -> None:
    for handler in both(RequestHandler, application):
        handler.ui["modules"] = "a program's"
        assert handler.ui.modules == "a program's"
        assert handler.ui["_tt_modules"] != "a program's"
        handler.ui = None
        assert handler.ui is None


def test_it_is_made_where_it_can_not_be_made_later() -> None:
    """Where there are methods, or the class would have a say in it, or has one of its own."""
    at_once = [
        "ui" in vars(made(construction.initialise, kind, application, a_request()))
        for kind, application in [
            (RequestHandler, PLAIN),
            (RequestHandler, WITH_MODULES),
            (RequestHandler, WITH_METHODS),
            (Watching, PLAIN),
            (WithItsUi, PLAIN),
        ]
    ]
    assert at_once == [False, False, True, True, True]


def test_a_module_that_is_missing_is_missed_alike() -> None:
    for handler in both(RequestHandler, WITH_MODULES):
        with pytest.raises(AttributeError, match="Other"):
            handler.ui.modules.Other  # noqa: B018 - it is read
        with pytest.raises(KeyError, match="Other"):
            handler.ui.modules["Other"]


def test_the_class_itself_has_none_that_was_made() -> None:
    assert getattr(RequestHandler, "ui") is construction.ui  # noqa: B009 - of instances alone


class Refusing(NotingConnection):
    def set_close_callback(self, callback: Any) -> None:
        raise OSError("gone")


def fail(*args: Any) -> None:
    raise KeyError("its own")


@pytest.mark.parametrize("where", ["clear", "set_default_headers", "initialize", "_ui_method"])
def test_an_error_on_the_way_leaves_the_same_behind(where: str) -> None:
    kind: Any = type("Failing", (Noting,), {where: fail})
    left = []
    for init in (own_init, construction.initialise):
        handler: Any = kind.__new__(kind)
        with pytest.raises(KeyError):
            init(handler, WITH_METHODS, a_request())
        left.append(attributes(handler))
    assert left[0] == left[1]


def test_an_error_of_the_connection_leaves_the_same_behind() -> None:
    left = []
    for init in (own_init, construction.initialise):
        handler: Any = Noting.__new__(Noting)
        with pytest.raises(OSError, match="gone"):
            init(handler, PLAIN, a_request(connection=Refusing()))
        left.append(attributes(handler))
    assert left[0] == left[1]
    request = a_request()
    request.connection = None
    for init in (own_init, construction.initialise):
        with pytest.raises(AssertionError):
            made(init, Noting, PLAIN, request)


def test_what_initialize_does_not_take_is_refused() -> None:
    for init in (own_init, construction.initialise):
        with pytest.raises(TypeError, match="unexpected keyword argument 'a'"):
            made(init, RequestHandler, PLAIN, a_request(), a=1)


def test_tornado_s_own_is_called_where_that_is_to_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    request = a_request()
    monkeypatch.setattr(replaced, "aside", True)
    monkeypatch.setattr(construction, "own", lambda *args, **given: seen.append((args, given)))
    handler = made(construction.initialise, RequestHandler, PLAIN, request, a=1)
    assert seen == [((handler, PLAIN, request), {"a": 1})]
    assert vars(handler) == {}
