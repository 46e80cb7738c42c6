"""The pytest plugin as projects have it: runs of pytest of their own, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
# Each starts a pytest, some of them with processes of its own.
pytestmark = pytest.mark.timeout(180)

APP = """
import asyncio
import json

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler


class Home(RequestHandler):
    def get(self):
        user = self.get_signed_cookie("user")
        self.set_header("X-Engine", type(self.request.connection).__module__)
        self.write(f"hello {user.decode() if user else 'stranger'}")

    def post(self):
        self.write({"got": json.loads(self.request.body)})


class Oops(RequestHandler):
    def get(self):
        self.where_it_goes_wrong()

    def where_it_goes_wrong(self):
        raise ZeroDivisionError("a mistake of mine")


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


async def forever():
    await asyncio.Event().wait()


def make_app(**settings):
    application = Application(
        [("/", Home), ("/oops", Oops), ("/echo", Echo)],
        cookie_secret="a secret of at least thirty-two characters",
        xsrf_cookies=True,
        debug=True,
        **settings,
    )
    application.task = asyncio.get_running_loop().create_task(forever())
    return application
"""
PYPROJECT = """
[tool.tornkit]
app = "app.py:make_app"

[tool.pytest.ini_options]
filterwarnings = ["error"]
"""
PLAIN = """
def test_page(client):
    response = client.get("/")
    assert response.text == "hello stranger"
    assert response.headers["X-Engine"] == "tornkit.engine.exchange"

def test_form(client):
    assert client.post("/", json=[1]).json() == {"got": [1]}

def test_sign_in(client, sign_in):
    sign_in("alice")
    assert client.get("/").text == "hello alice"

def test_websocket(client):
    with client.websocket("/echo") as ws:
        ws.send("hello")
        assert ws.receive() == "hello"

def test_application(tornkit_app, client):
    assert client.application is tornkit_app
    assert tornkit_app.settings["debug"] is True

def test_routes(assert_routes_ok):
    assert_routes_ok()
"""
AWAITED = """
async def test_page(aclient):
    assert (await aclient.get("/")).text == "hello stranger"

async def test_form(aclient, sign_in):
    sign_in("alice")
    assert (await aclient.post("/", json=[1])).json() == {"got": [1]}
    assert (await aclient.get("/")).text == "hello alice"

async def test_websocket(aclient):
    async with aclient.websocket("/echo") as ws:
        await ws.send("hello")
        assert await ws.receive() == "hello"

