"""``RequestHandler._execute``, in two halves: up to where a handler waits, and from there on.

The first is a plain function: to make a coroutine, send it None and catch its StopIteration costs
3 microseconds more, and most handlers never wait. Each step is Tornado's, in Tornado's order, and
so is what becomes of an exception; handlers that stream their request's body are not run here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPInputError
from tornado.log import app_log
from tornado.web import Finish, HTTPError

from tornkit.engine.fidelity import variants
from tornkit.engine.request import LazyRequest
from tornkit.engine.speedups import finishing
from tornkit.engine.speedups.arguments import decoded
from tornkit.own_frames import hide_own_frames

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest
    from tornado.web import OutputTransform, RequestHandler


_ANSWERED: tuple[type[BaseException], ...] = (Exception,)
if variants.CANCELLED_ANSWERED:
    _ANSWERED = (Exception, asyncio.CancelledError)
_PROTECTED = variants.CROSS_ORIGIN_PROTECTION
_SAFE = ("GET", "HEAD", "OPTIONS")


def begin(
    handler: RequestHandler,
    transforms: list[OutputTransform],
    args: list[bytes],
    kwargs: dict[str, bytes],
) -> Coroutine[Any, Any, None] | None:
    """Run the handler up to where it waits; return a coroutine of the rest, or None.

    :raises asyncio.CancelledError: the handler's task was cancelled. An exception of the handler's
        is answered and logged, as ``_execute`` does.
    """
    handler._transforms = transforms
    try:
        request = handler.request
        method: Any = request.method
        if method not in handler.SUPPORTED_METHODS:
            raise HTTPError(405)
        if _may_have_arguments(request):
            try:
                request._parse_body()
            except HTTPInputError as error:
                raise HTTPError(400, f"Invalid body: {error}") from error
        handler.path_args = decoded(handler, args) if args else []
        handler.path_kwargs = (
            {k: handler.decode_argument(v, name=k) for k, v in kwargs.items()} if kwargs else {}
        )
        if _PROTECTED:
            handler._cross_origin_protection()
        elif method not in _SAFE and handler.application.settings.get("xsrf_cookies"):
            handler.check_xsrf_cookie()
        waiting = handler.prepare()
        if waiting is not None:
            return _go_on(handler, waiting, prepared=False)
        if handler._finished:
            return None
        waiting = getattr(handler, method.lower())(*handler.path_args, **handler.path_kwargs)
        if waiting is not None:
            return _go_on(handler, waiting, prepared=True)
        if handler._auto_finish and not handler._finished:
            finishing.finish_unseen(handler)
    except _ANSWERED as error:
        _answer(handler, error)
    return None


def _may_have_arguments(request: HTTPServerRequest) -> bool:
    """Whether ``_parse_body`` has work: it looks for a form, and moves arguments that are there."""
    return (
        type(request) is not LazyRequest
        or request.headers.get("Content-Type") is not None
        or bool(request.body_arguments)
    )


async def _go_on(handler: RequestHandler, waiting: Awaitable[None], *, prepared: bool) -> None:
    try:
        await waiting
        if not prepared:
            if handler._finished:
                return
            method = getattr(handler, handler.request.method.lower())
            result = method(*handler.path_args, **handler.path_kwargs)
            if result is not None:
                await result
        if handler._auto_finish and not handler._finished:
            finishing.finish_unseen(handler)
    except _ANSWERED as error:
        _answer(handler, error)


def _answer(handler: RequestHandler, error: BaseException) -> None:
    """Answer an exception as ``_execute`` does in its ``except``; called in one.

    :raises asyncio.CancelledError: it is for the task, not for the handler alone.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            if not handler._finished:
                try:
                    handler.send_error(500)
                except Exception:  # noqa: BLE001 - an application's own
                    app_log.error("Exception in exception handler", exc_info=True)
            raise error
    if not isinstance(error, HTTPError | Finish):  # those are answers, and no traceback is shown
        hide_own_frames(error)
    try:
        handler._handle_request_exception(error)
    except Exception:  # noqa: BLE001 - an application's own
        app_log.error("Exception in exception handler", exc_info=True)
