"""Replaces Tornado's error pages (`RequestHandler.write_error`) by those of the dev tools.

A class that has a ``write_error`` of its own keeps it.
"""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Collection
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError, RequestHandler

from tornkit.appload.shadowing import library_names
from tornkit.devtools import page_script
from tornkit.devtools.access import may_see
from tornkit.devtools.form import wanted
from tornkit.engine.speedups import finishing

if TYPE_CHECKING:
    from tornkit.devtools.answers import ErrorAnswer

_log = logging.getLogger("tornkit")
_own: Any = None
_own_finish: Any = None
_answers: Any = None  # the module that makes the pages, once there has been one
_hosts: Collection[str] = ()


def install(hosts: Collection[str] = ()) -> None:
    """Answer errors with pages from now on; ``hosts`` are this machine's names beside localhost."""
    global _own, _hosts  # noqa: PLW0603 - a process has one Tornado
    _hosts = hosts
    if _own is None:
        _own = RequestHandler.write_error
        RequestHandler.write_error = write_error  # type: ignore[method-assign]


def edit_pages(generation: str, hosts: Collection[str] = ()) -> None:
    """Put the script into pages from now on (`page_script`); the speedups are there by now."""
    global _own_finish  # noqa: PLW0603
    page_script.use(generation, hosts)
    if RequestHandler.finish is finishing.finish:
        finishing.edit = page_script.edit
    elif _own_finish is None:
        _own_finish = RequestHandler.finish
        RequestHandler.finish = finish  # type: ignore[method-assign]


def leave_pages() -> None:
    """Put the script into no more pages from now on: undo `edit_pages`."""
    global _own_finish  # noqa: PLW0603
    finishing.edit = None
    if _own_finish is not None and RequestHandler.finish is finish:
        RequestHandler.finish = _own_finish  # type: ignore[method-assign]
    _own_finish = None


def finish(self: RequestHandler, chunk: Any = None) -> Future[None]:
    """Finish an answer, with the script in it where it is a page."""
    chunk = page_script.edit(self, chunk)
    future: Future[None] = _own_finish(self) if chunk is None else _own_finish(self, chunk)
    return future


def uninstall() -> None:
    """Restore Tornado's error pages, unless other code has replaced ``write_error`` since."""
    global _own  # noqa: PLW0603
    if _own is not None and RequestHandler.write_error is write_error:
        RequestHandler.write_error = _own  # type: ignore[method-assign]
    _own = None


def write_error(self: RequestHandler, status_code: int, **kwargs: Any) -> None:
    """Write an error page; as Tornado's for whoever is not at this machine."""
    answer = None
    if may_see(self.request, _hosts):
        try:
            answer = _answer(self, status_code, kwargs)
        except Exception:  # noqa: BLE001 - an error about an error: the first one counts
            _log.warning("no page of this error can be made", exc_info=True)
    if answer is None:
        _own(self, status_code, **kwargs)
        return
    # What the application sets on each answer may let another site read it, or keep it.
    self.clear_header("Access-Control-Allow-Origin")
    self.set_header("Cache-Control", "no-store")
    self.set_header("X-Content-Type-Options", "nosniff")
    for name, value in answer.headers:
        self.set_header(name, value)
    self.finish(answer.body)


def _answer(handler: RequestHandler, status: int, given: dict[str, Any]) -> ErrorAnswer | None:
    global _answers  # noqa: PLW0603
    made: ErrorAnswer | None = None
    error = given.get("exc_info", (None, None, None))[1]
    form = wanted(handler.request)
    if form is None:
        return None
    if _answers is None:
        _answers = _import()
    answers = _answers
    if status in (404, 405):
        made = answers.of_missing(handler, status, error, form)
    elif status == 500 and error is not None and not isinstance(error, HTTPError):
        made = answers.of_error(handler, status, error, form)
    return made


def _import() -> ModuleType:
    """Import what makes the pages; once only, for the program's threads may import meanwhile."""
    with library_names():
        from tornkit.devtools import answers

        answers.prepare()
    return answers
