"""Programs that serve in threads, or listen again when they serve already.

Plain ``python program.py`` serves all of these, and a Ctrl-C ends them.
"""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.serve import Serve
from tests.integration.server import Server

_BEGINNING = """\
import asyncio, signal, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        self.write("1 of " + threading.current_thread().name)


def app():
    return Application([("/", Main)])


async def main():
    app().listen(0, "127.0.0.1")
    try:
        await asyncio.Event().wait()
    finally:
        print("cleaned up", flush=True)


def serve():
    asyncio.run(main())


def start():
    loop = IOLoop(make_current=True)
    app().listen(0, "127.0.0.1")
    loop.start()


"""

# What the main thread does, and how many servers there are.
_PROGRAMS = {
    "a second server": (2, "threading.Thread(target=serve).start()\nserve()"),
    "three, in Tornado's way": (
        3,
        "for _ in range(2): threading.Thread(target=start).start()\nstart()",
    ),
    "main sleeps": (
        1,
        "threading.Thread(target=serve).start()\nwhile True: time.sleep(1)",
    ),
    "main sleeps, daemon": (
        1,
        "threading.Thread(target=serve, daemon=True).start()\nwhile True: time.sleep(1)",
    ),
    "main joins": (
        1,
        "thread = threading.Thread(target=start)\nthread.start()\nthread.join()",
    ),
    "main has ended": (1, "threading.Thread(target=serve).start()"),
    "main pauses": (1, "threading.Thread(target=serve).start()\nsignal.pause()"),
    "main runs another loop": (
        1,
        "threading.Thread(target=start).start()\nasyncio.run(asyncio.sleep(3600))",
    ),
    "another listens later": (2, "threading.Timer(0.7, serve).start()\nserve()"),
    "run_coroutine_threadsafe": (
        1,
        "loop = asyncio.new_event_loop()\n"
        "threading.Thread(target=loop.run_forever, daemon=True).start()\n"
        "asyncio.run_coroutine_threadsafe(main(), loop).result()",
    ),
    "an executor": (
        2,
        "async def both():\n"
        "    asyncio.get_running_loop().run_in_executor(None, start)\n"
        "    await main()\n"
        "asyncio.run(both())",
    ),
    "an executor at the end": (
        1,
        "pool = ThreadPoolExecutor()\npool.submit(time.sleep, 0)\nserve()",
    ),
    "a thread that waits for ever": (
        1,
        "threading.Thread(target=threading.Event().wait).start()\nserve()",
    ),
    "an orderly end of its own": (
        1,
        "loop = asyncio.new_event_loop()\n"
        "def run():\n"
        "    asyncio.set_event_loop(loop)\n"
        "    try:\n"
        "        loop.run_until_complete(main())\n"
        "    except asyncio.CancelledError:\n"
        "        pass\n"
        "thread = threading.Thread(target=run)\n"
        "thread.start()\n"
        "try:\n"
        "    thread.join()\n"
        "except KeyboardInterrupt:\n"
        "    loop.call_soon_threadsafe(lambda: [t.cancel() for t in asyncio.all_tasks(loop)])\n"
        "    thread.join()\n"
        "    print('in order', flush=True)\n",
    ),
}
# One loop, and no thread: messages come while a claim waits for its grant.
_PROGRAMS |= {
    "a turn between": (
        2,
        "async def both():\n"
        "    app().listen(0, '127.0.0.1')\n"
        "    await asyncio.sleep(0)\n"
        "    await main()\n"
        "asyncio.run(both())",
    ),
    "from a callback, later": (
        2,
        "async def both():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    loop.call_later(0.2, lambda: app().listen(0, '127.0.0.1'))\n"
        "    await main()\n"
        "asyncio.run(both())",
    ),
}
_ORDINARY = ("a second server",)


def _urls(server: Server) -> list[str]:
    lines = [line for line in server.log.splitlines() if "serving" in line]
    return re.findall(r"http://[\d.:]+", "\n".join(lines))


def _check(serve: Serve, wait_for: Callable[..., Any], what: str, *options: str) -> None:
    count, body = _PROGRAMS[what]
    source = _BEGINNING + 'if __name__ == "__main__":\n' + textwrap.indent(body, "    ")
    server = serve({"main.py": source}, "main.py", *options).wait_until_serving()
    wait_for(lambda: len(_urls(server)) >= count, f"{count} addresses")
    urls = _urls(server)
    assert len(set(urls)) == count
    for url in urls:
        assert server.get(url=url).text.startswith("1 of ")
    server.write("main.py", source.replace("1 of", "2 of"))
    server.wait_for_reload()
    if what == "another listens later":
        # Than a reload waits for it: at another port then, unless the old worker took its time.
        wait_for(
            lambda: len(_urls(server)) > count or _is_new(server, urls[1]),
            "the later address of the new code",
        )
        urls = [urls[0], *_urls(server)[1:][-1:]]
    for url in urls:
        wait_for(lambda url=url: _is_new(server, url), "the new code")
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 5
    assert "Traceback" not in server.log
    assert "was killed" not in server.log


def _is_new(server: Server, url: str) -> bool:
    try:
        return server.get(url=url).text.startswith("2 of ")
    except (OSError, EOFError):  # the port was given up
        return False


@pytest.mark.thorough
@pytest.mark.parametrize("what", _ORDINARY)
def test_servers_in_threads(serve: Serve, wait_for: Callable[..., Any], what: str) -> None:
    _check(serve, wait_for, what)


@pytest.mark.thorough
@pytest.mark.parametrize("what", ["a second server", "main sleeps", "an executor"])
def test_threads_with_uvloop(serve: Serve, wait_for: Callable[..., Any], what: str) -> None:
    pytest.importorskip("uvloop")
    _check(serve, wait_for, what, "--loop", "uvloop")


@pytest.mark.thorough
@pytest.mark.parametrize("what", [each for each in _PROGRAMS if each not in _ORDINARY])
def test_more_servers_in_threads(serve: Serve, wait_for: Callable[..., Any], what: str) -> None:
    _check(serve, wait_for, what)
