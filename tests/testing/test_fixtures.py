"""The fixtures, called by hand: what each makes of what a project has, and does at its end.

As projects have them, in runs of pytest of their own: `tests.test_pytest_plugin`.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import Application

from tests.testing.applications import make_app
from tornkit.bus.home import home
from tornkit.errors import AppRaised, UsageError
from tornkit.testing import fixtures, live, loop_thread, route_check, server
from tornkit.testing.async_client import AsyncClient
from tornkit.testing.client import Client
from tornkit.testing.loop_thread import LoopThread
from tornkit.testing.recording import Record, SeenRequest
from tornkit.testing.visitor import Visitor

Failed = pytest.fail.Exception
SEEN = SeenRequest("GET", "here", "/?")


def called(fixture: Any, *arguments: Any) -> Any:
    """Call the function of a fixture."""
    return inspect.unwrap(fixture)(*arguments)


@contextmanager
def entered(fixture: Any, *arguments: Any) -> Iterator[Any]:
    """Context of a fixture that does something at its end."""
    made = called(fixture, *arguments)
    yield next(made)
    assert next(made, None) is None


class ReachedByTests:
    """In the place of ``--tornkit-routes``: what it was told."""

    def __init__(self) -> None:
        self.added: list[tuple[object, Record]] = []

    def add(self, application: object, record: Record) -> None:
        self.added.append((application, set(record)))


class RequestByHand:
    """In the place of pytest's request: fixtures, sections of the report, and a plugin."""

    def __init__(self, reached: ReachedByTests | None = None, **found: object) -> None:
        self.found = found
        self.asked: list[str] = []
        self.sections: list[tuple[str, ...]] = []
        self.node = SimpleNamespace(add_report_section=lambda *words: self.sections.append(words))
        self.session = SimpleNamespace(items=[SimpleNamespace(path=Path("test_x.py"))] * 2)
        plugins = {} if reached is None else {"tornkit-routes": SimpleNamespace(reached=reached)}
        self.config = SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=plugins.get))

    def getfixturevalue(self, name: str) -> object:
        self.asked.append(name)
        return self.found[name]


class TestTold:
    def test_a_value_is_given(self) -> None:
        assert fixtures.told(max, 1, 2) == 2

    def test_an_error_of_tornkits_is_one_line(self) -> None:
        def fail(word: str) -> None:
            raise UsageError(f"{word} is missing")

        with pytest.raises(Failed) as raised:
            fixtures.told(fail, "app")
        assert raised.value.msg == "app is missing"
        assert raised.value.pytrace is False
        assert raised.value.__context__ is None, "whose frames pytest would show as well"

    def test_an_error_of_the_users_has_their_frames(self) -> None:
        def fail() -> None:
            raise AppRaised("calling make_app failed", "Traceback: app.py, line 1")

        with pytest.raises(Failed) as raised:
            fixtures.told(fail)
        assert raised.value.msg == "calling make_app failed\n\nTraceback: app.py, line 1"

    def test_any_other_error_is_raised(self) -> None:
        with pytest.raises(ZeroDivisionError):
            fixtures.told(divmod, 1, 0)


class TestWithoutHttpx:
    def test_it_is_there(self) -> None:
        fixtures.needs_httpx()

    @pytest.mark.parametrize(
        "fixture",
        [fixtures.client, fixtures.aclient, fixtures.live_server],
        ids=["client", "aclient", "live_server"],
    )
    def test_what_makes_clients_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, fixture: Any
    ) -> None:
        monkeypatch.setitem(sys.modules, "httpx2", None)
        with pytest.raises(Failed) as raised:
            next(called(fixture, None, None))
        assert raised.value.msg == "this fixture needs httpx2: pip install 'tornkit[testing]'"
        assert raised.value.pytrace is False
        assert raised.value.__context__ is None


