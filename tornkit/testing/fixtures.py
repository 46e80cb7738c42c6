"""Fixtures for tests of Tornado applications; `tornkit.pytest_plugin` registers them.

    tornkit_loop ─▶ tornkit_app ─▶ tornkit_server ─▶ tornkit_visitor ─▶ client, aclient, sign_in

All are plain functions with the scope of one test, so they work below any plugin that runs
coroutines, and in `unittest.TestCase`. Each imports what it needs when a test first uses it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tornkit.testing.async_client import AsyncClient
    from tornkit.testing.client import Client
    from tornkit.testing.live import LiveServers
    from tornkit.testing.loop_thread import LoopThread
    from tornkit.testing.reached import ReachedRoutes
    from tornkit.testing.recording import Record
    from tornkit.testing.server import ThreadServer
    from tornkit.testing.visitor import Visitor

ROUTES_PLUGIN = "tornkit-routes"
"""Name of the plugin that is there with ``--tornkit-routes``; it has `ReachedRoutes`."""


@pytest.fixture
def tornkit_loop(tornkit_project: Path) -> Iterator[LoopThread]:
    """Loop of the application under test, in a thread of its own.

    ``tornkit_loop.run(function, *arguments)`` calls a function there, or awaits a coroutine
    function: for an application that a test makes, and for what it is to do at its end. Messages
    that `tornkit.bus` has kept are forgotten with it.
    """
    from tornkit.testing.application import new_loop
    from tornkit.testing.loop_thread import LoopThread

    loop = LoopThread(told(new_loop, tornkit_project))
    yield loop
    loop.close()
    if "tornkit.bus.home" in sys.modules:
        from tornkit.bus.home import home

        home.forget()


@pytest.fixture
def tornkit_project(request: pytest.FixtureRequest) -> Path:
    """Folder of the project, whose pyproject.toml has ``[tool.tornkit]``."""
    from tornkit.testing.application import project_of

    project: Path = told(project_of, request.path, request.config.rootpath)
    return project


@pytest.fixture
def tornkit_app(tornkit_loop: LoopThread, tornkit_project: Path) -> Any:
    """The application of the project: what ``[tool.tornkit] app`` names, or `tornkit serve` finds.

    A function that makes it is called for each test. An application that its module holds is made
    once, when the module is imported, and is the same in all tests.

    To be overridden by a fixture that returns an application, a function that makes one (also a
    coroutine function), or words as APP of `tornkit serve`.
    """
    from tornkit.testing.application import make

    return told(make, tornkit_loop, None, tornkit_project)


@pytest.fixture
def tornkit_server(
    request: pytest.FixtureRequest,
    tornkit_loop: LoopThread,
    tornkit_app: object,
    tornkit_project: Path,
) -> Iterator[ThreadServer]:
    """Server of `tornkit_app`, on a free port of 127.0.0.1."""
    from tornkit.testing.application import make
    from tornkit.testing.handler_errors import errors_shown
    from tornkit.testing.server import ThreadServer
    from tornkit.testing.settings import serving_settings

    application = told(make, tornkit_loop, tornkit_app, tornkit_project)
    settings = told(serving_settings, tornkit_project)
    reached = _reached(request)
    record: Record | None = None if reached is None else set()

    def add_section(text: str) -> None:
        request.node.add_report_section("call", "errors of handlers", text)

    with errors_shown(add_section):
        server = ThreadServer(tornkit_loop, application, settings, record)
        yield server
        server.close()
    if reached is not None and record is not None:
        reached.add(application, record)


@pytest.fixture
def tornkit_visitor(tornkit_server: ThreadServer) -> Visitor:
    """Cookies that `client` and `aclient` of a test have in common."""
    from tornkit.testing.visitor import Visitor

    return Visitor(tornkit_server.host, lambda: tornkit_server.application)


@pytest.fixture
def client(tornkit_visitor: Visitor, tornkit_loop: LoopThread) -> Iterator[Client]:
    """Client of `tornkit_app`, as a browser: `tornkit.testing.Client`."""
    needs_httpx()
    from tornkit.testing.client import Client

    with Client(tornkit_visitor, lambda: tornkit_loop) as client:
        yield client


@pytest.fixture
def aclient(tornkit_visitor: Visitor, tornkit_loop: LoopThread) -> AsyncClient:
    """Client of `tornkit_app` whose methods are awaited: `tornkit.testing.AsyncClient`."""
    needs_httpx()
    from tornkit.testing.async_client import AsyncClient

    return AsyncClient(tornkit_visitor, lambda: tornkit_loop)


@pytest.fixture
def sign_in(tornkit_visitor: Visitor) -> Callable[..., None]:
    """Function that signs `client` and `aclient` in: ``sign_in(value, cookie="user")``.

    It gives them a signed cookie, as ``set_signed_cookie`` would. To be overridden by projects that
    sign in otherwise.
    """
    return tornkit_visitor.sign_in


@pytest.fixture
def live_server(request: pytest.FixtureRequest, tornkit_project: Path) -> Iterator[LiveServers]:
    """Servers in processes of their own: `tornkit.testing.LiveServers`.

    ``live_server.url`` and ``live_server.client()`` are of the usual one: the project's application
    by ``tornkit serve --no-reload --workers 2``. ``live_server(workers=3, env=...)`` starts others.
    """
    needs_httpx()
    from tornkit.testing.live import LiveServers

    def application() -> Any:
        from tornkit.testing.application import make

        found = request.getfixturevalue("tornkit_app")
        return told(make, request.getfixturevalue("tornkit_loop"), found, tornkit_project)

    reached = _reached(request)
    record: Record | None = None if reached is None else set()
    known = application() if reached is not None else None
    servers = LiveServers(
        tornkit_project, lambda: request.getfixturevalue("tornkit_loop"), application, record
    )
    yield servers
    if said := servers.close():
        request.node.add_report_section("teardown", "tornkit serve", said)
    if reached is not None and record is not None:
        reached.add(known, record)


@pytest.fixture
def assert_routes_ok(request: pytest.FixtureRequest, tornkit_project: Path) -> Callable[..., None]:
    """Function that fails with what ``tornkit routes --check`` finds, in `tornkit_app` or ``app``.

    ``assert_routes_ok(app=None, ignore=())``; ``ignore`` holds beginnings of codes, as ``TK5``.
    """

    def assert_routes_ok(app: object = None, ignore: Sequence[str] = ()) -> None:
        from tornkit.testing.application import make
        from tornkit.testing.route_check import assert_routes

        __tracebackhide__ = True
        found = request.getfixturevalue("tornkit_app") if app is None else app
        application = told(make, request.getfixturevalue("tornkit_loop"), found, tornkit_project)
        tests = {item.path for item in request.session.items}
        told(assert_routes, application, tornkit_project, tests, ignore)

    return assert_routes_ok


def _reached(request: pytest.FixtureRequest) -> ReachedRoutes | None:
    """The routes that tests have reached so far; None without ``--tornkit-routes``."""
    plugin: Any = request.config.pluginmanager.get_plugin(ROUTES_PLUGIN)
    reached: ReachedRoutes | None = getattr(plugin, "reached", None)
    return reached


def told(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function and return its value; a TornkitError fails the test, as one line."""
    __tracebackhide__ = True
    from tornkit.errors import AppRaised, TornkitError

    try:
        return function(*arguments)
    except TornkitError as error:
        trace = f"\n\n{error.traceback}" if isinstance(error, AppRaised) else ""
        message = f"{error}{trace}"
    pytest.fail(message, pytrace=False)


def needs_httpx() -> None:
    """Fail the test where the client's library is not installed."""
    try:
        import httpx2  # noqa: F401
    except ModuleNotFoundError as error:
        message = f"this fixture needs {error.name}: pip install 'tornkit[testing]'"
    else:
        return
    pytest.fail(message, pytrace=False)
