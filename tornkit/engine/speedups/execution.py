"""``_HandlerDelegate.execute``: handlers without a task while nothing waits.

Tornado makes the handler when its request is complete, and runs it in a task of its own, which
takes its first step in the next turn of the loop. So it is here, in the same turn and in the same
context; but what is scheduled is `task.run`, which makes that step without a task. To take it at
once was tried: it would have to be proved that nobody can tell, and it is slower by 4 microseconds
where many connections have something to say, because the turn then alternates between reading
heads and running handlers.

A handler that is a coroutine function gets its task there and then, so that it waits in the same
turn as with Tornado. Where ``_execute`` is Tornado's, `body` does what it does; else it is called
as ever. Pays 6 microseconds.

With a task factory, and in asyncio's debug mode, everything is Tornado's: each handler's task is to
be seen from its beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextvars import copy_context
from inspect import CO_COROUTINE
from types import FunctionType
from typing import Any

from tornado import gen
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from tornkit.engine.fidelity import replaced
from tornkit.engine.fidelity.methods import is_method
from tornkit.engine.routers.direct import DirectMatch, OpenRequest
from tornkit.engine.speedups import task as tasks
from tornkit.engine.speedups.body import begin
from tornkit.engine.transport.batch import call_soon

_running_loop = asyncio._get_running_loop
_prepare = RequestHandler.prepare
_NONE: dict[str, Any] = {}

own_execute: Any = None
"""Tornado's own; set by `install`, as what follows."""
own_body: Any = None


def execute(self: Any) -> Awaitable[None] | None:
    """Make the handler, and run it in the next turn of the loop."""
    application = self.application
    # Its connection may be Tornado's own, which does not look.
    replaced.is_aside(asyncio.get_running_loop())
    if self.stream_request_body or (loop := _usual_loop(application)) is None:
        awaitable: Awaitable[None] | None = own_execute(self)
        return awaitable
    handler = self.handler = self.handler_class(application, self.request, **self.handler_kwargs)
    _schedule(loop, application, self.request, handler, self.path_args, self.path_kwargs)
    return None


def start(found: DirectMatch, exchange: OpenRequest) -> bool:
    """Make a handler at the end of its request, and schedule it; or return False."""
    application, request, handler_class, params = found
    loop = _usual_loop(application)
    if loop is None or exchange.write_finished or exchange.detached:
        return False
    exchange.read_finished = True
    request.body = b""
    given = params.get("target_kwargs")
    handler = (
        handler_class(application, request, **given)
        if given
        else handler_class(application, request)
    )
    args, kwargs = params.get("path_args") or (), params.get("path_kwargs") or _NONE
    _schedule(loop, application, request, handler, args, kwargs)
    return True


def _usual_loop(application: Application) -> asyncio.AbstractEventLoop | None:
    """The loop that runs; None if anything here is to be left to Tornado's own code."""
    settings = application.settings
    loop = _running_loop()
    if (
        loop is None
        or replaced.tasks_aside
        or ("compiled_template_cache" in settings and not settings["compiled_template_cache"])
        or ("static_hash_cache" in settings and not settings["static_hash_cache"])
        or loop.get_task_factory() is not None
        or loop.get_debug()
    ):
        return None
    return loop


def _schedule(
    loop: asyncio.AbstractEventLoop,
    application: Application,
    request: HTTPServerRequest,
    handler: RequestHandler,
    args: Sequence[bytes],
    kwargs: dict[str, bytes],
) -> None:
    makers = application.transforms
    transforms = [make(request) for make in makers] if makers else []
    if not is_method(handler._execute, own_body, handler) or not _may_not_wait(handler):
        gen.convert_yielded(handler._execute(transforms, *args, **kwargs)).add_done_callback(
            tasks.tell_failure
        )
        return
    variables = copy_context()
    work = (loop, variables, begin, handler, transforms, args, kwargs)
    call_soon(loop, variables, tasks.run, work)


def _may_not_wait(handler: RequestHandler) -> bool:
    """Whether neither ``prepare`` nor the HTTP method's function is seen to be a coroutine."""
    method: Any = handler.request.method
    if method not in handler.SUPPORTED_METHODS:
        return True
    kind = type(handler)
    prepare, answer = kind.prepare, getattr(kind, method.lower(), None)
    return not (
        (prepare is not _prepare and _waits(prepare))  # Tornado's own does nothing
        or _waits(answer)
    )


def _waits(function: Any) -> bool:
    """Whether a function is a coroutine function, below its decorators, or has no code."""
    if type(function) is FunctionType and not function.__dict__:
        return bool(function.__code__.co_flags & CO_COROUTINE)  # nothing of what follows
    while True:
        code = getattr(function, "__code__", None)
        if code is None or code.co_flags & CO_COROUTINE:
            return True
        if hasattr(function, "__tornado_coroutine__"):
            return True
        if not hasattr(function, "__wrapped__"):
            return False
        function = function.__wrapped__
