"""A program that brings a Tornado of its own is served with that."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tornado

if TYPE_CHECKING:
    from tests.integration.serve import Serve

PROGRAM = """
    import asyncio

    import tornado
    import tornado.httputil
    import tornado.web

    VERSION = 1


    class Which(tornado.web.RequestHandler):
        def get(self):
            self.write(f"{VERSION} {tornado.__file__} {tornado.httputil.__file__}")


    async def main():
        tornado.web.Application([("/", Which)]).listen(8888)
        await asyncio.Event().wait()


    if __name__ == "__main__":
        asyncio.run(main())
"""


@pytest.mark.thorough
@pytest.mark.parametrize("preload", ["fork", "standby", "off"])
def test_a_program_gets_the_tornado_in_its_folder(serve: Serve, preload: str) -> None:
    own = serve.folder / "tornado"
    shutil.copytree(
        Path(tornado.__file__).parent, own, ignore=shutil.ignore_patterns("test", "__pycache__")
    )
    server = serve({"main.py": PROGRAM}, "main.py", "--preload", preload)
    files = f"{own / '__init__.py'} {own / 'httputil.py'}"
    assert server.get().text == f"1 {files}"
    server.edit("main.py", "VERSION = 1", "VERSION = 2")
    server.wait_for_reload()
    assert server.get().text == f"2 {files}"
