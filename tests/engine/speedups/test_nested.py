"""Programs that replace parts of asyncio, as notebooks do with ``nest_asyncio``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]

# As `nest_asyncio.apply` does: the tasks and futures in Python, everywhere.
REPLACING = """
import asyncio
def apply():
    asyncio.Task = asyncio.tasks._CTask = asyncio.tasks.Task = asyncio.tasks._PyTask
    asyncio.Future = asyncio.futures._CFuture = asyncio.futures.Future = asyncio.futures._PyFuture
"""
NESTING = """
import nest_asyncio
apply = nest_asyncio.apply
"""
PROGRAM = """
import asyncio, logging, sys
from tornado.web import Application, RequestHandler
from tests.engine.serving import serving
from tornkit.engine import speedups
from tornkit.engine.server import HTTPServer
logging.basicConfig(format="%(name)s: %(message)s", stream=sys.stdout)
logging.getLogger("tornado").propagate = False

class Current(RequestHandler):
    def get(self):
        self.write(str(type(asyncio.current_task()) is asyncio.Task))

class Waiting(RequestHandler):
    def get(self):
        return self.later()

    async def later(self):
        await asyncio.sleep(0.001)
        self.write(str(type(asyncio.current_task()) is asyncio.Task))

async def main():
    if when == "before":
        apply()
    async with serving(HTTPServer, Application([("/", Current), ("/waiting", Waiting)])) as made:
        client = await made.connect()
        await client.request("/")
        await client.request("/waiting")
        if when == "live":
            apply()
        for path in ("/", "/waiting"):
            response = await client.request(path)
            print(response.status, response.body.decode())

when = sys.argv[1]
speedups.install()
asyncio.run(asyncio.wait_for(main(), 10))
"""


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.thorough), "live"])
@pytest.mark.parametrize("how", ["replacing", pytest.param("nesting", marks=pytest.mark.thorough)])
def test_tasks_in_python_are_the_handlers_tasks(how: str, when: str) -> None:
    if how == "nesting":
        pytest.importorskip("nest_asyncio")
    program = (REPLACING if how == "replacing" else NESTING) + PROGRAM
    done = subprocess.run(
        [sys.executable, "-c", program, when],
        capture_output=True, text=True, timeout=50, check=False, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.stderr == ""
    *told, first, second = done.stdout.splitlines()
    # Since 3.14 `asyncio.current_task` is in C, and finds no task that is in Python.
    found = sys.version_info < (3, 14)
    assert [first, second] == [f"200 {found}"] * 2
    assert len(told) == 1
    assert "asyncio.Task was replaced by asyncio.tasks" in told[0]
    assert "Tornado's own code starts the handlers" in told[0]
