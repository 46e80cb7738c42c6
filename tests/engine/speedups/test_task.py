"""A handler's first step without a task is to be told from one in a task by nobody."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import sys
import threading
import types
import weakref
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest

from tests.engine.serving import EITHER_LOOP, until
from tornkit.engine.speedups import task as tasks
from tornkit.engine.speedups.task import HandlerTask, run, tell_failure

pytestmark = EITHER_LOOP

Begin = Callable[..., Coroutine[Any, Any, None] | None]
Start = Callable[[Begin, "Scene"], None]

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Scene:
    """Notes what happens, each with the turn of the loop in which it does."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.noted: list[Any] = []
        self.turn = 0
        self.over = False
        self.tasks: list[asyncio.Task[Any]] = []
        self._count()

    def _count(self) -> None:
        self.turn += 1
        if not self.over:
            self.loop.call_soon(self._count, context=contextvars.Context())

    def note(self, *what: Any) -> None:
        self.noted.append((*what, self.turn))

    def task(self) -> asyncio.Task[Any]:
        found = asyncio.current_task()
        assert found is not None
        if found not in self.tasks:
            self.tasks.append(found)
        return found

    def look(self, when: str) -> None:
        task = self.task()
        facts = (
            (task.done(), task.cancelled(), task.cancelling(), task in asyncio.all_tasks()),
            (self.tasks.index(task), variable.get(), task.get_coro() is not None),
            (isinstance(task, asyncio.Task), asyncio.isfuture(task), type(task).__name__),
            (repr(task).partition(" ")[0], task.get_name().partition("-")[0]),
            (task.get_loop() is self.loop, asyncio.current_task() is task),
        )
        self.note(when, *facts)

    def is_told(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.note("told", repr(context.get("exception")))


def in_a_task(begin: Begin, scene: Scene) -> None:
    """As Tornado does: all of it in a task of its own."""

    async def all_of() -> None:
        rest = begin(scene)
        if rest is not None:
            await rest

    task = scene.loop.create_task(all_of(), context=contextvars.copy_context())
    task.add_done_callback(tell_failure)


def without_one(begin: Begin, scene: Scene) -> None:
    variables = contextvars.copy_context()
    scene.loop.call_soon(run, scene.loop, variables, begin, scene, context=variables)


async def played(start: Start, begin: Begin) -> list[Any]:
    """All that was noted until the task was over and told of it."""
    scene = Scene()
    scene.loop.set_exception_handler(scene.is_told)
    before = asyncio.all_tasks()
    variable.set("by the caller")
    start(begin, scene)
    variable.set("later")
    scene.note("started")
    async with asyncio.timeout(5):
        for _ in range(4):
            await asyncio.sleep(0)
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.001)
    for _ in range(3):
        await asyncio.sleep(0)
    scene.over = True
    scene.loop.set_exception_handler(None)
    for task in scene.tasks:
        scene.note("end", task.done(), task.cancelled(), task.cancelling())
        if not task.cancelled():
            scene.note(repr(task.exception()))
    # How many turns a wait takes is another matter; all begin in the same one.
    begun = [what for what in scene.noted if what[0] in ("started", "begun")]
    return [*(what[:-1] for what in scene.noted), begun]


def nothing(scene: Scene) -> None:
    scene.note("begun", variable.get())
    variable.set("by begin")


def looks(scene: Scene) -> None:
    scene.look("begun")


