"""Programs run up to the moment they would serve.

Each in a process of its own: the hooks stay in Tornado, and a program may leave anything behind.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import zipapp
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

Write = Callable[..., Path]

DRIVER = """
import json, sys
from tornkit.appload import locate
from tornkit.appload.inspection import load_for_inspection
from tornkit.errors import AppLoadError

app, module, arguments = json.loads(sys.argv[1])
try:
    loaded = load_for_inspection(locate(app, module, arguments))
except AppLoadError as error:
    kind, trace = type(error).__name__, getattr(error, "traceback", "")
    found = {"error": kind, "message": str(error), "traceback": trace}
else:
    names = [getattr(each, "settings", {}).get("name", "?") for each in loaded.applications]
    found = {"names": names, "label": loaded.label}
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Captured:
    """What came of it: names of the applications, or the error."""

    names: list[object] = field(default_factory=list)
    label: str = ""
    error: str = ""
    message: str = ""
    traceback: str = ""


# From Python 3.12 on Tornado's own `listen()` meets this one outside of a running loop.
STRICT = ("-W", "error", "-W", "ignore:There is no current event loop:DeprecationWarning")


def capture(app: str | None, *arguments: str, module: str | None = None) -> Captured:
    done = subprocess.run(
        [sys.executable, *STRICT, "-c", DRIVER, json.dumps([app, module, arguments])],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return Captured(**json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that nobody else can bind."""
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        yield taken.getsockname()[1]


ASYNC = """
import asyncio, pathlib, sys
from tornado.web import Application

async def main():
    app = Application(name="async", debug=True)
    app.listen(int(sys.argv[1]))
    try:
        await asyncio.Event().wait()
    finally:
        pathlib.Path("cleaned").touch()

if __name__ == "__main__":
    asyncio.run(main())
    pathlib.Path("after").touch()
"""


def test_coroutine_main(here: Path, write: Write, taken_port: int) -> None:
    """It binds nothing (the port is taken), runs no further, and cleans up after itself."""
    write("chat.py", ASYNC)
    found = capture("chat.py", str(taken_port))
    assert found == Captured(names=["async"], label="chat.py")
    assert (here / "cleaned").exists()
    assert not (here / "after").exists()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "serve",
    [
        "app.listen({port})\nIOLoop.current().start()",
        "app.listen({port}, '127.0.0.1')\nIOLoop.current().start()",
        "server = HTTPServer(app)\nserver.bind({port})\nserver.start(0)\nIOLoop.current().start()",
        "sockets = netutil.bind_sockets({port})\nprocess.fork_processes(0)\n"
        "HTTPServer(app).add_sockets(sockets)\nIOLoop.current().start()",
        "HTTPServer(app).add_socket(netutil.bind_unix_socket('s'))\nIOLoop.current().start()",
    ],
    ids=["listen", "address", "bind-start", "fork-processes", "unix-socket"],
)
def test_all_ways_to_serve(here: Path, write: Write, taken_port: int, serve: str) -> None:
    write(
        "old.py",
        "from tornado import netutil, process\n"
        "from tornado.httpserver import HTTPServer\n"
        "from tornado.ioloop import IOLoop\n"
        "from tornado.web import Application\n"
        "app = Application(name='old')\n" + serve.format(port=taken_port),
    )
    assert capture("old.py").names == ["old"]
    assert not (here / "s").exists()


def test_each_application_once_in_the_order_of_listening(write: Write, taken_port: int) -> None:
    write(
        "two.py",
        f"""
        from tornado.ioloop import IOLoop
        from tornado.web import Application
        public, admin = Application(name="public"), Application(name="admin")
        admin.listen({taken_port})
        public.listen({taken_port})
        admin.listen({taken_port}, "::1")
        IOLoop.current().start()
        """,
    )
    assert capture("two.py").names == ["admin", "public"]


def test_other_protocols_beside_http(write: Write) -> None:
    write(
        "mail.py",
        """
        import asyncio
        from tornado.tcpserver import TCPServer
        from tornado.web import Application

        async def main():
            TCPServer().listen(0)
            await asyncio.sleep(0)  # the loop has turned
            Application(name="web").listen(0)
            await asyncio.Event().wait()

        if __name__ == "__main__":
            asyncio.run(main())
        """,
    )
    assert capture("mail.py").names == ["web"]


def test_other_protocols_only(write: Write) -> None:
    """It would serve for ever, and there is nothing to look at."""
    write(
        "mail.py",
        """
        from tornado.ioloop import IOLoop
        from tornado.tcpserver import TCPServer
        TCPServer().listen(0)
        IOLoop.current().start()
        """,
    )
    found = capture("mail.py")
    assert found.error == "NotAnApplication"
    assert found.message == (
        "mail.py never started an HTTPServer: only a server of another protocol"
    )


def test_runs_as_python_would_run_it(here: Path, write: Write) -> None:
    write("site/helper_of_chat.py", "name = 'helped'")
    path = write(
        "site/chat.py",
        """
        import sys
        from helper_of_chat import name
        from tornado.ioloop import IOLoop
        from tornado.options import define, options, parse_command_line
        from tornado.web import Application

        define("port", default=1, type=int)

        if __name__ == "__main__":
            rest = parse_command_line()
            assert (options.port, rest) == (9, ["more"]), sys.argv
            assert sys.argv[0] == __file__
            assert sys.modules["__main__"].__file__ == __file__
            Application(name=f"{name} {__file__}").listen(options.port)
            IOLoop.current().start()
        """,
    )
    found = capture("site/chat.py", "--port=9", "more")
    assert found.names == [f"helped {path}"], found


@pytest.mark.parametrize("module", ["board", "board.web"])
def test_dash_m(write: Write, module: str) -> None:
    write("board/__init__.py")
    write("board/core.py", "name = 'relative'")
    text = """
        import sys
        from tornado.ioloop import IOLoop
        from tornado.web import Application
        from .core import name
        if __name__ == "__main__":
            Application(name=f"{name} {sys.argv[1:]}").listen(1)
            IOLoop.current().start()
        """
    write("board/web.py", text)
    write("board/__main__.py", text)
    found = capture(None, "--debug", module=module)
    assert found == Captured(names=["relative ['--debug']"], label=f"-m {module}")


def test_both_is_run_when_it_is_named_as_a_file(write: Write) -> None:
    write(
        "app.py",
        """
        from tornado.ioloop import IOLoop
        from tornado.web import Application
        def make_app(name="made"): return Application(name=name)
        if __name__ == "__main__":
            make_app("run").listen(1)
            IOLoop.current().start()
        """,
    )
    assert capture("app.py").names == ["run"]
    assert capture(None).names == ["made"]


class TestFailures:
    @pytest.mark.parametrize("module", ["nosuch_board", "nosuch_board.web", "board.nosuch"])
    def test_no_such_module(self, here: Path, write: Write, module: str) -> None:
        write("board/__init__.py")
        found = capture(None, module=module)
        assert (found.error, found.message) == (
            "NoSuchModule",
            f"there is no module {module} (looked in {here})",
        )

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "it ended before it listened"),
            ("import sys; sys.exit()", "it exited with status 0 before it listened"),
            ("import sys; sys.exit(3)", "it exited with status 3 before it listened"),
            ("import sys; sys.exit('no db')", "it exited with no db before it listened"),
        ],
    )
    def test_never_served(self, write: Write, text: str, why: str) -> None:
        write("chat.py", f"if __name__ == '__main__':\n    {text or 'pass'}")
        found = capture("chat.py")
        assert (found.error, found.message) == (
            "NotAnApplication",
            f"chat.py never started an HTTPServer: {why}; what it needs as arguments stands behind "
            "--",
        )

    @pytest.mark.parametrize("error", ["ImportError('no db')", "KeyboardInterrupt('no db')"])
    def test_raised(self, here: Path, write: Write, error: str) -> None:
        write(
            "chat.py", f"def main():\n    raise {error}\nif __name__ == '__main__':\n    main()\n"
        )
        found = capture("chat.py")
        assert found.error == "AppRaised"
        assert found.message == f"running chat.py failed: {error.partition('(')[0]}: no db"
        places = [line for line in found.traceback.splitlines() if line.startswith("  File ")]
        assert places == [
            f'  File "{here}/chat.py", line 4, in <module>',
            f'  File "{here}/chat.py", line 2, in main',
        ]

    def test_raised_in_the_package_of_a_module(self, here: Path, write: Write) -> None:
        write("board/__init__.py", "import nosuch_library\n")
        write("board/web.py")
        found = capture(None, module="board.web")
        assert found.error == "AppRaised"
        assert "No module named 'nosuch_library'" in found.message
        assert found.traceback.count("  File ") == 1
        assert f'File "{here}/board/__init__.py", line 1' in found.traceback


# ---- all that serve, wherever and whenever they do ----

THREADS = """
import asyncio, threading, time
from tornado.ioloop import IOLoop
from tornado.web import Application

async def serve(name):
    Application(name=name).listen(1)
    await asyncio.Event().wait()

def run(name):
    asyncio.run(serve(name))

def thread(name, **options):
    threading.Thread(target=run, args=(name,), **options).start()

"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("body", "names"),
    [
        (
            "async def main():\n"
            "    Application(name='a').listen(1)\n"
            "    await asyncio.sleep(0.01)\n"
            "    await serve('b')\n"
            "asyncio.run(main())",
            ["a", "b"],
        ),
        ("thread('a')\ntime.sleep(0.03)\nrun('b')", ["a", "b"]),
        ("thread('a')\nwhile True: time.sleep(1)", ["a"]),
        ("thread('a')", ["a"]),
        ("thread('a', daemon=True)\nthreading.Event().wait()", ["a"]),
        (
            "async def main():\n"
            "    await asyncio.get_running_loop().run_in_executor(None, run, 'a')\n"
            "asyncio.run(main())",
            ["a"],
        ),
    ],
    ids=["turns", "two", "sleeps", "ended", "daemon", "executor"],
)
def test_servers_in_threads_and_turns(write: Write, body: str, names: list[str]) -> None:
    guarded = "if __name__ == '__main__':\n" + textwrap.indent(body, "    ")
    write("threads.py", THREADS + guarded)
    assert capture("threads.py").names == names


def test_a_zip_application_as_serve_runs_it(here: Path, write: Write) -> None:
    """By the name that was typed, which a source file is run by."""
    write("tool/__main__.py", "import sys\nprint('ran', sys.path[0])\n")
    zipapp.create_archive(here / "tool", here / "tool.pyz")
    program = (
        "from dataclasses import replace\n"
        "from tornkit.appload import locate\n"
        "from tornkit.appload.program import run_program\n"
        "run_program(replace(locate('tool.pyz'), argv0='tool.pyz'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == f"ran {here / 'tool.pyz'}\n", done.stderr