async def test_plain_client(client):
    assert client.get("/").text == "hello stranger"
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose application needs its loop when it is made."""
    for name in os.environ:
        if name.startswith(("PYTEST_", "TORNKIT_")):
            monkeypatch.delenv(name)
    pytester.makefile(".py", app=APP)
    pytester.makefile(".toml", pyproject=PYPROJECT)
    return pytester


def run(project: pytest.Pytester, *arguments: str, **counts: int) -> pytest.RunResult:
    """Run pytest in the project, and have so many tests pass, fail, ..."""
    result = project.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=150)
    assert "warning" not in result.stdout.str()
    result.assert_outcomes(**counts)
    return result


def write(project: pytest.Pytester, text: str, name: str = "test_it.py") -> None:
    path = project.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


class TestStyles:
    """Of tests, under the plugins that run them."""

    def test_plain_functions(self, project: pytest.Pytester) -> None:
        write(project, PLAIN)
        run(project, passed=6)

    def test_unittest(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            import unittest
            import pytest

            class Base:
                @pytest.fixture(autouse=True)
                def _clients(self, client, aclient, sign_in):
                    self.client, self.aclient, self.sign_in = client, aclient, sign_in

            class TestPages(Base, unittest.TestCase):
                def test_page(self):
                    self.sign_in("alice")
                    self.assertEqual(self.client.get("/").text, "hello alice")

                def test_websocket(self):
                    with self.client.websocket("/echo") as ws:
                        ws.send("hello")
                        self.assertEqual(ws.receive(), "hello")

            class TestAwaited(Base, unittest.IsolatedAsyncioTestCase):
                async def test_page(self):
                    self.assertEqual((await self.aclient.get("/")).text, "hello stranger")

                async def test_websocket(self):
                    async with self.aclient.websocket("/echo") as ws:
                        await ws.send("hello")
                        self.assertEqual(await ws.receive(), "hello")
            """,
        )
        run(project, passed=4)

    @pytest.mark.thorough
    def test_anyio_with_both_loops(self, project: pytest.Pytester) -> None:
        write(project, f"import pytest\npytestmark = pytest.mark.anyio\n{AWAITED}")
        result = run(project, "-v", passed=8)
        result.stdout.fnmatch_lines(["*test_page?trio? PASSED*"])

    @pytest.mark.thorough
    def test_several_processes(self, project: pytest.Pytester) -> None:
        write(project, PLAIN)
        write(project, PLAIN, "test_other.py")
        run(project, "-n", "2", passed=12)

    @pytest.mark.thorough
    def test_tornados_own_test_cases(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            from app import make_app
            from tornado.testing import AsyncHTTPTestCase

            class TestOld(AsyncHTTPTestCase):
                async def make(self):
                    return make_app()

                def get_app(self):
                    return self.io_loop.run_sync(self.make)

                def tearDown(self):
                    self._app.task.cancel()
                    super().tearDown()

                def test_page(self):
                    assert self.fetch("/").body == b"hello stranger"

            def test_new(client):
                assert client.get("/").text == "hello stranger"
            """,
        )
        (project.path / "pyproject.toml").write_text(
            PYPROJECT.replace('"]', '", "ignore::DeprecationWarning", "ignore::ResourceWarning"]')
        )
        run(project, passed=2)


@pytest.fixture(scope="session")
def asyncio_plugin(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder with pytest-asyncio, which is nothing for this very run: it warns of its defaults."""
    folder = tmp_path_factory.mktemp("asyncio")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--target", folder, "pytest-asyncio"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"pytest-asyncio can't be had: {done.stderr.strip().splitlines()[-1]}")
    return str(folder)


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["strict", "auto"])
@pytest.mark.parametrize("scope", ["function", "session"])
def test_pytest_asyncio(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    asyncio_plugin: str,
    mode: str,
    scope: str,
) -> None:
    monkeypatch.setenv("PYTHONPATH", asyncio_plugin)
    mark = "import pytest\npytestmark = pytest.mark.asyncio\n" if mode == "strict" else ""
    asynchronous_fixture = """
import pytest_asyncio

@pytest_asyncio.fixture
async def page(aclient):
    yield (await aclient.get("/")).text

async def test_fixture(page):
    assert page == "hello stranger"
"""
    write(project, f"{mark}{AWAITED}{asynchronous_fixture}")
    write(project, PLAIN, "test_plain.py")
    loops = [f"asyncio_default_{each}_loop_scope={scope}" for each in ("fixture", "test")]
    result = run(project, "-o", f"asyncio_mode={mode}", "-o", loops[0], "-o", loops[1], passed=11)
    assert f"mode={mode}" in result.stdout.str().lower().replace("mode.", "")


