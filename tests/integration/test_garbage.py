"""Garbage in a worker: collected as it is without tornkit, also under a load that never rests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.serve import Serve

# Serves as an application (app.py:make_app) and as a program (app.py PORT).
APP = """\
import asyncio
import gc
import os
import sys

from tornado.web import Application, RequestHandler


class Node:
    def __init__(self, size=100_000):
        self.content = bytearray(size)
        self.itself = self


class Log(Node):
    def __del__(self, open=os.open, flags=os.O_CREAT):  # modules are gone at the end
        open("finalized", flags)


def make_tree():
    return [Node(15_000) for _ in range(2000)]


class Memory(RequestHandler):
    def get(self):
        self.write({"pid": os.getpid(), "frozen": gc.get_freeze_count()})


class Count(RequestHandler):
    def get(self):
        self.write(str(len(gc.get_objects())))


class Cycle(RequestHandler):
    def get(self):
        self.node = Node()


class Waiting(RequestHandler):
    async def get(self):
        node = Node()
        await asyncio.sleep(0.002)


class Swap(RequestHandler):
    requests = 0

    def get(self):
        Swap.requests += 1
        if Swap.requests % 200 == 0:
            self.settings["tree"] = make_tree()


class Hold(RequestHandler):
    async def get(self):
        self.flush()
        await asyncio.Event().wait()


def make_app():
    routes = [("/", Memory), ("/count", Count), ("/cycle", Cycle), ("/waiting", Waiting)]
    routes += [("/swap", Swap), ("/many/cycle", Cycle), ("/hold", Hold)]
    many = [[number] for number in range(200_000)] if os.environ.get("MANY") else []
    application = Application(routes, log_function=lambda handler: None)
    application.settings.update(tree=make_tree(), log=Log(), many=many)
    return application


async def main():
    make_app().listen(int(sys.argv[1]), address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    "target", ["app.py:make_app", pytest.param("app.py", marks=pytest.mark.thorough)]
)
def test_what_was_loaded_is_frozen_until_somebody_wants_to_see_it(
    serve: Serve, target: str
) -> None:
    port = str(serve.free_port())
    words = (target, "--", port) if target == "app.py" else ("--port", port, target)
    server = serve({"app.py": APP}, "--no-reload", *words, port=None)
    frozen = server.get("/").json()["frozen"]
    assert frozen > 10_000, "before the first request; some Pythons are born with a few"
    assert int(server.get("/count").text) > frozen
    assert server.get("/").json()["frozen"] == 0


@pytest.mark.thorough
def test_finalizers_of_what_is_frozen_are_called_at_the_end(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--no-reload", "app.py:make_app")
    assert server.get("/").json()["frozen"] > 10_000
    server.stop()
    assert (server.folder / "finalized").exists()


# ---- memory under load -----------------------------------------------------------------------

REQUESTS, AT_ONCE = 6000, 16
TARGET = "app.py:make_app"


async def keep_asking(port: int, path: str) -> None:
    """So many requests, so many at once, while another is held all the time.

    They are there for the load, and take no more of a response than its head.
    """
    holding = await asyncio.open_connection("127.0.0.1", port)
    holding[1].write(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
    await holding[0].readuntil(b"\r\n\r\n")

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(REQUESTS // AT_ONCE):
            writer.write(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
        writer.close()

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    holding[1].close()


def peak(pid: int) -> int:
    """The most bytes that the process has held at once."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def listens(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.mark.thorough
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read in /proc")
@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/cycle", ("--no-reload",)),
        ("/cycle", ("--no-reload", "--engine", "tornado")),
        ("/waiting", ("--no-reload",)),
        ("/many/cycle", ("--no-reload",)),
        ("/swap", ("--no-reload",)),
        ("/swap", ("--workers", "1")),  # forked from a zygote
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_program_that_makes_cycles_needs_no_more_memory_than_by_itself(
    serve: Serve, wait_for: Callable[..., Any], path: str, options: tuple[str, ...]
) -> None:
    environment = {"MANY": "1"} if path.startswith("/many") else {}
    theirs = peak_by_itself(serve, wait_for, path, environment)
    server = serve({"app.py": APP}, *options, "--no-access-log", TARGET, env=environment)
    asyncio.run(keep_asking(int(server.url.rpartition(":")[2].rstrip("/")), path))
    ours = peak(server.get("/").json()["pid"])
    print(f"{path}: {ours >> 20} MiB, by itself {theirs >> 20} MiB")
    assert ours <= 1.5 * theirs


def peak_by_itself(
    serve: Serve, wait_for: Callable[..., Any], path: str, environment: dict[str, str]
) -> int:
    """The same without tornkit."""
    (serve.folder / "app.py").write_text(APP)
    port = serve.free_port()
    with subprocess.Popen(
        [sys.executable, "app.py", str(port)], cwd=serve.folder, env=os.environ | environment
    ) as process:
        try:
            wait_for(lambda: listens(port), "the program to serve")
            asyncio.run(keep_asking(port, path))
            return peak(process.pid)
        finally:
            process.kill()
