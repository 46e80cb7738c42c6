"""From a `Target` to an application, and the four ways in which that fails."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tornado.ioloop import PeriodicCallback
from tornado.web import Application

from tornkit.appload import locate
from tornkit.appload.inspection import load_for_inspection
from tornkit.errors import AppRaised, NoSuchAttribute, NoSuchModule, NotAnApplication

Write = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("clean_process")

IMPORT = "from tornado.web import Application\n"
MACHINERY = ("/tornkit/", "importlib", "asyncio", "runpy", "<string>")


def load(app: str | None) -> object:
    """The one application, of what a person would write."""
    loaded = load_for_inspection(locate(app))
    (application,) = loaded.applications
    return application


def frames(trace: str) -> list[str]:
    """``['File "/x/app.py", line 3, in make_app', ...]``."""
    return [line.strip() for line in trace.splitlines() if line.startswith("  File ")]


def raised(app: str) -> AppRaised:
    with pytest.raises(AppRaised) as caught:
        load(app)
    error = caught.value
    assert "\n" not in str(error)
    assert error.traceback.endswith("\n")
    assert error.__cause__ is None
    assert error.__suppress_context__
    for frame in frames(error.traceback):
        assert not any(part in frame for part in MACHINERY), frame
    return error


class TestLoads:
    @pytest.mark.parametrize(
        "text",
        [
            "app = Application()",
            "def app(): return Application()",
            "async def app(): return Application()",
            "def app(debug=False, *more, **options): return Application(debug=debug)",
            "class app(Application): pass",
            "import functools\napp = functools.partial(Application, debug=True)",
            "class Maker:\n    def __call__(self): return Application()\napp = Maker()",
            "class Maker:\n    async def __call__(self): return Application()\napp = Maker()",
        ],
    )
    def test_application_or_factory(self, write: Write, text: str) -> None:
        write("web.py", IMPORT + text)
        assert isinstance(load("web:app"), Application)

    def test_any_connection_delegate(self, write: Write) -> None:
        write(
            "web.py",
            """
            from tornado.httputil import HTTPServerConnectionDelegate
            class Raw(HTTPServerConnectionDelegate):
                def __call__(self): raise AssertionError("it is served, not called")
            app = Raw()
            """,
        )
        assert type(load("web.py")).__name__ == "Raw"

    def test_router(self, write: Write) -> None:
        write("web.py", "from tornado.routing import RuleRouter\napp = RuleRouter([])")
        assert type(load("web.py")).__name__ == "RuleRouter"

    def test_attribute_with_dots(self, write: Write) -> None:
        write("web.py", IMPORT + "class Site:\n    class inner:\n        app = Application()\n")
        assert isinstance(load("web.py:Site.inner.app"), Application)

    def test_factory_runs_in_the_loop_and_the_module_finds_it(self, write: Write) -> None:
        write(
            "web.py",
            IMPORT
            + """
import asyncio
from tornado.ioloop import IOLoop
at_import = asyncio.get_event_loop()
def make_app():
    assert IOLoop.current().asyncio_loop is asyncio.get_running_loop() is at_import
    return Application()
""",
        )
        assert isinstance(load("web.py"), Application)

    def test_loop_is_gone_afterwards(self, write: Write) -> None:
        write("web.py", IMPORT + "app = Application()")
        load("web.py")
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()

    def test_package_with_relative_imports(self, write: Write) -> None:
        write("src/board/__init__.py")
        write("src/board/core.py", IMPORT + "made = Application()")
        write("src/board/web/__init__.py")
        write("src/board/web/app.py", "from ..core import made as app")
        assert isinstance(load("src/board/web/app.py"), Application)
        assert sys.modules["board.web.app"].__package__ == "board.web"

    def test_beside_its_helpers(self, write: Write) -> None:
        write("site/helper_of_web.py", IMPORT + "made = Application()")
        write("site/web.py", "from helper_of_web import made as app")
        assert isinstance(load("site/web.py"), Application)

    def test_folder(self, write: Write) -> None:
        write("site/app.py", IMPORT + "def make_app(): return Application()\n")
        assert isinstance(load("site"), Application)

    def test_both_is_an_application_when_it_is_found_in_a_folder(self, write: Write) -> None:
        write(
            "app.py",
            IMPORT
            + """
