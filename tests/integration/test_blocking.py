"""Loops that are blocked: which line is named, and that nothing is said where none is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tornkit.serve.wire import stack_signal

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

# What a handler does, which takes about half a second; the name is also that of its page.
KINDS = {
    "sleep": "time.sleep(0.5)",
    "regex": 're.match(r"(a+)+$", "a" * 24 + "b")',
    "holding": "ctypes.PyDLL(None).usleep(500_000)",
    "child": 'subprocess.run(["sleep", "0.5"])',
    "awaited": "[await asyncio.sleep(0), time.sleep(0.5)]",
    "python": "spin(time.monotonic() + 0.5)",
    "json": "json.loads(TEXT)",
    "releasing": "ctypes.CDLL(None).usleep(500_000)",
    "shell": 'os.system("sleep 0.5")',
    "fetch": "fetch(SILENT)",
    "connection": "UNASKED.accept()",
    "database": 'DATABASE.execute("BEGIN EXCLUSIVE")',
    "lock": "LOCK.acquire(timeout=0.5)",
    "queue": "get(queue.SimpleQueue())",
    "thread": "threading.Thread(target=time.sleep, args=(0.5,)).run()",
    "future": "POOL.submit(time.sleep, 0.5).result()",
    "pipe": "open(pipe()).read()",
    "file_lock": "fcntl.flock(OTHER, fcntl.LOCK_EX)",
    "hash": 'hashlib.pbkdf2_hmac("sha256", b"a", b"b", 3_000_000)',
    "numbers": "sum(range(60_000_000))",
    "sort": "sorted(range(4_000_000), key=lambda number: -number)",
    "select": "select.select([], [], [], 0.5)",
    "page": 'self.render_string("page.html", slow=slow)',
    "wrapped": "wrapped(time.sleep)(0.5)",
}
FEW = ("sleep", "regex", "holding", "child", "awaited")

APP = """\
import asyncio, concurrent.futures, contextlib, ctypes, fcntl, functools, hashlib, json, os, queue
import re, select, socket, sqlite3, subprocess, tempfile, threading, time, urllib.request

from tornado.web import Application, RequestHandler

TEXT = f"[{'1,' * 12_000_000}1]"
SILENT = socket.create_server(("127.0.0.1", 0))
UNASKED = socket.create_server(("127.0.0.1", 0))
UNASKED.settimeout(0.5)
FOLDER = tempfile.mkdtemp()
HOLDS = sqlite3.connect(f"{FOLDER}/data", isolation_level=None)
HOLDS.execute("BEGIN EXCLUSIVE")
DATABASE = sqlite3.connect(f"{FOLDER}/data", isolation_level=None, timeout=0.5)
LOCK = threading.Lock()
LOCK.acquire()
POOL = concurrent.futures.ThreadPoolExecutor()
FILE, OTHER = open(f"{FOLDER}/lock", "w"), open(f"{FOLDER}/lock", "w")
fcntl.flock(FILE, fcntl.LOCK_EX)


def later(function, *arguments):
    threading.Timer(0.5, function, arguments).start()


def pipe():
    path = tempfile.mktemp(dir=FOLDER)
    os.mkfifo(path)
    later(lambda: open(path, "w").close())
    return path


def spin(end):
    while time.monotonic() < end: pass  # python


def fetch(server):
    urllib.request.urlopen("http://127.0.0.1:%d/" % server.getsockname()[1], timeout=0.5)  # fetch


def get(messages):
    messages.get(timeout=0.5)  # queue


def slow():
    time.sleep(0.5)  # page


def wrapped(function):
    @functools.wraps(function)
    def inner(seconds):
        function(seconds)  # wrapped
    return inner


class Fine(RequestHandler):
    async def get(self):
        await asyncio.sleep(0.5)
        self.write("fine")
"""
HANDLER = """

