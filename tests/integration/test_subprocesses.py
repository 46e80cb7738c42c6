"""A handler's own children: started, read and waited for as without tornkit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.serve import Serve

APP = """\
import asyncio
import subprocess

from tornado.ioloop import IOLoop
from tornado.process import Subprocess
from tornado.web import Application, RequestHandler

COMMAND = ["sh", "-c", "echo here; exit 3"]


class Main(RequestHandler):
    async def get(self):
        theirs = Subprocess(COMMAND, stdout=Subprocess.STREAM)
        text = await theirs.stdout.read_until_close()
        status = await theirs.wait_for_exit(raise_error=False)
        asyncios = await asyncio.create_subprocess_exec(*COMMAND, stdout=subprocess.PIPE)
        output, _ = await asyncios.communicate()
        in_thread = await IOLoop.current().run_in_executor(
            None, lambda: subprocess.run(COMMAND, stdout=subprocess.PIPE)
        )
        found = [text, status, output, asyncios.returncode, in_thread.stdout, in_thread.returncode]
        self.write(f"1 {found}")


def make_app():
    return Application([("/", Main)])
"""


@pytest.mark.thorough
def test_each_way_to_start_one_gives_its_output_and_its_end(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "app.py:make_app")
    expected = f"1 {[b'here' + bytes([10]), 3] * 3}"
    assert server.get().text == expected
    server.edit("app.py", 'f"1 ', 'f"2 ')
    server.wait_for_answer("2 ")
    assert server.get().text == expected.replace("1 ", "2 ", 1)