def make_app(): return Application(made=True)
if __name__ == "__main__":
    raise AssertionError("this was run as a program")
""",
        )
        for words in (None, ".", "app.py:make_app", "app:make_app"):
            application = load(words)
            assert isinstance(application, Application)
            assert application.settings["made"]

    def test_file_name_that_is_no_identifier(self, write: Write) -> None:
        write("my-app.v2.py", IMPORT + "app = Application()")
        assert isinstance(load("my-app.v2.py"), Application)

    def test_usual_names_of_a_module(self, write: Write) -> None:
        """As for a file: what can't be served without arguments is not what is meant."""
        write("web.py", IMPORT + "def make_app(db): return Application(db=db)\napp = make_app(7)\n")
        for words in ("web", "web.py"):
            application = load(words)
            assert isinstance(application, Application)
            assert application.settings["db"] == 7

    def test_usual_name_that_came_by_star_import(self, write: Write) -> None:
        write("core_of_web.py", IMPORT + "application = Application()")
        write("web.py", "from core_of_web import *")
        assert isinstance(load("web.py"), Application)

    def test_does_not_start_tornados_autoreload(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[PeriodicCallback] = []
        monkeypatch.setattr(PeriodicCallback, "start", started.append)
        write("web.py", IMPORT + "def make_app(): return Application(debug=True)")
        load("web.py")
        assert started == []

    def test_label(self, write: Write) -> None:
        write("web.py", IMPORT + "app = Application()")
        assert load_for_inspection(locate("web.py")).label == "web.py:app"


class TestNoSuchModule:
    @pytest.mark.parametrize("words", ["nosuch_board", "nosuch_board.web:app"])
    def test_missing(self, here: Path, words: str) -> None:
        with pytest.raises(NoSuchModule) as caught:
            load(words)
        module = words.partition(":")[0]
        expected = f"there is no module {module} (looked in {here} and the environment's packages)"
        assert str(caught.value) == expected

    def test_missing_in_a_package(self, write: Write) -> None:
        write("board_a/__init__.py")
        with pytest.raises(NoSuchModule, match=r"there is no module board_a\.web "):
            load("board_a.web:app")

    def test_below_a_module_that_is_no_package(self, write: Write) -> None:
        write("web.py", IMPORT + "app = Application()")
        with pytest.raises(NoSuchModule, match=r"there is no module web\.app "):
            load("web.app:app")

    def test_hides_a_standard_module(self, write: Write) -> None:
        """Which is loaded already, so that the file would never be."""
        path = write("json.py", IMPORT + "app = Application()")
        with pytest.raises(NoSuchModule) as caught:
            load("json.py")
        message = str(caught.value)
        assert message.startswith(f"{path} can't be imported as json: that name belongs to ")
        assert message.endswith("; rename the file")

    def test_import_error_inside_is_another_thing(self, write: Write) -> None:
        write("web.py", "import nosuch_library\n")
        error = raised("web:app")
        assert str(error) == (
            "importing web failed: ModuleNotFoundError: No module named 'nosuch_library'; "
            f"is it installed for this Python, {sys.executable}?"
        )

    @pytest.mark.parametrize("missing", ["board_b.core", "board_b.web.core", "board_b.we"])
    def test_so_is_one_of_a_neighbour(self, write: Write, missing: str) -> None:
        """Even where the missing name begins with the module's own."""
        write("board_b/__init__.py")
        write("board_b/web.py", f"import {missing}\n")
        assert "ModuleNotFoundError" in str(raised("board_b.web:app"))

    def test_and_one_of_the_package_around_it(self, write: Write, here: Path) -> None:
        write("board_c/__init__.py", "import nosuch_library\n")
        write("board_c/web.py", IMPORT + "app = Application()")
        error = raised("board_c.web:app")
        assert frames(error.traceback) == [
            f'File "{here}/board_c/__init__.py", line 1, in <module>'
        ]


class TestNoSuchAttribute:
    def test_says_what_there_is(self, write: Write) -> None:
        write("web.py", IMPORT + "app = Application()\ndef create_app(): ...\n")
        with pytest.raises(NoSuchAttribute) as caught:
            load("web:make_app")
        assert str(caught.value) == "web has no attribute make_app; it has create_app, app"

    def test_nothing_to_offer(self, write: Write) -> None:
        write("web.py", "x = 1")
        with pytest.raises(NoSuchAttribute, match=r"^web has no attribute make_app$"):
            load("web:make_app")

    def test_behind_a_dot(self, write: Write) -> None:
        write("web.py", "class Site: pass\n")
        with pytest.raises(NoSuchAttribute, match=r"^web has no attribute Site\.app$"):
            load("web.py:Site.app")

    @pytest.mark.parametrize("words", ["web", "web.py"])
    def test_none_of_the_usual(self, write: Write, words: str) -> None:
        write("web.py", "site = 1")
        with pytest.raises(NoSuchAttribute) as caught:
            load(words)
        assert str(caught.value) == (
            f"{words} has none of make_app, create_app, get_app, app, application; say which "
            f"attribute is the application: {words}:NAME"
        )

    def test_attribute_that_raises_is_the_users(self, write: Write, here: Path) -> None:
        write("web.py", "def __getattr__(name):\n    raise LookupError(name)\n")
        error = raised("web.py:site")
        assert str(error) == "looking up web.py:site failed: LookupError: site"
        assert frames(error.traceback) == [f'File "{here}/web.py", line 2, in __getattr__']


class TestNotAnApplication:
    @pytest.mark.parametrize(
        ("value", "described"),
        [
            ("None", "None"),
            ("1", "an int"),
            ("'x'", "a str"),
            ("[]", "a list"),
            ("{}", "a dict"),
            ("__import__('json')", "a module"),
        ],
    )
    def test_value(self, write: Write, value: str, described: str) -> None:
        write("web.py", f"site = {value}")
        with pytest.raises(NotAnApplication) as caught:
            load("web:site")
        assert str(caught.value).startswith(f"web:site is {described}, not an Application")

    @pytest.mark.parametrize(
        ("body", "described"),
        [
            ("def make_app(): pass", "None (is a return missing?)"),
            ("async def make_app(): return 1", "an int"),
            ("def make_app(): return Application", "a type"),
            ("class make_app: pass", "a make_app"),
            ("def make_app():\n    yield 1", "a generator"),
        ],
    )
    def test_returned(self, write: Write, body: str, described: str) -> None:
        write("web.py", IMPORT + body)
        with pytest.raises(NotAnApplication) as caught:
            load("web.py")
        assert str(caught.value).startswith(f"web.py:make_app returned {described}, and Tornado")

    @pytest.mark.parametrize(
        "body",
        [
            "def make_app(db): raise AssertionError('called')",
            "async def make_app(*, db): raise AssertionError('called')",
            "class make_app(Application):\n    def __init__(self, db): raise AssertionError",
        ],
    )
    def test_needs_arguments(self, write: Write, body: str) -> None:
        write("web.py", IMPORT + body)
        with pytest.raises(NotAnApplication) as caught:
            load("web:make_app")
        assert "can't be called without arguments" in str(caught.value)
        assert "'db'" in str(caught.value)

    def test_type_error_inside_a_factory_is_the_users(self, write: Write, here: Path) -> None:
        write("web.py", "def make_app():\n    return len()\n")
        error = raised("web.py")
        assert "TypeError" in str(error)
        assert frames(error.traceback) == [f'File "{here}/web.py", line 2, in make_app']

    def test_only_one_that_needs_arguments(self, write: Write) -> None:
        """Better than to say that there is none."""
        write("web.py", "def make_app(db): ...\n")
        with pytest.raises(NotAnApplication, match="without arguments"):
            load("web")


class TestRaised:
    def test_at_import(self, write: Write, here: Path) -> None:
        write("helper_of_raise.py", "def fail():\n    raise ValueError('two\\nlines')\nfail()\n")
        write("web.py", "import helper_of_raise\n")
        error = raised("web.py:app")
        assert str(error) == "importing web failed: ValueError: two"
        assert error.traceback.startswith("Traceback (most recent call last):\n")
        assert frames(error.traceback) == [
            f'File "{here}/web.py", line 1, in <module>',
            f'File "{here}/helper_of_raise.py", line 3, in <module>',
            f'File "{here}/helper_of_raise.py", line 2, in fail',
        ]
        assert error.traceback.endswith("ValueError: two\nlines\n")

    @pytest.mark.parametrize("define", ["def", "async def"])
    def test_in_the_factory(self, write: Write, here: Path, define: str) -> None:
        write("web.py", f"{define} make_app():\n    return 1 / 0\n")
        error = raised("web.py")
        assert str(error) == "calling web.py:make_app failed: ZeroDivisionError: division by zero"
        assert frames(error.traceback) == [f'File "{here}/web.py", line 2, in make_app']

    def test_in_a_file_whose_name_is_no_identifier(self, write: Write, here: Path) -> None:
        write("my-app.py", "raise ValueError(1)\n")
        error = raised("my-app.py:app")
        assert frames(error.traceback) == [f'File "{here}/my-app.py", line 1, in <module>']

    def test_cause_is_shown_and_cut_as_well(self, write: Write, here: Path) -> None:
        write(
            "web.py",
            """\
            try:
                import nosuch_library
            except ImportError as error:
                raise RuntimeError("install it") from error
            """,
        )
        error = raised("web:app")
        assert "No module named 'nosuch_library'" in error.traceback
        assert "direct cause" in error.traceback
        assert frames(error.traceback) == [
            f'File "{here}/web.py", line 2, in <module>',
            f'File "{here}/web.py", line 4, in <module>',
        ]

    @pytest.mark.parametrize(
        ("argument", "shown"), [("", "None"), ("3", "3"), ("'no database'", "'no database'")]
    )
    @pytest.mark.parametrize("place", ["import", "factory", "async"])
    def test_sys_exit(
        self, write: Write, here: Path, place: str, argument: str, shown: str
    ) -> None:
        leave = f"sys.exit({argument})"
        body = {
            "import": leave,
            "factory": f"def make_app(): {leave}",
            "async": f"async def make_app(): {leave}",
        }[place]
        write("web.py", f"import sys\n{body}\n")
        doing = "importing web" if place == "import" else "calling web.py:make_app"
        error = raised("web.py:make_app")
        assert str(error) == f"{doing} failed: it called sys.exit({shown})"
        assert frames(error.traceback)[0].startswith(f'File "{here}/web.py", line 2')

    def test_syntax_error(self, write: Write, here: Path) -> None:
        write("web.py", "def make_app(:\n    pass\n")
        error = raised("web.py:make_app")
        assert str(error).startswith("importing web failed: SyntaxError: ")
        # The one place is the error's own, not that of a frame: nothing ran.
        assert f'  File "{here}/web.py", line 1\n    def make_app(:' in error.traceback
        assert len(frames(error.traceback)) == 1

    def test_syntax_error_in_what_it_imports(self, write: Write, here: Path) -> None:
        write("broken_helper.py", "x = = 1\n")
        write("web.py", "import broken_helper\n")
        error = raised("web:app")
        assert frames(error.traceback)[0] == f'File "{here}/web.py", line 1, in <module>'
        assert f'File "{here}/broken_helper.py", line 1' in error.traceback

    def test_ctrl_c_goes_through(self, write: Write) -> None:
        write("web.py", "raise KeyboardInterrupt\n")
        with pytest.raises(KeyboardInterrupt):
            load("web:app")
