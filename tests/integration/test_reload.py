"""An edit shows at once, loses nothing, and a bad one does no harm."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.hammer import Hammer
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import os
from pathlib import Path

from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        self.write("1 is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app(**settings):
    return Application([("/", Main), ("/pid", Pid)], **settings)
"""


def version(number: int) -> str:
    return APP.replace("1 is the", f"{number} is the")


@pytest.mark.thorough
def test_every_worker_answers(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--workers", "2")
    pids = server.answering_pids(2)
    assert server.process.pid not in pids
    assert pids <= server.pids()


def test_an_edit_shows_while_clients_ask_without_pause(
    serve: Serve, hammer: Callable[[str], Hammer]
) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        for number in range(2, 8):
            server.write("app.py", version(number))
            clients.wait_for_version(number)
    assert server.errors == []
    assert "starting another" not in server.log


def test_edits_faster_than_reloads_end_with_the_last(
    serve: Serve, hammer: Callable[[str], Hammer]
) -> None:
    server = serve({"app.py": APP}, "--no-access-log")
    with hammer(server.url) as clients:
        for number in range(2, 30):
            server.write("app.py", version(number))
        clients.wait_for_version(29)
    assert server.errors == []
    assert server.reloads < 28


def test_an_edit_of_the_same_length_in_the_same_second(serve: Serve) -> None:
    """Python's cached bytecode is checked by whole seconds and length alone."""
    server = serve({"app.py": APP})
    server.wait_for_answer("1 is")
    first = (server.folder / "app.py").stat().st_mtime_ns
    new = server.folder / "new"
    new.write_text(version(2))
    second = first + 1 if (first + 1) // 10**9 == first // 10**9 else first - 1
    os.utime(new, ns=(second, second))
    new.replace(server.folder / "app.py")
    server.wait_for_reload()
    assert "2 is" in server.get().text


@pytest.mark.thorough
def test_the_supervisor_says_what_changed(serve: Serve) -> None:
    server = serve({"app.py": APP})
    server.write("app.py", version(2))
    server.wait_for_reload()
    assert "app.py changed, starting anew" in server.log
    assert "tornkit " in server.log.splitlines()[0]
    assert f"watching {server.folder}" in server.log
    assert "app.py:make_app at http://127.0.0.1:" in server.log


def test_sighup_reloads(serve: Serve) -> None:
    server = serve({"app.py": APP})
    before = server.answering_pids(1)
    server.signal(signal.SIGHUP)
    server.wait_for_reload()
    assert server.answering_pids(1) != before


@pytest.mark.thorough
def test_a_module_of_a_package_and_a_new_file_are_watched(serve: Serve) -> None:
    package = {
        "board/__init__.py": "",
        "board/words.py": "WORD = 'old'\n",
        "board/app.py": """\
            from tornado.web import Application, RequestHandler
            from .words import WORD

            class Main(RequestHandler):
                def get(self):
                    self.write(WORD)

            app = Application([("/", Main)])
        """,
    }
    server = serve(package, "board.app:app")
    server.write("board/words.py", "WORD = 'new'\n")
    server.wait_for_answer("new")
    server.write("board/more.py", "WORD = 'newest'\n")
    server.wait_for_reload(2)
    server.edit("board/app.py", ".words", ".more")
    server.wait_for_answer("newest")


# ---- edits that can't start ----

BAD = {
    "syntax": (APP.replace("def get(self):", "def get(self)", 1), "SyntaxError"),
    "import": ("import no_such_module_at_all\n" + APP, "no_such_module_at_all"),
    "name": ("undefined_name\n" + APP, "NameError"),
    "factory": (APP.replace("    return App", "    1 / 0\n    return App"), "ZeroDivisionError"),
    "sys.exit": ("import sys\nsys.exit('no database')\n" + APP, "no database"),
    "os._exit": ("import os\nos._exit(1)\n" + APP, "exited with status 1"),
    "killed": ("import os\nos.kill(os.getpid(), 9)\n" + APP, "killed by SIGKILL"),
    "no app": ("x = 1\n", "make_app"),
    "none": (APP.replace("    return App", "    App"), "None"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_edit_leaves_the_old_pages_up(serve: Serve, kind: str) -> None:
    source, message = BAD[kind]
    server = serve({"app.py": APP}, "--workers", "2")
    pids = server.answering_pids(2)
    server.write("app.py", source)
    server.wait_for_log("the code from before goes on serving")
    assert server.get().text.startswith("1 is")
    assert server.answering_pids(2) == pids
    server.write("app.py", version(3))
    server.wait_for_answer("3 is")
    assert len(server.errors) == 1, "one error, not one a worker"
    assert message in server.log
    assert_user_frames_alone(server)


def assert_user_frames_alone(server: Server) -> None:
    lines = [line.strip() for line in server.log.splitlines()]
    frames = [line for line in lines if line.startswith('File "')]
    assert [frame for frame in frames if not frame.startswith(f'File "{server.folder}/')] == []
    assert sum(line.startswith("Traceback") for line in lines) <= 1


def test_a_syntax_error_shows_file_line_and_place(serve: Serve) -> None:
    server = serve({"app.py": APP})
    server.write("app.py", BAD["syntax"][0])
    server.wait_for_log("goes on serving")
    assert f'File "{server.folder}/app.py", line 8' in server.log
    assert "def get(self)\n" in server.log
    assert "^" in server.log


def test_two_bad_edits_and_a_good_one(serve: Serve, hammer: Callable[[str], Hammer]) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    with hammer(server.url) as clients:
        server.write("app.py", BAD["syntax"][0])
        server.wait_for_log("goes on serving")
        server.write("app.py", BAD["os._exit"][0])
        server.wait_for_log("goes on serving", count=2)
        server.write("app.py", version(2))
        clients.wait_for_version(2)
    assert len(server.errors) == 2


# ---- a first start that fails ----


@pytest.mark.parametrize("kind", ["syntax", "import", "factory", "sys.exit", "os._exit"])
def test_a_broken_first_start_waits_for_the_next_edit(serve: Serve, kind: str) -> None:
    source, message = BAD[kind]
    server = serve({"app.py": source}, "app.py:make_app", "--workers", "2", wait=False)
    server.wait_for_log("nothing is served yet; save a file to retry")
    assert message in server.log
    assert_user_frames_alone(server)
    server.write("app.py", version(2))
    server.wait_until_serving()
    assert server.get().text.startswith("2 is")
    assert len(server.errors) == 1


@pytest.mark.thorough
def test_a_broken_first_start_without_reload_exits_1(serve: Serve) -> None:
    server = serve({"app.py": BAD["import"][0]}, "--no-reload", "--workers", "2", wait=False)
    assert server.wait_until_ended() == 1
    assert len(server.errors) == 1
    assert "retry" not in server.log


def test_a_broken_first_start_can_be_interrupted(serve: Serve) -> None:
    server = serve({"app.py": BAD["syntax"][0]}, wait=False)
    server.wait_for_log("save a file to retry")
    assert server.stop() == 0


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("app:nothing", "app has no attribute nothing; it has make_app"),
        ("nowhere:app", "there is no module nowhere"),
        ("nowhere.py", "there is no file nowhere.py"),
        ("app:Main", "app:Main can't be called without arguments"),
        ("app:os", "app:os is a module, not an Application"),
    ],
)
def test_a_misnamed_application_exits_1(serve: Serve, target: str, message: str) -> None:
    server = serve({"app.py": APP}, target, wait=False)
    assert server.wait_until_ended() == 1
    assert [message in error for error in server.errors] == [True]
    assert len(server.log.splitlines()) == 1


# ---- Tornado's own reloading ----

WATCHFUL = """\
import os
from pathlib import Path

import tornado.autoreload
from tornado.web import Application, RequestHandler

HERE = Path(__file__).parent
tornado.autoreload.watch(str(HERE / "words.data"))
tornado.autoreload.add_reload_hook(lambda: (HERE / "hook-ran").write_text(str(os.getpid())))


class Main(RequestHandler):
    def get(self):
        self.write((HERE / "words.data").read_text())


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app():
    return Application([("/", Main), ("/pid", Pid)], debug=True)
"""


def test_what_the_application_tells_autoreload(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": WATCHFUL, "words.data": "old"})
    (before,) = server.answering_pids(1)
    server.write("words.data", "new")
    server.wait_for_reload()
    assert server.answering_pids(1) != {before}
    hook = server.folder / "hook-ran"
    wait_for(lambda: hook.exists() and hook.read_text() == str(before), "the old worker's hook")


def test_autoreload_hooks_do_not_run_on_a_stop(serve: Serve) -> None:
    server = serve({"app.py": WATCHFUL, "words.data": "old"})
    assert server.stop() == 0
    assert not (server.folder / "hook-ran").exists()


DEBUG = """\
import asyncio
import os

from tornado.ioloop import PeriodicCallback
from tornado.web import Application, RequestHandler


class Wait(RequestHandler):
    async def get(self):
        # As often as Tornado's own autoreload looks at the files; three looks are enough.
        looks = asyncio.Semaphore(0)
        ticking = PeriodicCallback(looks.release, 500)
        ticking.start()
        for _ in range(3):
            await looks.acquire()
        ticking.stop()
        self.write(str(os.getpid()))


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app():
    return Application([("/wait", Wait), ("/pid", Pid)], debug=True)
"""


@pytest.mark.thorough
def test_debug_does_not_replace_the_worker(serve: Serve) -> None:
    """It serves on when the new code is bad; with debug=True, Tornado would exec the new code."""
    server = serve({"app.py": DEBUG})
    (pid,) = server.answering_pids(1)
    server.write("app.py", DEBUG + "\n(\n")
    server.wait_for_log("goes on serving")
    assert server.get("/wait").text == str(pid)
    assert "starting another" not in server.log
    server.write("app.py", DEBUG + "\n")
    server.wait_for_reload()
    assert server.answering_pids(1) != {pid}


# ---- templates and static files ----

FILES = """\
import os
from pathlib import Path

from tornado.web import Application, RequestHandler

HERE = Path(__file__).parent


class Page(RequestHandler):
    def get(self):
        self.render("page.html", pid=os.getpid())


def make_app():
    return Application(
        [("/", Page)], template_path=HERE / "templates", static_path=HERE / "static"
    )
"""


def test_templates_and_static_files_need_no_restart(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    files = {
        "app.py": FILES.replace("HERE / ", "str(HERE) + '/' + "),
        "templates/base.html": "{% block body %}{% end %}",
        "templates/page.html": "{% extends base.html %}{% block body %}old {{ pid }} "
        "{{ static_url('style.css') }}{% end %}",
        "static/style.css": "a {}",
    }
    server = serve(files)
    _, pid, url = server.get().text.split()
    assert server.get(url).text == "a {}"

    server.edit("templates/page.html", "old", "new")
    assert server.wait_for_answer("new").text.split() == ["new", pid, url]

    server.edit("templates/base.html", "{% block", "base {% block")
    assert server.wait_for_answer("base").text.split() == ["base", "new", pid, url]

    server.write("static/style.css", "b {}")
    changed = wait_for(
        lambda: (found := server.get().text.split()[-1]) != url and found, "another static_url"
    )
    assert changed.partition("?v=")[0] == url.partition("?v=")[0]
    assert server.get(changed).text == "b {}"
    assert server.get().text.split()[-2] == pid
    assert server.reloads == 0