class TestApplication:
    @pytest.mark.thorough
    def test_is_fresh_for_each_test(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            seen = []

            def test_first(tornkit_app):
                seen.append(tornkit_app)

            def test_second(tornkit_app):
                assert seen != [tornkit_app]
            """,
        )
        run(project, passed=2)

    @pytest.mark.thorough
    @pytest.mark.parametrize(
        "returned",
        [
            "lambda: make_app(mine=True)",
            "tornkit_loop.run(make_app, mine=True)",
            "'other.py:make_mine'",
            "coroutine_function",
        ],
    )
    def test_can_be_the_tests_own(self, project: pytest.Pytester, returned: str) -> None:
        write(
            project,
            """
            import app

            def make_mine():
                return app.make_app(mine=True)
            """,
            "other.py",
        )
        write(
            project,
            f"""
            import pytest
            from app import make_app

            async def coroutine_function():
                return make_app(mine=True)

            @pytest.fixture
            def tornkit_app(tornkit_loop):
                return {returned}

            def test_it(client):
                assert client.get("/").text == "hello stranger"
                assert client.application.settings["mine"] is True
            """,
        )
        run(project, passed=1)

    @pytest.mark.thorough
    def test_is_closed_by_the_project(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            import asyncio
            import pytest
            from app import make_app

            async def close(application):
                await asyncio.sleep(0)
                application.task.cancel()
                print("closed in", asyncio.get_running_loop() is application.loop)

            @pytest.fixture
            def tornkit_app(tornkit_loop):
                application = tornkit_loop.run(make_app)
                application.loop = tornkit_loop.loop
                yield application
                tornkit_loop.run(close, application)

            def test_it(client):
                assert client.get("/").text == "hello stranger"
            """,
        )
        run(project, "-s", passed=1).stdout.fnmatch_lines(["*closed in True*"])

    @pytest.mark.thorough
    def test_has_a_bus_of_its_own(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            from tornado.web import Application, RequestHandler
            from tornkit import bus

            class Said(RequestHandler):
                async def get(self):
                    self.write({"said": [each.data for each in await bus.history("room")]})

                async def post(self):
                    await bus.publish("room", "hello")

            def make_app():
                return Application([("/", Said)])
            """,
            "app.py",
        )
        write(
            project,
            """
            import pytest

            @pytest.mark.parametrize("number", [1, 2])
            def test_it(client, number):
                assert client.get("/").json() == {"said": []}
                assert client.post("/").status_code == 200
                assert client.get("/").json() == {"said": ["hello"]}
            """,
        )
        run(project, passed=2)

    @pytest.mark.thorough
    def test_that_is_nowhere_is_one_line(self, project: pytest.Pytester) -> None:
        (project.path / "app.py").unlink()
        (project.path / "pyproject.toml").unlink()
        write(project, "def test_it(client): pass\n")
        result = run(project, "-q", errors=1)
        result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", "no application found in *"])
        assert "fixtures.py" not in result.stdout.str()

    @pytest.mark.thorough
    def test_that_raises_shows_the_users_frames(self, project: pytest.Pytester) -> None:
        (project.path / "app.py").write_text("def make_app():\n    return 1 / 0\n")
        write(project, "def test_it(client): pass\n")
        result = run(project, errors=1)
        result.stdout.fnmatch_lines(["*app.py*, line 2, in make_app", "*ZeroDivisionError*"])
        assert "appload" not in result.stdout.str()

    @pytest.mark.thorough
    def test_of_each_project_of_a_repository(self, project: pytest.Pytester) -> None:
        other = APP.replace("hello", "other")
        write(project, other, "second/second_app.py")
        write(project, '[tool.tornkit]\napp = "second_app.py"\n', "second/pyproject.toml")
        write(project, PLAIN, "tests/test_first.py")
        write(
            project,
            'def test_it(client):\n    assert client.get("/").text == "other stranger"\n',
            "second/tests/test_second.py",
        )
        run(project, passed=7)


class TestErrors:
    def test_of_handlers_are_in_the_output(self, project: pytest.Pytester) -> None:
        write(project, 'def test_it(client):\n    assert client.get("/oops").status_code == 200\n')
        result = run(project, failed=1)
        result.stdout.fnmatch_lines(
            [
                "*assert 500 == 200*",
                "*Captured log call*",
                "*app.py*, line *, in get",
                "*self.where_it_goes_wrong()",
                "*app.py*, line *, in where_it_goes_wrong",
                "ZeroDivisionError: a mistake of mine",
            ]
        )
        assert "tornkit/engine" not in result.stdout.str()

    @pytest.mark.thorough
    @pytest.mark.parametrize("quiet", ["own logging", "no:logging"])
    def test_are_there_without_pytests_logging(self, project: pytest.Pytester, quiet: str) -> None:
        own = 'logging.config.dictConfig({"version": 1, "root": {"handlers": []}, **others})'
        write(
            project,
            f"""
            import logging.config

            others = {{"disable_existing_loggers": False}}

            def test_it(client):
                {own if quiet == "own logging" else ""}
                assert client.get("/oops").status_code == 200
            """,
        )
        options = ["-p", "no:logging"] if quiet == "no:logging" else []
        result = run(project, *options, failed=1)
        result.stdout.fnmatch_lines(
            ["*Captured errors of handlers call*", "*in where_it_goes_wrong", "*a mistake of mine"]
        )

    @pytest.mark.thorough
    def test_in_routes_are_one_failure(self, project: pytest.Pytester) -> None:
        broken = APP.replace('("/oops", Oops)', '("/", Oops)')
        (project.path / "app.py").write_text(broken)
        write(
            project,
            """
            def test_all(assert_routes_ok):
                assert_routes_ok()

            def test_ignored(assert_routes_ok):
                assert_routes_ok(ignore=["TK2"])

            def test_of_another(assert_routes_ok):
                from tornado.web import Application
                assert_routes_ok(Application([]))
            """,
        )
        result = run(project, failed=1, passed=2)
        result.stdout.fnmatch_lines(
            [
                "*assert_routes_ok()",
                "E *AssertionError: tornkit routes --check finds:",
                "E *error TK201*",
                "E *1 error in 3 routes.",
            ]
        )
        assert "route_check.py" not in result.stdout.str()

    @pytest.mark.thorough
    def test_in_routes_may_be_known(self, project: pytest.Pytester) -> None:
        broken = APP.replace('("/oops", Oops)', '("/", Oops)')
        (project.path / "app.py").write_text(broken)
        known = project.mkdir("known") / "routes.json"
        write(project, "def test_it(assert_routes_ok):\n    assert_routes_ok()\n")
        settings = f'{PYPROJECT}\n[tool.tornkit.routes]\nbaseline = "known/routes.json"\n'
        command = [sys.executable, "-m", "tornkit", "routes", "--write-baseline", str(known)]
        subprocess.run(command, cwd=project.path, check=True, capture_output=True)
        run(project, failed=1)
        (project.path / "pyproject.toml").write_text(settings)
        run(project, passed=1)

    @pytest.mark.thorough
    def test_of_a_missing_library_say_what_to_install(self, project: pytest.Pytester) -> None:
        write(project, 'raise ModuleNotFoundError("gone", name="httpx2")\n', "httpx2.py")
        write(
            project,
            """
            def test_client(client): pass
            def test_aclient(aclient): pass
            def test_live(live_server): pass
            def test_application(tornkit_app, assert_routes_ok): assert_routes_ok()
            """,
        )
        # The folder comes first where it is on PYTHONPATH.
        result = run(project, "-o", "pythonpath=.", errors=3, passed=1)
        wanted = "this fixture needs httpx2: pip install 'tornkit[testing]'"
        assert result.stdout.str().count(wanted) == 3


class TestRoutesReport:
    TESTS = """
    def test_page(client):
        client.get("/")
    """

    @pytest.mark.thorough
    def test_lists_what_no_test_has_reached(self, project: pytest.Pytester) -> None:
        write(project, self.TESTS)
        result = run(project, "--tornkit-routes", passed=1)
        result.stdout.fnmatch_lines(
            [
                "*= routes that no test has reached =*",
                "POST  /      app.py:*  Home",
                "GET   /oops  app.py:*  Oops",
                "WS    /echo  app.py:*  Echo",
                "2 of 3 routes not reached, 1 not by each method",
            ]
        )

    @pytest.mark.thorough
    def test_is_not_there_unless_asked_for(self, project: pytest.Pytester) -> None:
        write(project, self.TESTS)
        assert "routes" not in run(project, passed=1).stdout.str()

    @pytest.mark.thorough
    @pytest.mark.parametrize("processes", ["0", "2"])
    def test_is_of_all_processes(self, project: pytest.Pytester, processes: str) -> None:
        write(project, PLAIN)
        write(project, 'def test_oops(client):\n    client.get("/oops")\n', "test_oops.py")
        result = run(project, "-n", processes, "--tornkit-routes", passed=7)
        result.stdout.fnmatch_lines(["each of 3 routes, by each method"])

    @pytest.mark.thorough
    def test_counts_requests_of_anybody(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            import urllib.request

            def test_plain(client):
                urllib.request.urlopen(client.url + "/").close()

            def test_live(live_server):
                live_server.client().get("/oops")
                with live_server.client().websocket("/echo"): pass
            """,
        )
        result = run(project, "--tornkit-routes", passed=2)
        result.stdout.fnmatch_lines(
            ["POST  /  app.py:*  Home", "0 of 3 routes not reached, 1 not by each method"]
        )

    @pytest.mark.thorough
    def test_says_where_none_was_used(self, project: pytest.Pytester) -> None:
        write(project, "def test_nothing(): pass\n")
        result = run(project, "--tornkit-routes", passed=1)
        result.stdout.fnmatch_lines(["no test has used the application, *"])


