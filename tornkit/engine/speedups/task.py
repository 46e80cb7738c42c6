"""A task of its own for each handler, that costs nothing until it is asked for.

Tornado runs each handler in a task. Nearly all finish in their first step, and then the task was
made, registered, scheduled and told of its end for nothing: 4 microseconds. Here that first step is
made without one. While it lasts, ``asyncio.current_task()`` is a `HandlerTask` that has not been
initialised, which costs 0.4 microseconds; whatever is asked of it, by `asyncio` or anybody,
initialises it first. So does a handler that has to wait, and from then on asyncio runs it as any
other: the same object, in the same context.

The task goes on with the handler's coroutine through a generator (`_follow`), because it was
suspended before the task began: the first thing to do is to wait for what it waits for, not to
resume it. The generator is started before the task is, so that a cancellation that comes before the
task's first step finds the handler where it waits, as with Tornado, instead of a coroutine that
never began.
"""

from __future__ import annotations

import asyncio
import sys
import types
from asyncio import tasks
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any
from weakref import ref

from tornkit.engine.fidelity import variants

_enter: Any = getattr(tasks, "_enter_task", None)
_leave: Any = getattr(tasks, "_leave_task", None)
# What `asyncio.all_tasks` looks at: since Python 3.12 a plain set for those that run eagerly.
_register: Any = getattr(tasks, "_register_eager_task", None)
_unregister: Any = getattr(tasks, "_unregister_eager_task", None)
_all: Any = getattr(getattr(tasks, "_all_tasks", None), "data", None)

SUPPORTED = (
    (3, 11) <= sys.version_info[:2] <= (3, 15)
    and None not in (_enter, _leave)
    and (_register is not None or isinstance(_all, set))
    and isinstance(vars(asyncio.Task).get("cancel"), types.MethodDescriptorType)
)
"""Whether this Python's tasks are those that this was written for: the ones in C, up to 3.15."""

Begin = Callable[..., Coroutine[Any, Any, None] | None]

_Task = asyncio.Task
"""Class of tasks that this was written for: ``nest_asyncio`` puts another in its place."""


class HandlerTask(_Task[None]):
    """The task of one handler, initialised when it is needed."""

    __slots__ = (
        "blocks",
        "failure",
        "followed",
        "home",
        "is_real",
        "mark",
        "variables",
        "waits",
        "wanted",
    )

    blocks: bool
    """Whether ``wanted`` was awaited, as futures are; else asyncio refuses it."""

    failure: BaseException | None
    """Exception that the first step raised."""
    followed: Coroutine[Any, Any, None] | None
    """Rest of the handler, after all that could be done at once."""
    home: asyncio.AbstractEventLoop
    is_real: bool
    mark: Callable[[], HandlerTask | None] | None
    """Reference by which `asyncio.all_tasks` knows the task, while it is not real."""
    variables: Context
    wanted: Any
    """Future that the handler has to wait for first, or None for a turn of the loop."""
    waits: bool


_new: Callable[[type[HandlerTask]], HandlerTask] = _Task.__new__


def run(loop: asyncio.AbstractEventLoop, variables: Context, begin: Begin, *arguments: Any) -> None:
    """Call ``begin``, and go on with the coroutine that it returns, if any, in the same task.

    Called in ``variables``, which are the task's.
    """
    task = _new(HandlerTask)
    task.home = loop
    task.variables = variables
    task.is_real = task.waits = False
    task.failure = task.followed = None
    try:
        _enter(loop, task)
    except RuntimeError:  # somebody runs the loop within a task
        own = loop.create_task(_all_of(begin, arguments), context=variables)
        own.add_done_callback(tell_failure)
        return
    _appear(task)
    try:
        task.followed = begin(*arguments)
        if task.followed is not None:
            task.wanted = wanted = task.followed.send(None)
            task.waits = True
            if wanted is not None:
                # As a task's step does: the next one that awaits it may come in this turn.
                task.blocks = getattr(wanted, "_asyncio_future_blocking", None) is True
                if task.blocks:
                    wanted._asyncio_future_blocking = False
            _be_real(task)
    except StopIteration:
        pass
    except BaseException as error:  # noqa: BLE001 - the task's to report, as any task does
        task.failure = error
        _be_real(task)
    finally:
        _leave(loop, task)
        if not task.is_real:
            _disappear(task)