class {name}_page(RequestHandler):
    async def get(self):
        if {name!r} == "file_lock":
            later(fcntl.flock, FILE, fcntl.LOCK_UN)
        with contextlib.suppress(OSError, queue.Empty, sqlite3.Error):
            {code}{remark}
        self.write({name!r})
"""


def source() -> str:
    text = APP
    for name, code in KINDS.items():
        remark = "" if f"# {name}" in APP else f"  # {name}"
        text += HANDLER.format(name=name, code=code, remark=remark)
    routes = ", ".join(f'("/{name}", {name}_page)' for name in KINDS)
    return f'{text}\n\ndef make_app():\n    return Application([("/", Fine), {routes}])\n'


def lines(server: Server) -> list[tuple[str, str, int]]:
    found = re.findall(r"blocked ([\d.]+) s: .*?(\S+) app\.py:(\d+) ", server.log)
    return [(seconds, name, int(line)) for seconds, name, line in found]


@pytest.mark.parametrize(
    "names",
    [pytest.param(FEW, id="a few"), pytest.param(KINDS, id="all", marks=pytest.mark.thorough)],
)
def test_the_line_is_named(serve: Serve, wait_for: Callable[..., Any], names: list[str]) -> None:
    text = source()
    numbered = {
        found[1]: number
        for number, line in enumerate(text.splitlines(), 1)
        if (found := re.search(r"# (\w+)$", line))
    }
    server = serve({"app.py": text, "page.html": "<p>{{ slow() }}</p>"}, "app.py:make_app")
    for name in names:
        before = len(lines(server))
        assert server.get(f"/{name}").text == name
        wait_for(lambda before=before: len(lines(server)) > before, f"a line about {name}")
        its = {numbered[name]}
        if name == "database" and not stack_signal.BY_C:
            its.add(numbered[name] - 1)  # it ends in an exception: see `stack_signal`
        # On a busy machine the loop may have had to wait for its turn, too.
        wait_for(lambda its=its: lines(server)[-1][2] in its, f"{name}'s line")
        seconds, function, _ = lines(server)[-1]
        assert float(seconds) >= 0.1
        assert function == f"{name}_page.get" or name not in FEW
    assert server.log.count("nothing else is served meanwhile") == 1


@pytest.mark.thorough
def test_nothing_is_said_where_nothing_blocks(serve: Serve) -> None:
    server = serve({"app.py": source()}, "app.py:make_app")
    began = time.monotonic()
    assert server.get("/").text == "fine"
    assert time.monotonic() - began > 0.4
    assert "blocked" not in server.log


@pytest.mark.parametrize("options", [("--no-reload",), ("--warn-blocking", "0")])
@pytest.mark.thorough
def test_nobody_looks_where_it_is_off(serve: Serve, options: tuple[str, ...]) -> None:
    server = serve({"app.py": source()}, "app.py:make_app", *options)
    assert server.get("/sleep").text == "sleep"
    assert server.get("/").text == "fine"
    assert "blocked" not in server.log


@pytest.mark.thorough
def test_a_program_with_a_loop_in_a_thread(serve: Serve, wait_for: Callable[..., Any]) -> None:
    """The other loop turns, and the right one's line is named."""
    program = f"""{source()}

def run(port):
    async def main():
        make_app().listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())

if __name__ == "__main__":
    threading.Thread(target=run, args=(0,), daemon=True).start()
    run(0)
"""
    server = serve({"app.py": program}, "app.py")

    def urls() -> list[str]:
        """Of the banner, or told later, where one listened later."""
        return sorted(set(re.findall(r"http://[\d.]+:\d+", server.log)))

    wait_for(lambda: len(urls()) == 2, "both are served")
    for count, url in enumerate(urls(), 1):
        assert server.get("/sleep", url=url).text == "sleep"
        wait_for(lambda count=count: len(lines(server)) == count, "its line")
        assert lines(server)[-1][1] == "sleep_page.get"