@pytest.mark.thorough
def test_live_server_is_reaped_and_its_log_shown(project: pytest.Pytester) -> None:
    write(
        project,
        """
        import os, pathlib

        def test_it(live_server):
            client = live_server.client()
            client.sign_in("alice")
            assert client.get("/").text == "hello alice"
            pid = live_server.usual.process.pid
            pathlib.Path("pid").write_text(str(pid))
            assert client.get("/oops").status_code == 200
        """,
    )
    result = run(project, failed=1)
    result.stdout.fnmatch_lines(
        ["*Captured tornkit serve teardown*", "*workers  2*", "*a mistake of mine", "*stopped"]
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int((project.path / "pid").read_text()), 0)


class TestManners:
    """Towards runs of pytest that have nothing to do with Tornado."""

    def test_importing_it_imports_little(self) -> None:
        script = (
            "import pytest, sys; before = set(sys.modules); import tornkit.pytest_plugin;"
            "print(*sorted(set(sys.modules) - before))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [
            "tornkit",
            "tornkit.pytest_plugin",
            "tornkit.testing",
            "tornkit.testing.fixtures",
        ]

    def test_a_run_without_its_fixtures_loads_none_of_it(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            import sys

            def test_it():
                assert "tornkit.pytest_plugin" in sys.modules
                found = {"tornado", "httpx2", "anyio._core", "tornkit.engine"} & set(sys.modules)
                assert not found
            """,
        )
        run(project, "-p", "no:anyio", passed=1)

    def test_it_has_no_hook_that_collects_or_runs_tests(self) -> None:
        from tornkit import pytest_plugin

        hooks = {name for name in vars(pytest_plugin) if name.startswith("pytest_")}
        assert hooks == {"pytest_addoption", "pytest_configure"}
        hooks = {name for name in vars(pytest_plugin._RoutesReport) if name.startswith("pytest_")}
        assert hooks == {"pytest_sessionfinish", "pytest_testnodedown", "pytest_terminal_summary"}

    @pytest.mark.thorough
    def test_it_leaves_loops_alone(self, project: pytest.Pytester) -> None:
        write(
            project,
            """
            import asyncio, threading

            def test_it(client):
                client.get("/")
                asyncio.run(asyncio.sleep(0))

            def test_behind_it():
                names = [each.name for each in threading.enumerate()]
                assert names == ["MainThread"], names
            """,
        )
        run(project, passed=2)

    @pytest.mark.thorough
    @pytest.mark.parametrize("is_ours", [False, True])
    def test_names_of_another_plugin_are_its_own(
        self, project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, is_ours: bool
    ) -> None:
        """As those of pytest-django are, but in a project of tornkit's."""
        write(
            project,
            """
            import pytest

            @pytest.fixture
            def client():
                return "theirs"
            """,
            "site/other_plugin.py",
        )
        information = "Metadata-Version: 2.1\nName: other-plugin\nVersion: 1\n"
        write(project, information, "site/other_plugin-1.dist-info/METADATA")
        write(
            project,
            "[pytest11]\nother = other_plugin\n",
            "site/other_plugin-1.dist-info/entry_points.txt",
        )
        monkeypatch.setenv("PYTHONPATH", str(project.path / "site"))
        if not is_ours:
            (project.path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        write(
            project,
            f"""
            def test_it(client):
                assert (client == "theirs") is not {is_ours}

            def test_others(aclient, tornkit_app): pass
            """,
        )
        run(project, passed=2)

    @pytest.mark.thorough
    def test_it_can_be_left_out(self, project: pytest.Pytester) -> None:
        write(project, "def test_it(client): pass\n")
        result = run(project, "-p", "no:tornkit", errors=1)
        result.stdout.fnmatch_lines(["*fixture 'client' not found*"])

    @pytest.mark.thorough
    def test_it_shows_its_fixtures(self, project: pytest.Pytester) -> None:
        result = project.runpytest_subprocess("--fixtures", "-p", "no:cacheprovider")
        result.stdout.fnmatch_lines(["*client -- *", "*Client of `tornkit_app`*"])


def test_the_plugin_is_registered() -> None:
    pyproject = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert '[project.entry-points.pytest11]\ntornkit = "tornkit.pytest_plugin"\n' in pyproject