def looks_and_waits(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        scene.look("rest")
        variable.set("by the rest")
        await asyncio.sleep(0)
        scene.look("waited")
        await asyncio.create_task(asyncio.sleep(0))
        scene.look("waited again")

    scene.look("begun")
    variable.set("by begin")
    return rest()


def waits(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        token = variable.set("by the rest")
        await asyncio.sleep(0)
        scene.look("waited")
        variable.reset(token)
        scene.look("reset")

    return rest()


def waits_for_a_future(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        future = scene.loop.create_future()
        scene.loop.call_soon(scene.loop.call_soon, future.set_result, "result")
        scene.note(await future)
        failing = scene.loop.create_future()
        scene.loop.call_soon(failing.set_exception, KeyError("failed"))
        try:
            await failing
        except KeyError as error:
            scene.note(repr(error))

    return rest()


def waits_for_one_that_fails(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        failing = scene.loop.create_future()
        scene.loop.call_soon(failing.set_exception, KeyError("failed"))
        await failing

    return rest()


def waits_for_one_that_is_done(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        future = scene.loop.create_future()
        future.set_result("result")
        scene.note(await future)

    return rest()


def does_not_wait(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        scene.note("rest")

    return rest()


def fails(scene: Scene) -> None:
    scene.note("begun")
    raise KeyError("failed")


def looks_and_fails(scene: Scene) -> None:
    scene.look("begun")
    raise KeyError("failed")


def fails_at_once(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        raise KeyError("failed")

    return rest()


def fails_later(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        await asyncio.sleep(0)
        raise KeyError("failed")

    return rest()


def times_out(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(5)
        except TimeoutError:
            scene.look("timed out")

    return rest()


def times_out_at_once(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        try:
            async with asyncio.timeout(-1):
                await asyncio.sleep(5)
        except TimeoutError:
            scene.look("timed out")

    return rest()


def groups(scene: Scene) -> Coroutine[Any, Any, None]:
    async def fails() -> None:
        raise KeyError("failed")

    async def rest() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fails())
                await asyncio.sleep(5)
        except* KeyError:
            scene.look("failed")

    return rest()


def waits_for_itself(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        try:
            await scene.task()
        except RuntimeError as error:
            scene.note(str(error).partition(":")[0])

    return rest()


def waits_for_another_loop(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        other = asyncio.new_event_loop()
        try:
            await other.create_future()
        except RuntimeError as error:
            scene.note(str(error).partition("attached")[1])
        finally:
            other.close()

    return rest()


def cancels_itself(scene: Scene) -> None:
    scene.note(scene.task().cancel("enough"))
    scene.look("cancelled")


def cancels_itself_and_waits(scene: Scene) -> Coroutine[Any, Any, None]:
    scene.task().cancel("enough")
    return _is_cancelled(scene)


def cancels_itself_twice(scene: Scene) -> Coroutine[Any, Any, None]:
    scene.task().cancel("enough")
    scene.task().cancel("more than enough")
    return _is_cancelled(scene)


def cancels_itself_and_thinks_better(scene: Scene) -> Coroutine[Any, Any, None]:
    scene.task().cancel()
    scene.note(scene.task().uncancel())
    return _is_cancelled(scene)


def is_cancelled_soon(scene: Scene) -> Coroutine[Any, Any, None]:
    scene.loop.call_soon(scene.task().cancel, "enough")
    return _is_cancelled(scene)


def is_cancelled_soon_and_survives(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await _is_cancelled(scene)
        scene.look("survived")
        await asyncio.sleep(0)

    scene.loop.call_soon(scene.task().cancel, "enough")
    return rest()


def is_cancelled_later(scene: Scene) -> Coroutine[Any, Any, None]:
    scene.loop.call_later(0.001, scene.task().cancel, "enough")
    return _is_cancelled(scene)


def is_cancelled_when_it_need_not_wait(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        future = scene.loop.create_future()
        future.set_result(None)
        scene.loop.call_soon(scene.task().cancel, "enough")
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            scene.note("cancelled")
            raise

    return rest()


def is_cancelled_when_its_future_is_done(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        future = scene.loop.create_future()

        def both() -> None:
            future.set_result(None)
            scene.tasks[0].cancel("enough")

        scene.task()
        scene.loop.call_soon(both)
        try:
            await future
        except asyncio.CancelledError:
            scene.note("cancelled")
            raise

    return rest()


async def _is_cancelled(scene: Scene) -> None:
    def settle() -> None:
        if not future.done():
            future.set_result(None)

    future = scene.loop.create_future()
    scene.loop.call_later(0.01, settle)
    try:
        await future
        scene.look("went on")
    except asyncio.CancelledError:
        scene.note("cancelled", future.cancelled())
        scene.look("cancelled")
        raise


def has_callbacks(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        await asyncio.sleep(0)

    task = scene.task()
    task.add_done_callback(lambda task: scene.note("done", task.result()))
    unwanted = lambda task: scene.note("unwanted")  # noqa: E731
    task.add_done_callback(unwanted)
    scene.note(task.remove_done_callback(unwanted))
    return rest()


def is_named(scene: Scene) -> Coroutine[Any, Any, None]:
    async def rest() -> None:
        await asyncio.sleep(0)
        scene.note(scene.task().get_name(), len(scene.task().get_stack()))

    scene.task().set_name("handler")
    return rest()


def asks_for_a_result(scene: Scene) -> None:
    for ask in (scene.task().result, scene.task().exception):
        try:
            ask()
        except asyncio.InvalidStateError:
            scene.note("not set")


PROGRAMS: list[Begin] = [
    *(nothing, looks, looks_and_waits, waits, waits_for_a_future, waits_for_one_that_fails),
    *(waits_for_one_that_is_done, does_not_wait, fails),
    *(looks_and_fails, fails_at_once, fails_later, times_out, times_out_at_once, groups),
    *(waits_for_itself, waits_for_another_loop, cancels_itself, cancels_itself_and_waits),
    *(cancels_itself_twice, cancels_itself_and_thinks_better, is_cancelled_soon),
    *(is_cancelled_soon_and_survives, is_cancelled_later, is_cancelled_when_it_need_not_wait),
    *(is_cancelled_when_its_future_is_done, has_callbacks, is_named, asks_for_a_result),
]


@pytest.mark.parametrize("begin", PROGRAMS)
async def test_whatever_it_does_happens_as_in_a_task(begin: Begin) -> None:
    expected = await played(in_a_task, begin)
    assert await played(without_one, begin) == expected
    assert len(expected) > 1


async def test_a_cancellation_before_the_next_turn_says_why() -> None:
    seen: list[Any] = []

    def begin(scene: Scene) -> Coroutine[Any, Any, None]:
        async def rest() -> None:
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError as error:
                seen.append(error.args)
                raise

        scene.loop.call_soon(scene.task().cancel, "enough")
        return rest()

    for start in (in_a_task, without_one):
        await played(start, begin)
    assert seen == [("enough",), ("enough",)]


async def test_a_future_can_be_waited_for_by_many_from_the_same_turn_on() -> None:
    seen: list[str] = []

    async def rest(future: asyncio.Future[str]) -> None:
        seen.append(await future)

    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    for _ in range(3):
        run_here(rest, future)
    other = asyncio.create_task(rest(future))
    for _ in range(3):
        await asyncio.sleep(0)
    future.set_result("result")
    await other
    await until(lambda: len(seen) == 4)


class Odd:
    """Awaited, it gives what is no future."""

    def __await__(self) -> Generator[int, None, None]:
        yield 5


async def test_what_is_no_future_is_refused_where_it_is_awaited() -> None:
    seen: list[str] = []

    def begin(scene: Scene) -> Coroutine[Any, Any, None]:
        async def rest() -> None:
            try:
                await Odd()
            except RuntimeError as error:
                seen.append(str(error))

        return rest()

    for start in (in_a_task, without_one):
        await played(start, begin)
    assert seen == ["Task got bad yield: 5"] * 2


async def test_the_next_turn_is_the_next() -> None:
    """A handler that lets others have a turn goes on in the one behind, as in a task."""
    seen: list[int] = []

    def begin(scene: Scene) -> Coroutine[Any, Any, None]:
        turn = [0]

        def count() -> None:
            turn[0] += 1
            if turn[0] < 9:
                scene.loop.call_soon(count)

        scene.loop.call_soon(count)

        async def rest() -> None:
            for _ in range(3):
                await asyncio.sleep(0)
            seen.append(turn[0])

        return rest()

    for start in (in_a_task, without_one):
        await played(start, begin)
    assert seen[0] == seen[1]


async def test_a_future_can_be_waited_for_by_one_more_in_a_later_turn() -> None:
    seen: list[str] = []

    async def rest(future: asyncio.Future[str]) -> None:
        seen.append(await future)

    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    run_here(rest, future)
    for _ in range(4):
        await asyncio.sleep(0)
    other = asyncio.create_task(rest(future))
    await asyncio.sleep(0)
    future.set_result("result")
    await other
    await until(lambda: len(seen) == 2)


def test_this_python_is_supported() -> None:
    assert tasks.SUPPORTED is ((3, 11) <= sys.version_info[:2] <= (3, 15))


# ---- what nobody asks for ----


def run_here(begin: Begin, *arguments: Any) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(run, loop, contextvars.copy_context(), begin, *arguments)


async def test_a_task_that_nobody_asks_for_is_none() -> None:
    seen: list[weakref.ref[Any]] = []

    def begin(asks: bool) -> None:
        task: Any = asyncio.current_task()
        assert type(task) is HandlerTask
        assert not task.is_real
        if asks:
            task.get_name()
        assert task.is_real is asks
        seen.append(weakref.ref(task))

    before = asyncio.all_tasks()
    gc.disable()
    try:
        run_here(begin, False)
        await until(lambda: len(seen) == 1)
        assert seen[0]() is None  # nothing of it is left, nor scheduled
        run_here(begin, True)
        while len(seen) == 1:
            await asyncio.sleep(0)
        assert seen[1]() in asyncio.all_tasks()
        await until(lambda: asyncio.all_tasks() == before)
    finally:
        gc.enable()


async def test_each_method_of_a_task_can_be_its_first() -> None:
    """Whatever is asked of it first, it is a real one from then on."""
    questions: dict[str, Callable[[Any], Any]] = {
        "repr": repr,
        "get_name": lambda task: task.get_name()[:5],
        "set_name": lambda task: task.set_name("x"),
        "get_coro": lambda task: asyncio.iscoroutine(task.get_coro()),
        "get_loop": lambda task: task.get_loop() is asyncio.get_running_loop(),
        "done": lambda task: task.done(),
        "cancelled": lambda task: task.cancelled(),
        "cancelling": lambda task: task.cancelling(),
        "uncancel": lambda task: task.uncancel(),
        "get_stack": lambda task: isinstance(task.get_stack(), list),
        "add_done_callback": lambda task: task.add_done_callback(lambda task: None),
        "remove_done_callback": lambda task: task.remove_done_callback(print),
        "_make_cancelled_error": lambda task: type(task._make_cancelled_error()).__name__,
        "_must_cancel": lambda task: task._must_cancel,
        "_fut_waiter": lambda task: task._fut_waiter,
        "_state": lambda task: task._state,
        "_source_traceback": lambda task: task._source_traceback,
        "_log_destroy_pending": lambda task: setattr(task, "_log_destroy_pending", True),
    }
    answers: dict[str, Any] = {}

    def ask(name: str) -> None:
        task: Any = asyncio.current_task()
        answers[name] = questions[name](task)
        assert task in asyncio.all_tasks()

    for name in questions:
        run_here(ask, name)
    await until(lambda: len(answers) == len(questions))
    assert answers.pop("repr").startswith("<Task pending name='Task-")
    assert answers == {
        **dict.fromkeys(answers, None),
        "get_name": "Task-",
        "_make_cancelled_error": "CancelledError",
        **dict.fromkeys(("get_coro", "get_loop", "get_stack"), True),
        **dict.fromkeys(("done", "cancelled", "_must_cancel"), False),
        **dict.fromkeys(("cancelling", "uncancel", "remove_done_callback"), 0),
        "_state": "PENDING",
    }


# ---- more than one at once ----


def dead_references() -> set[Any]:
    """Of those by which Python knows all tasks."""
    known: set[Any] = getattr(getattr(asyncio.tasks, "_all_tasks", None), "data", set())
    return {each for each in list(known) if isinstance(each, weakref.ref) and each() is None}


def test_any_number_of_threads_have_a_first_step_at_once() -> None:
    """More than there are places for, where Python keeps its tasks in a set of references."""
    threads = 7
    before_all = dead_references()
    all_here = threading.Barrier(threads, timeout=20)
    seen: list[tuple[bool, bool, int]] = []

    def begin(outer: asyncio.Task[Any]) -> None:
        all_here.wait()
        task = asyncio.current_task()
        present = asyncio.all_tasks()
        seen.append((type(task) is HandlerTask, task in present, len(present - {outer})))
        all_here.wait()

    async def main() -> None:
        outer = asyncio.current_task()
        assert outer is not None
        for _ in range(2):
            before = len(seen)
            run_here(begin, outer)
            await until(lambda before=before: len(seen) >= before + threads)  # type: ignore[misc]
            assert asyncio.all_tasks() == {outer}

    pool = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join(timeout=30)
    assert seen == [(True, True, 1)] * 2 * threads
    gc.collect()
    assert dead_references() <= before_all


async def test_a_loop_that_runs_within_a_task_has_a_task_for_it() -> None:
    seen: list[Any] = []

    async def rest() -> None:
        await asyncio.sleep(0)
        seen.append((asyncio.current_task(), variable.get()))

    def begin(waits: bool) -> Coroutine[Any, Any, None] | None:
        seen.append((asyncio.current_task(), variable.get()))
        return rest() if waits else None

    outer, loop = asyncio.current_task(), asyncio.get_running_loop()
    for waits in (False, True):
        variables = contextvars.Context()
        variables.run(variable.set, f"waits: {waits}")
        run(loop, variables, begin, waits)
    assert asyncio.current_task() is outer
    assert seen == []
    await until(lambda: len(seen) == 3)
    found = [task for task, _ in seen]
    assert outer not in found
    assert found[1] is found[2] is not found[0]
    assert [value for _, value in seen] == ["waits: False", "waits: True", "waits: True"]


async def test_an_error_within_another_task_is_told_too() -> None:
    def begin() -> None:
        raise KeyError("failed")

    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    run(loop, contextvars.copy_context(), begin)
    await until(lambda: bool(told))
    assert repr(told[0]["exception"]) == "KeyError('failed')"


# ---- ends ----


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["begin", "rest"])
def test_what_ends_the_program_ends_it(error: type[BaseException], where: str) -> None:
    async def rest() -> None:
        raise error

    def begin() -> Coroutine[Any, Any, None] | None:
        if where == "begin":
            raise error
        return rest()

    async def main() -> None:
        run_here(begin)
        await asyncio.sleep(5)

    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(error):
            loop.run_until_complete(main())
        with pytest.raises(error):  # once more, by whoever tells of the failure
            loop.run_until_complete(asyncio.sleep(1))
        for left in asyncio.all_tasks(loop):
            left.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()


def test_a_loop_that_ends_meanwhile_cancels_a_handler_that_waits() -> None:
    seen: list[Any] = []

    async def rest() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def main() -> None:
        run_here(rest)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert seen == ["cancelled"]


async def test_what_it_waited_for_is_not_kept() -> None:
    class Result:
        pass

    gone: list[weakref.ref[Any]] = []

    async def rest(over: asyncio.Event) -> None:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda future: None)
        result = Result()
        gone.extend((weakref.ref(future), weakref.ref(result)))
        asyncio.get_running_loop().call_soon(future.set_result, result)
        del result
        await future
        del future
        await over.wait()

    over = asyncio.Event()
    run_here(rest, over)
    for _ in range(6):
        await asyncio.sleep(0)
    gc.collect()
    assert [each() for each in gone] == [None, None]
    over.set()


@types.coroutine
def bare() -> Generator[None, None, None]:
    yield


async def test_a_bare_yield_waits_for_a_turn() -> None:
    def begin(scene: Scene) -> Coroutine[Any, Any, None]:
        async def rest() -> None:
            for _ in range(3):
                await bare()
                scene.look("turned")

        return rest()

    expected = await played(in_a_task, begin)
    assert await played(without_one, begin) == expected
