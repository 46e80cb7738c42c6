"""The application under test: from ``[tool.tornkit]`` of the project, or from a fixture's value.

A factory is called in the thread of the loop that is going to serve its application, as
`tornkit serve` calls it: it may use that loop, or run one by itself. Tornado's autoreload, which
``debug=True`` starts and which would begin the whole run of the tests anew, is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tornado import autoreload
from tornado.httputil import HTTPServerConnectionDelegate

from tornkit.appload import locate
from tornkit.appload.load import application_of, call_factory, find_attribute
from tornkit.appload.survey import survey
from tornkit.appload.target import Kind, Target
from tornkit.errors import UsageError
from tornkit.pyproject import read_tool_table
from tornkit.testing.loop_thread import LoopThread
from tornkit.testing.settings import serving_settings


def project_of(test: Path, root: Path) -> Path:
    """Folder whose pyproject.toml has ``[tool.tornkit]``: the nearest above a test; else ``root``.

    Not above ``root``, pytest's root folder. So each part of a repository with several projects has
    its own application.

    :raises UsageError: a pyproject.toml can't be read.
    """
    for folder in (test, *test.parents):
        if not folder.is_relative_to(root):
            break
        file = folder / "pyproject.toml"
        if file.is_file() and read_tool_table(file):
            return folder
    return root


def target_in(project: Path, app: str | None = None) -> Target:
    """Target of a project, as `tornkit serve` finds it there; or of words as on its command line.

    :raises UsageError, AppNotFound, NoSuchModule:
    """
    target = locate(app, cwd=project)
    if not target.is_program:
        return target
    # Running the program would serve; the application that its file holds can be had alone.
    name = survey(Path(target.path)).usual_name if target.path is not None else None
    if name is not None:
        return locate(f"{target.path}:{name}", cwd=project)
    raise UsageError(
        f"{target.label} is a program, which a test can't call: say where its application is made, "
        'as in [tool.tornkit] app = "app.py:make_app", or override the fixture tornkit_app'
    )


def new_loop(project: Path) -> Callable[[], asyncio.AbstractEventLoop]:
    """Factory of the loop that the project is served by: asyncio's own, or uvloop's.

    :raises UsageError: that is not installed.
    """
    if serving_settings(project).loop != "uvloop":
        return asyncio.new_event_loop
    try:
        import uvloop
    except ModuleNotFoundError:
        raise UsageError(
            "[tool.tornkit.serve] loop is uvloop, which is not installed: pip install uvloop"
        ) from None
    return uvloop.new_event_loop


def make(loop: LoopThread, found: object, project: Path) -> HTTPServerConnectionDelegate:
    """The application that ``found`` is, makes when it is called, or names as APP of a command.

    None for the project's own.

    :raises TornkitError: there is none, or the user's code raised.
    """
    if isinstance(found, HTTPServerConnectionDelegate):
        return found
    if found is None or isinstance(found, str):
        target = target_in(project, found)
    else:
        folder = str(project)
        target = Target(Kind.APPLICATION, "tornkit_app", import_root=folder, project=folder)

    def call(own: asyncio.AbstractEventLoop) -> object:
        named = found is None or isinstance(found, str)
        return call_factory(find_attribute(target) if named else found, target, own)

    with _without_autoreload():
        return loop.wait(application_of(loop.run_aside(call), target))


@contextlib.contextmanager
def _without_autoreload() -> Iterator[None]:
    """Keep ``debug=True`` from watching files: it would replace this process by a new one."""
    start = autoreload.start
    autoreload.start = _not_started
    try:
        yield
    finally:
        autoreload.start = start


def _not_started(check_time: int = 500) -> None:
    """Do nothing, in place of `tornado.autoreload.start`."""
