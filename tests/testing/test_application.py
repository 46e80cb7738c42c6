from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado import autoreload
from tornado.web import Application

from tornkit.errors import AppNotFound, AppRaised, NotAnApplication, TornkitError, UsageError
from tornkit.testing.application import make, new_loop, project_of, target_in
from tornkit.testing.loop_thread import LoopThread


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules are forgotten behind the test."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def configure(folder: Path, app: str) -> None:
    write(folder, "pyproject.toml", f'[tool.tornkit]\napp = "{app}"\n')


class TestProject:
    def test_is_the_nearest_with_a_table_of_tornkits(self, tmp_path: Path) -> None:
        configure(tmp_path, "app.py")
        configure(tmp_path / "one", "app.py")
        write(tmp_path, "two/pyproject.toml", "[project]\nname = 'two'\n")
        for test, project in (
            ("one/tests/test_x.py", tmp_path / "one"),
            ("two/tests/test_x.py", tmp_path),
            ("test_x.py", tmp_path),
        ):
            assert project_of(tmp_path / test, tmp_path) == project

    def test_is_not_above_the_root_folder(self, tmp_path: Path) -> None:
        configure(tmp_path, "app.py")
        root = tmp_path / "root"
        assert project_of(root / "tests" / "test_x.py", root) == root


class TestLoop:
    def test_is_asyncios_unless_the_project_says_otherwise(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert new_loop(tmp_path) is asyncio.new_event_loop
        write(tmp_path, "pyproject.toml", '[tool.tornkit.serve]\nloop = "uvloop"\n')
        assert new_loop(tmp_path) is pytest.importorskip("uvloop").new_event_loop
        monkeypatch.setitem(sys.modules, "uvloop", None)
        with pytest.raises(UsageError, match="pip install uvloop"):
            new_loop(tmp_path)


class TestTarget:
    def test_is_what_serve_finds(self, tmp_path: Path) -> None:
        write(tmp_path, "main.py", "def make_app(): ...\n")
        assert target_in(tmp_path).attribute == "make_app"
        write(tmp_path, "other.py", "def build(): ...\n")
        configure(tmp_path, "other.py:build")
        assert target_in(tmp_path).label.endswith("other.py:build")

    def test_of_a_program_is_the_application_in_its_file(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            "app.py",
            """
            from tornado.ioloop import IOLoop
            def make_app(): ...
            if __name__ == "__main__":
                make_app().listen(8888)
                IOLoop.current().start()
            """,
        )
        configure(tmp_path, "app.py")
        found = target_in(tmp_path)
        assert (found.is_program, found.attribute) == (False, "make_app")

    def test_of_a_program_without_one_says_what_to_do(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            "app.py",
            """
            import tornado.httpserver, tornado.ioloop, tornado.web
            tornado.httpserver.HTTPServer(tornado.web.Application([])).listen(8888)
            tornado.ioloop.IOLoop.current().start()
            """,
        )
        with pytest.raises(UsageError, match=r"is a program.*override the fixture tornkit_app"):
            target_in(tmp_path)

    def test_is_nowhere(self, tmp_path: Path) -> None:
        with pytest.raises(AppNotFound):
            target_in(tmp_path)


class TestMake:
    def test_the_projects_own_for_each_call(self, project: Path, loop: LoopThread) -> None:
        write(
            project,
            "made.py",
            """
            import asyncio, threading
            from tornado.web import Application
            imported_in = threading.current_thread().name
            def make_app():
                return Application([], loop=asyncio.get_running_loop(), at=imported_in)
            """,
        )
        configure(project, "made.py:make_app")
        first, second = make(loop, None, project), make(loop, None, project)
        assert first is not second
        assert isinstance(first, Application)
        assert first.settings["loop"] is loop.loop
        assert first.settings["at"] == "tornkit-test"

    def test_an_application_of_a_module_is_made_once(self, project: Path, loop: LoopThread) -> None:
        write(project, "held.py", "from tornado.web import Application\napp = Application([])\n")
        assert make(loop, "held.py", project) is make(loop, "held.py:app", project)

    def test_an_application_is_itself(self, tmp_path: Path, loop: LoopThread) -> None:
        app = Application([])
        assert make(loop, app, tmp_path) is app

    def test_functions_of_either_sort_make_one(self, tmp_path: Path, loop: LoopThread) -> None:
        async def asked_for() -> Application:
            await asyncio.sleep(0)
            return Application([], loop=asyncio.get_running_loop())

        def that_runs_a_loop() -> Application:
            return asyncio.run(asked_for())

        made = make(loop, asked_for, tmp_path)
        assert isinstance(made, Application)
        assert made.settings["loop"] is loop.loop
        assert isinstance(make(loop, that_runs_a_loop, tmp_path), Application)

    def test_anything_else_is_none(self, tmp_path: Path, loop: LoopThread) -> None:
        with pytest.raises(NotAnApplication, match="tornkit_app is an int"):
            make(loop, 3, tmp_path)
        with pytest.raises(NotAnApplication, match=r"returned None .*is a return missing"):
            make(loop, lambda: None, tmp_path)

    def test_an_error_has_the_users_frames(self, project: Path, loop: LoopThread) -> None:
        write(project, "broken.py", "def make_app():\n    return 1 / 0\n")
        with pytest.raises(AppRaised, match="ZeroDivisionError") as raised:
            make(loop, "broken.py", project)
        assert "broken.py" in raised.value.traceback
        assert "loop_thread.py" not in raised.value.traceback
        write(project, "unreadable.py", "def make_app(:\n")
        with pytest.raises(TornkitError, match="SyntaxError"):
            make(loop, "unreadable.py:make_app", project)

    def test_debug_begins_no_run_anew(
        self, tmp_path: Path, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[int] = []

        def start(check_time: int = 500) -> None:
            started.append(check_time)

        monkeypatch.setattr(autoreload, "start", start)
        made = make(loop, lambda: Application([], debug=True), tmp_path)
        assert isinstance(made, Application)
        assert made.settings["debug"] is True
        assert not started
        assert autoreload.start is start