async def _all_of(begin: Begin, arguments: tuple[Any, ...]) -> None:
    rest = begin(*arguments)
    if rest is not None:
        await rest


if _register is not None:
    _appear, _disappear = _register, _unregister

else:

    class _Present:
        """Reusable entry in asyncio's set of all tasks, for the handler that is in its first step.

        WeakSet.add and discard take 0.8 microseconds. These few stand there for good, and are
        dead references while nobody uses them; each thread's loop, and each one in another, takes
        one of its own.
        """

        __slots__ = ("task",)

        def __init__(self) -> None:
            self.task: HandlerTask | None = None

        def __call__(self) -> HandlerTask | None:
            return self.task

    _unused = [_Present() for _ in range(4)] if SUPPORTED else []
    if SUPPORTED:
        _all.update(_unused)

    def _appear(task: HandlerTask) -> None:
        try:
            mark = _unused.pop()
        except IndexError:
            task.mark = ref(task)
            _all.add(task.mark)
        else:
            mark.task = task
            task.mark = mark

    def _disappear(task: HandlerTask) -> None:
        try:
            mark = task.mark
        except AttributeError:  # it was looked at before
            return
        task.mark = None
        if type(mark) is _Present:
            mark.task = None
            _unused.append(mark)
        else:
            _all.discard(mark)


def _be_real(task: HandlerTask) -> None:
    """Have asyncio know of a task, and step it from the next turn of the loop on."""
    if task.is_real:
        return
    task.is_real = True
    _disappear(task)
    follower = _rest_of(task)
    follower.send(None)
    _Task.__init__(task, follower, loop=task.home, context=task.variables)
    task.add_done_callback(tell_failure)


def tell_failure(task: asyncio.Future[None]) -> None:
    """Raise a task's error in its callback, so that the loop's exception handler tells of it."""
    if not (variants.CANCELLED_QUIET and task.cancelled()):
        task.result()


async def _rest_of(task: HandlerTask) -> None:
    await _follow(task)  # a generator alone is no coroutine to `asyncio` since Python 3.12


@types.coroutine
def _follow(task: HandlerTask) -> Generator[Any, Any, None]:
    error: BaseException | None = None
    try:
        yield  # up to here before there is a task
    except BaseException as thrown:  # noqa: BLE001 - the handler's to meet
        error = thrown
    followed, wanted = task.followed, getattr(task, "wanted", None)
    if followed is None or not task.waits:  # it ended in its first step
        failure, task.failure = task.failure or error, None
        if failure is not None:
            raise failure
        return
    task.wanted = None
    waits = wanted is not None  # else for this turn of the loop, which has come
    if wanted is not None and task.blocks:
        if isinstance(error, asyncio.CancelledError) and wanted.cancel(*error.args):
            error = None  # as `Task.cancel` does with what a task waits for
        wanted._asyncio_future_blocking = True
    while True:
        try:
            if error is None and waits:
                yield wanted
        except BaseException as thrown:  # noqa: BLE001 - the handler's to meet
            error = thrown
        waits = True
        try:
            wanted = followed.send(None) if error is None else followed.throw(error)
        except StopIteration:
            return
        finally:
            error = None


def _made_real(name: str) -> Callable[..., Any]:
    own = getattr(_Task, name)

    def method(self: HandlerTask, *args: Any, **kwargs: Any) -> Any:
        _be_real(self)
        return own(self, *args, **kwargs)

    method.__name__ = name
    return method


def _made_real_to_look(name: str) -> property:
    own = getattr(_Task, name)

    def get(self: HandlerTask) -> Any:
        _be_real(self)
        return own.__get__(self)

    def set_(self: HandlerTask, value: Any) -> None:
        _be_real(self)
        own.__set__(self, value)

    return property(get, set_)


def _be_lazy() -> None:
    """Make each method and attribute of a task initialise it first."""
    for name in dir(_Task):
        found = getattr(_Task, name)
        if isinstance(found, types.GetSetDescriptorType | types.MemberDescriptorType):
            setattr(HandlerTask, name, _made_real_to_look(name))
        elif name in ("__await__", "__iter__", "__repr__") or (
            isinstance(found, types.MethodDescriptorType) and not name.startswith("__")
        ):
            setattr(HandlerTask, name, _made_real(name))


_be_lazy()
HandlerTask.__name__ = HandlerTask.__qualname__ = "Task"  # in logs and `repr`
