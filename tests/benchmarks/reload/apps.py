"""The measured application, one source for each framework, and how it is edited.

Each is one file, app.py, with one handler that answers ``edit 7`` in plain text, 7 being the
constant that an edit rewrites. The heavy variant differs from the tiny one by one import.

Python trusts cached bytecode whose source has the same length and the same modification time in
whole seconds; two edits within a second would now and then show the older one for ever, and be
blamed on the server. So consecutive edits differ in length, as an edit by hand mostly does.
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from string import Template

from tests.benchmarks.harness.case import Case

FILE = "app.py"

# What each variant imports besides its framework.
HEAVY_IMPORTS = {"tiny": "", "pandas": "import pandas\n"}
CASES = {name: Case(name, f"{name} app (ms)") for name in HEAVY_IMPORTS}
REQUIREMENTS = ("pandas",)

TORNADO = """\
import asyncio
import sys

from tornado.web import Application, RequestHandler
${heavy}
EDIT = ${edit}  # ${padding}


class Page(RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write(f"edit {EDIT}")


def make_app(**settings):
    return Application([("/", Page)], **settings)


async def main():
    make_app(debug=True).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""

STARLETTE = """\
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
${heavy}
EDIT = ${edit}  # ${padding}


async def page(request):
    return PlainTextResponse(f"edit {EDIT}")


app = Starlette(routes=[Route("/", page)])
"""

# adev has no option that turns its access log off.
AIOHTTP = """\
import logging

from aiohttp import web
${heavy}
EDIT = ${edit}  # ${padding}

logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


async def page(request):
    return web.Response(text=f"edit {EDIT}")


def create_app():
    app = web.Application()
    app.router.add_get("/", page)
    return app
"""

QUART = """\
from quart import Quart
${heavy}
EDIT = ${edit}  # ${padding}

app = Quart(__name__)


@app.get("/")
async def page():
    return f"edit {EDIT}", {"Content-Type": "text/plain"}
"""


class Save(Enum):
    """How an editor saves: into the file, or into a new one that takes its place."""

    PLAIN = "plain"
    ATOMIC = "atomic"


def source(framework: str, app: str, edit: int) -> str:
    """The text of app.py after edit number ``edit``; 0 is the start."""
    return Template(framework).substitute(
        heavy=HEAVY_IMPORTS[app], edit=edit, padding="." * (edit % 50)
    )


def save(file: Path, text: str, style: Save) -> None:
    """Write the file as an editor would."""
    if style is Save.PLAIN:
        file.write_text(text)
        return
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(text)
    os.replace(aside, file)  # noqa: PTH105 - beside write_text, the two steps of it


def edit_of(body: bytes) -> int:
    """b"edit 7"  ->  7; ValueError for any other body."""
    word, _, number = body.decode("ascii").partition(" ")
    if word != "edit":
        raise ValueError(f"not this application's answer: {body[:80]!r}")
    return int(number)
