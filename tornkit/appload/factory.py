"""Calls a factory so that it may do what it could in a program, before or inside of its loop.

Some programs make their application in ``async def main()``, where a loop runs: a factory may then
use `asyncio.create_task` or `asyncio.get_running_loop`. Others make it before, and a factory may
run a loop: ``IOLoop.current().run_sync(setup)``, ``asyncio.run(setup())``. Which of them a factory
was written for can't be seen, and to call it twice could do things twice. So it is called where the
loop does not run and is reported as the running one nevertheless; while the factory runs a loop
itself, that one is reported.

Used of asyncio are `_get_running_loop` and `_set_running_loop` of `asyncio.events`, which its
documentation leaves to implementers of loops. Without them no loop is reported as running.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from asyncio import events
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
Loop = asyncio.AbstractEventLoop
_GET, _REPORT = "_get_running_loop", "_set_running_loop"


def call_as_if_running(loop: Loop, function: Callable[[], T]) -> T:
    """Call a function with ``loop`` as the current and running loop; it may run any loop."""
    get: Callable[[], Loop | None] | None = vars(events).get(_GET)
    report: Callable[[Loop | None], None] | None = vars(events).get(_REPORT)
    if get is None or report is None:
        return function()
    with _asyncio_runs(loop, get, report), _others_run(loop, report):
        report(loop)
        try:
            return function()
        finally:
            report(None)


@contextlib.contextmanager
def _asyncio_runs(
    reported: Loop, get: Callable[[], Loop | None], report: Callable[[Loop | None], None]
) -> Iterator[None]:
    """Let asyncio's own loops, and `asyncio.run`, run although ``reported`` seems to.

    They ask and report through `asyncio.events`; the factory does it through `asyncio`.
    """
    thread = threading.get_ident()

    def get_running_loop() -> Loop | None:
        found = get()
        return None if found is reported and not reported.is_running() else found

    def set_running_loop(loop: Loop | None) -> None:
        report(reported if loop is None and threading.get_ident() == thread else loop)

    vars(events).update({_GET: get_running_loop, _REPORT: set_running_loop})
    try:
        yield
    finally:
        vars(events).update({_GET: get, _REPORT: report})


@contextlib.contextmanager
def _others_run(reported: Loop, report: Callable[[Loop | None], None]) -> Iterator[None]:
    """Let loops of another library, as uvloop's, run although ``reported`` seems to.

    Such a loop asks a function that it has kept, so ``run_forever`` of its class is replaced.
    Not done to asyncio's: the engine sees its classes changed, and looks at them again.
    """
    kind: Any = type(reported)
    if isinstance(reported, asyncio.BaseEventLoop):
        yield
        return
    thread = threading.get_ident()
    run_forever = kind.run_forever

    def run(self: Loop) -> None:
        outermost = threading.get_ident() == thread and not reported.is_running()
        if outermost:
            report(None)
        try:
            run_forever(self)
        finally:
            if outermost:
                report(reported)

    kind.run_forever = run
    try:
        yield
    finally:
        del kind.run_forever
