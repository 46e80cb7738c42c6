"""Programs that hold what can't be held twice, and programs that end by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.addresses import is_free
from tornkit import linux

if TYPE_CHECKING:
    from tests.integration.serve import Serve

PROGRAM = """
    import asyncio
    import fcntl
    import os
    import socket
    import sys

    import tornado.web

    VERSION = 1


    class Version(tornado.web.RequestHandler):
        def get(self):
            self.write(str(VERSION))


    class Quit(tornado.web.RequestHandler):
        def get(self):
            asyncio.get_running_loop().call_later(0.05, sys.exit, 0)


    def hold():
        {hold}


    async def main():
        held = hold()
        tornado.web.Application([("/", Version), ("/quit", Quit)]).listen(8888)
        await asyncio.Event().wait()


    if __name__ == "__main__":
        asyncio.run(main())
"""
HOLDS = {
    "a lock": (
        "file = open('the.lock', 'w'); fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB); "
        "return file",
        "the lock on .*/the.lock",
    ),
    "a port": (
        "sock = socket.socket(); sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); "
        "sock.bind(('127.0.0.1', PORT)); sock.listen(); return sock",
        "tcp port PORT",
    ),
}


@pytest.mark.thorough
@pytest.mark.skipif(not linux.USED, reason="what is held is read from /proc")
@pytest.mark.parametrize("what", HOLDS)
def test_the_old_code_ends_first(serve: Serve, what: str) -> None:
    port = str(serve.free_port())
    hold, named = (each.replace("PORT", port) for each in HOLDS[what])
    server = serve({"main.py": PROGRAM.replace("{hold}", hold)}, "main.py", "--workers", "1")
    server.edit("main.py", "VERSION = 1", "VERSION = 2")
    server.wait_for_reload()
    server.wait_for_answer("2")
    server.wait_for_log(f"the code from before holds {named}")
    assert server.errors == []
    # What is wrong with the code still ends nothing.
    server.edit("main.py", "VERSION = 2", "VERSION = ")
    server.wait_for_log("SyntaxError")
    assert server.get().text == "2"


@pytest.mark.thorough
def test_a_program_that_ends_by_itself(serve: Serve, wait_for: Callable[..., Any]) -> None:
    program = PROGRAM.replace("{hold}", "return None")
    server = serve({"main.py": program}, "main.py")
    server.get("/quit")
    server.wait_for_log("ended by itself, with status 0; save a file to start it again")
    wait_for(lambda: is_free(server.url), "its port is closed")
    server.edit("main.py", "VERSION = 1", "VERSION = 2")
    server.wait_for_reload()
    server.wait_for_answer("2")
    server.stop()
    once = serve({"main.py": program}, "main.py", "--no-reload")
    once.get("/quit")
    assert once.wait_until_ended() == 0
    assert "starting another" not in once.log