class TestLoopFixture:
    @pytest.fixture
    def forgotten(self, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
        """Whether each time the loop was closed before."""
        found: list[bool] = []
        monkeypatch.setattr(home, "forget", lambda: found.append(True))
        return found

    def test_runs_until_the_test_ends(self, tmp_path: Path) -> None:
        with entered(fixtures.tornkit_loop, tmp_path) as loop:
            assert isinstance(loop, LoopThread)
            assert loop.loop.is_running()
        assert loop.loop.is_closed()

    def test_the_bus_is_forgotten_with_it(self, tmp_path: Path, forgotten: list[bool]) -> None:
        with entered(fixtures.tornkit_loop, tmp_path):
            assert forgotten == []
        assert forgotten == [True]

    def test_a_bus_that_nobody_uses_is_not_loaded(
        self, tmp_path: Path, forgotten: list[bool], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delitem(sys.modules, "tornkit.bus.home")
        with entered(fixtures.tornkit_loop, tmp_path):
            pass
        assert "tornkit.bus.home" not in sys.modules
        assert forgotten == []

    def test_a_setting_that_can_not_be_used_is_one_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "pyproject.toml").write_text('[tool.tornkit.serve]\nloop = "uvloop"\n')
        monkeypatch.setitem(sys.modules, "uvloop", None)
        monkeypatch.setattr(loop_thread, "LoopThread", lambda new: pytest.fail("it was made"))
        with pytest.raises(Failed, match="pip install uvloop"):
            next(called(fixtures.tornkit_loop, tmp_path))


def test_a_project_is_that_of_the_test(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "pyproject.toml").write_text('[tool.tornkit]\napp = "x"\n')
    config = SimpleNamespace(rootpath=tmp_path)
    for test, project in (("inner/test_x.py", tmp_path / "inner"), ("test_x.py", tmp_path)):
        request = SimpleNamespace(path=tmp_path / test, config=config)
        assert called(fixtures.tornkit_project, request) == project


def test_an_application_is_the_projects(tmp_path: Path, loop: LoopThread) -> None:
    with pytest.raises(Failed) as raised:
        called(fixtures.tornkit_app, loop, tmp_path)
    assert raised.value.pytrace is False
    (tmp_path / "pyproject.toml").write_text(
        '[tool.tornkit]\napp = "tests.testing.applications:make_app"\n'
    )
    assert isinstance(called(fixtures.tornkit_app, loop, tmp_path), Application)


class ServerByHand:
    """In the place of a server: one request comes at its end."""

    def __init__(
        self, loop: object, application: object, settings: object, record: Record | None
    ) -> None:
        self.host, self.application = "127.0.0.1:1", application
        self.record, self.is_closed = record, False

    def close(self) -> None:
        self.is_closed = True
        if self.record is not None:
            self.record.add(SEEN)


class TestServerFixture:
    @pytest.fixture(autouse=True)
    def _by_hand(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "ThreadServer", ServerByHand)

    def test_has_what_the_fixture_tornkit_app_makes(self, tmp_path: Path, loop: LoopThread) -> None:
        request = RequestByHand()
        with entered(fixtures.tornkit_server, request, loop, make_app, tmp_path) as made:
            assert isinstance(made.application, Application)
            assert (made.record, made.is_closed) == (None, False)
            visitor = called(fixtures.tornkit_visitor, made)
            assert (visitor.address, visitor.application) == (made.host, made.application)
            assert called(fixtures.sign_in, visitor) == visitor.sign_in
        assert made.is_closed

    def test_says_what_can_not_be_one(self, tmp_path: Path, loop: LoopThread) -> None:
        with pytest.raises(Failed, match="tornkit_app is an int"):
            next(called(fixtures.tornkit_server, RequestByHand(), loop, 3, tmp_path))

    def test_routes_that_were_reached_are_told_at_its_end(
        self, tmp_path: Path, loop: LoopThread
    ) -> None:
        reached = ReachedByTests()
        request = RequestByHand(reached)
        with entered(fixtures.tornkit_server, request, loop, make_app, tmp_path) as made:
            assert reached.added == []
        assert reached.added == [(made.application, {SEEN})]

    def test_errors_that_pytest_misses_are_a_section(
        self, tmp_path: Path, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = logging.getLogger("tornado.application")
        monkeypatch.setattr(log, "propagate", False)
        monkeypatch.setattr(log, "handlers", [logging.NullHandler()])
        request = RequestByHand()
        with entered(fixtures.tornkit_server, request, loop, make_app, tmp_path):
            log.error("it failed", exc_info=ValueError("a mistake"))
        log.error("too late", exc_info=ValueError("a mistake"))
        ((when, title, text),) = request.sections
        assert (when, title) == ("call", "errors of handlers")
        assert "a mistake" in text


def test_clients_are_the_same_visitor(loop: LoopThread) -> None:
    visitor = Visitor("127.0.0.1:1")
    with entered(fixtures.client, visitor, loop) as client:
        aclient = called(fixtures.aclient, visitor, loop)
        assert (type(client), type(aclient)) == (Client, AsyncClient)
        client.cookies.set("a", "1")
        assert dict(aclient.cookies) == {"a": "1"}
    with pytest.raises(RuntimeError, match="closed"):
        client.get("/")


class LiveServersByHand:
    """In the place of servers in processes of their own."""

    says = ""

    def __init__(self, project: Path, loop: Any, application: Any, record: Record | None) -> None:
        self.loop, self.application, self.record = loop, application, record
        self.is_closed = False

    def close(self) -> str:
        self.is_closed = True
        if self.record is not None:
            self.record.add(SEEN)
        return self.says


class TestLiveServer:
    @pytest.fixture(autouse=True)
    def _by_hand(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live, "LiveServers", LiveServersByHand)

    def test_needs_no_application_of_this_process(self, tmp_path: Path, loop: LoopThread) -> None:
        """Only a test that asks for it has one made."""
        request = RequestByHand(tornkit_app=make_app, tornkit_loop=loop)
        with entered(fixtures.live_server, request, tmp_path) as servers:
            assert (request.asked, servers.record) == ([], None)
            assert isinstance(servers.application(), Application)
            assert servers.loop() is loop
        assert servers.is_closed

    @pytest.mark.parametrize("says", ["", "12:00:00 200 GET /\n"])
    def test_what_it_has_printed_is_a_section(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
    ) -> None:
        monkeypatch.setattr(LiveServersByHand, "says", says)
        request = RequestByHand()
        with entered(fixtures.live_server, request, tmp_path):
            pass
        assert request.sections == ([("teardown", "tornkit serve", says)] if says else [])

    def test_routes_that_were_reached_are_those_of_an_application(
        self, tmp_path: Path, loop: LoopThread
    ) -> None:
        reached = ReachedByTests()
        application = Application([])
        request = RequestByHand(reached, tornkit_app=application, tornkit_loop=loop)
        with entered(fixtures.live_server, request, tmp_path):
            assert reached.added == []
        assert reached.added == [(application, {SEEN})]


class TestRoutesOk:
    @pytest.fixture
    def judged(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
        """What was judged."""
        found: list[tuple[object, ...]] = []
        monkeypatch.setattr(route_check, "assert_routes", lambda *each: found.append(each))
        return found

    def test_of_the_application(
        self, tmp_path: Path, loop: LoopThread, judged: list[tuple[object, ...]]
    ) -> None:
        application = Application([])
        request = RequestByHand(tornkit_app=application, tornkit_loop=loop)
        called(fixtures.assert_routes_ok, request, tmp_path)()
        assert judged == [(application, tmp_path, {Path("test_x.py")}, ())]

    def test_of_another_and_with_codes(
        self, tmp_path: Path, loop: LoopThread, judged: list[tuple[object, ...]]
    ) -> None:
        application = Application([])
        request = RequestByHand(tornkit_loop=loop)
        called(fixtures.assert_routes_ok, request, tmp_path)(application, ignore=["TK5"])
        assert [each[0] for each in judged] == [application]
        assert judged[0][3] == ["TK5"]
        assert "tornkit_app" not in request.asked

    def test_findings_are_the_assertion_and_mistakes_one_line(
        self, tmp_path: Path, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = RequestByHand(tornkit_app=Application([]), tornkit_loop=loop)
        check = called(fixtures.assert_routes_ok, request, tmp_path)
        for error, expected in (
            (AssertionError("found"), AssertionError),
            (UsageError("no"), Failed),
        ):

            def judge(*arguments: object, error: Exception = error) -> None:
                raise error

            monkeypatch.setattr(route_check, "assert_routes", judge)
            with pytest.raises(expected, match=str(error)):
                check()
