"""End of a worker's process, whichever threads its program runs in.

Each case is a program in a fork of one driver, all at once; it ends, or is killed in the end. Real
servers: `tests/integration/test_threads.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

import tornkit

pytestmark = pytest.mark.timeout(60)

DRIVER = """\
import asyncio, atexit, json, os, signal, sys, threading, time
from tornkit.serve.worker import process_end, signals
from tornkit.serve.worker.process_end import has_threads, interrupt_main, wait_for_threads
from tornkit.serve.worker.process_end import end_threads

LONG = 60
cases, running = json.loads(sys.argv[1]), {}


class Loop:
    def __init__(self, loop, thread=None, is_running=True):
        self.loop, self.is_running = loop, is_running
        self.thread = thread or threading.current_thread()


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())


def patience(main=LONG, interrupt=LONG, threads=LONG):
    process_end._MAIN_PATIENCE = main
    process_end._INTERRUPT_PATIENCE = interrupt
    process_end._THREADS_PATIENCE = threads


def beside(function, *args, daemon=True):
    thread = threading.Thread(target=function, args=args, daemon=daemon)
    thread.start()
    return thread


def serve_in_thread(main, daemon=False):
    # A thread that runs a coroutine; its loop, once it runs.
    made, started = [], threading.Event()
    async def begin():
        made.append(Loop(asyncio.get_running_loop()))
        started.set()
        await main()
    thread = beside(lambda: asyncio.run(begin()), daemon=daemon)
    started.wait()
    return thread, made


def turn(loop):
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()


def join_ours(function):
    for thread in threading.enumerate():
        if getattr(thread, "_target", None) is getattr(process_end, function):
            thread.join()


for title, code in cases.items():
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        for each in (1, 2):
            os.dup2(writing, each)
        os.close(reading)
        os.close(writing)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(30)
        signals.leave_to_supervisor()
        process_end._STOP_AFTER = 0.01
        patience()
        break
    os.close(writing)
    running[title] = pid, reading
else:
    ends = {}
    for title, (pid, reading) in running.items():
        said = b""
        while piece := os.read(reading, 65536):
            said += piece
        ends[title] = said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(json.dumps(ends), flush=True)
    os._exit(0)
exec(code)
"""


class End(NamedTuple):
    """Text that a program wrote to both of its streams, and its exit status."""

    said: str
    status: int


INTERRUPTED = """
    try:
        beside(interrupt_main, [])
        {waits}
    except KeyboardInterrupt:
        say("interrupted")
"""

SAVES = """
    async def save(queue):
        while (item := await queue.get()) is not None:
            await asyncio.sleep(0)
            say("wrote", item)

    async def main():
        queue = asyncio.Queue()
        saving = asyncio.create_task(save(queue))
        beside(interrupt_main, [{told}])
        try:
            await asyncio.sleep(LONG)
        finally:
            queue.put_nowait("the last")
            queue.put_nowait(None)
            await saving
            say("saved")
    try:
        {run}
    except KeyboardInterrupt:
        say("interrupted")
"""
HERE = "Loop(asyncio.get_running_loop())"
SAVED = End("wrote the last\nsaved\ninterrupted\n", 0)

CASES: dict[str, tuple[str, End]] = {
    # ---- interrupt_main ----
    "main() that others help to clean up": (
        SAVES.format(told=HERE, run="asyncio.run(main())"),
        SAVED,
    ),
    "main() of a loop that does not listen": (
        SAVES.format(told="", run="asyncio.run(main())"),
        SAVED,
    ),
    "main() of a runner": (
        # A coroutine is run to its end before.
        SAVES.format(
            told=HERE,
            run="""with asyncio.Runner() as runner:
            runner.run(asyncio.sleep(0))
            runner.run(main())""",
        ),
        SAVED,
    ),
    "main() in another loop": (
        SAVES.format(
            told=HERE,
            run="""
        try:
            from uvloop import new_event_loop
        except ImportError:  # there is none for this Python
            from asyncio import new_event_loop
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(main())""",
        ),
        SAVED,
    ),
    "main() that returns": (
        """
        async def main():
            beside(interrupt_main, [Loop(asyncio.get_running_loop())])
            try:
                await asyncio.sleep(LONG)
            except asyncio.CancelledError:
                say("cancelled")
        asyncio.run(main())
        say("goes on")
        """,
        End("cancelled\ngoes on\n", 0),
    ),
    "main() that goes on, interrupted twice": (
        """
        async def main():
            loops = [Loop(asyncio.get_running_loop())]
            for _ in range(2):
                interrupt_main(loops)
                try:
                    await asyncio.sleep(LONG)
                except asyncio.CancelledError:
                    say("cancelled")
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            say("interrupted")
        """,
        End("cancelled\ncancelled\ninterrupted\n", 0),
    ),
    "a coroutine that no runner runs": (
        # The loop is left at once, as a KeyboardInterrupt leaves it.
        """
        async def main():
            beside(interrupt_main, [Loop(asyncio.get_running_loop())])
            try:
                await asyncio.sleep(LONG)
            finally:
                say("cleaned up")
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(main())
        except KeyboardInterrupt:
            say("interrupted")
        os._exit(0)
        """,
        End("interrupted\n", 0),
    ),
    "a program that a Ctrl-C has reached": (
        # Nothing tells it a second time.
        """
        def handler(number, frame):
            say("told", signal.Signals(number).name)
        signal.signal(signal.SIGINT, handler)
        signal.raise_signal(signal.SIGINT)
        interrupt_main([])
        time.sleep(0.1)
        say("saved")
        end_threads([], 0)
        """,
        End("told SIGINT\nsaved\n", 0),
    ),
    "a program that a Ctrl-C has reached, with one handler for all": (
        """
        def handler(number, frame):
            say("told", signal.Signals(number).name)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handler)
        signal.raise_signal(signal.SIGINT)
        interrupt_main([])
        time.sleep(0.1)
        say("saved")
        end_threads([], 0)
        """,
        End("told SIGINT\nsaved\n", 0),
    ),
    "a program that has put a handler back": (
        """
        def handler(number, frame):
            say("told")
            signal.signal(number, before)
        before = signal.signal(signal.SIGINT, handler)
        signal.raise_signal(signal.SIGINT)
        interrupt_main([])
        time.sleep(0.1)
        say("saved")
        end_threads([], 0)
        """,
        End("told\nsaved\n", 0),
    ),
    "a loop's handlers": (
        """
        async def main():
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, lambda: (say("told"), stop.set()))
            os.kill(os.getpid(), signal.SIGINT)
            await stop.wait()
            interrupt_main([Loop(loop)])
            await asyncio.sleep(0.1)
            say("saved")
        asyncio.run(main())
        end_threads([], 0)
        """,
        End("told\nsaved\n", 0),
    ),
    "a program that does not end on a Ctrl-C": (
        """
        signals._PATIENCE = 0.05
        told = []
        def handler(number, frame):
            told.append(number)
            if len(told) > 1:
                say("told twice")
                sys.exit(3)
        signal.signal(signal.SIGINT, handler)
        signal.raise_signal(signal.SIGINT)
        interrupt_main([])
        time.sleep(LONG)
        """,
        End("told twice\n", 3),
    ),
    "a program that asks at a Ctrl-C, and ends at another signal": (
        """
        signal.signal(signal.SIGINT, lambda number, frame: say("sure?"))
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(4))
        signal.raise_signal(signal.SIGINT)
        beside(interrupt_main, [])
        time.sleep(LONG)
        """,
        End("sure?\n", 4),
    ),
    "a program that looks at its handlers": (
        """
        def handler(number, frame):
            say("told", number == signal.SIGINT)
        before = signal.getsignal(signal.SIGINT)
        assert signal.signal(signal.SIGINT, handler) is before
        assert signal.getsignal(signal.SIGINT) is handler
        assert signal.signal(signal.SIGINT, signal.default_int_handler) is handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.signal(signal.SIGINT, signal.SIG_IGN) is signal.default_int_handler
        assert signal.signal(signal.SIGINT, handler) is signal.SIG_IGN
        signal.raise_signal(signal.SIGINT)
        try:
            signal.signal(signal.SIGINT, 7.5)
        except TypeError:
            say("refused")
        """,
        End("told True\nrefused\n", 0),
    ),
    "a main thread that runs a loop": (
        """
        async def main():
            beside(interrupt_main, [Loop(asyncio.get_running_loop())])
            try:
                await asyncio.sleep(LONG)
            finally:
                say("cleaned up")
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            say("interrupted")
        """,
        End("cleaned up\ninterrupted\n", 0),
    ),
    "a loop that does not run any more": (
        # Its thread is the main one, which sleeps now.
        """
        loop = asyncio.new_event_loop()
        try:
            beside(interrupt_main, [Loop(loop, is_running=False)])
            time.sleep(LONG)
        except KeyboardInterrupt:
            say("interrupted")
        loop.close()
        """,
        End("interrupted\n", 0),
    ),
    "a loop that was closed in this moment": (
        """
        loop = asyncio.new_event_loop()
        loop.close()
        try:
            beside(interrupt_main, [Loop(loop)])
            time.sleep(LONG)
        except KeyboardInterrupt:
            say("interrupted")
        """,
        End("interrupted\n", 0),
    ),
    **{
        f"a main thread in {waits}": (INTERRUPTED.format(waits=waits), End("interrupted\n", 0))
        for waits in ("time.sleep(LONG)", "threading.Event().wait()", "signal.pause()")
    },
    "a program with a handler of its own": (
        # However long it takes.
        """
        def handler(number, frame):
            say("handled", number == signal.SIGTERM)
            time.sleep(0.05)
            sys.exit(3)
        patience(interrupt=0.01)
        signal.signal(signal.SIGTERM, handler)
        beside(interrupt_main, [])
        time.sleep(LONG)
        """,
        End("handled True\n", 3),
    ),
    "a program with a handler of SIGTERM, at a Ctrl-C": (
        """
        signals.end_by(signal.SIGINT)
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(3))
        try:
            beside(interrupt_main, [])
            time.sleep(LONG)
        except KeyboardInterrupt:
            say("interrupted")
        """,
        End("interrupted\n", 0),
    ),
    "in a loop, at a Ctrl-C": (
        """
        async def main():
            signals.end_by(signal.SIGINT)
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(3))
            interrupt_main([Loop(asyncio.get_running_loop())])
            try:
                await asyncio.sleep(LONG)
            finally:
                say("cleaned up")
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            say("interrupted")
        """,
        End("cleaned up\ninterrupted\n", 0),
    ),
    "a program with a handler of each, at a Ctrl-C that has not reached it": (
        """
        signals.end_by(signal.SIGINT)
        signal.signal(signal.SIGINT, lambda number, frame: sys.exit(4))
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(3))
        beside(interrupt_main, [])
        time.sleep(LONG)
        """,
        End("", 4),
    ),
    "a program that asks at a Ctrl-C, at one": (
        """
        signals.end_by(signal.SIGINT)
        signal.signal(signal.SIGINT, lambda number, frame: say("sure?"))
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(4))
        signal.raise_signal(signal.SIGINT)
        beside(interrupt_main, [])
        time.sleep(LONG)
        """,
        End("sure?\n", 4),
    ),
    "a program that has given up Ctrl-C, at one": (
        """
        signals.end_by(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(3))
        beside(interrupt_main, [])
        time.sleep(LONG)
        """,
        End("", 3),
    ),
    "a main thread that sees no signal": (
        """
        atexit.register(say, "exit handler")
        print("buffered", end=" ")
        patience(interrupt=0.01)
        signal.pthread_sigmask(signal.SIG_BLOCK, signals.NUMBERS)
        beside(interrupt_main, [])
        time.sleep(LONG)
        """,
        End("exit handler\nbuffered ", 0),
    ),
    "a program that has given up all signals": (
        # None would end it by a KeyboardInterrupt.
        """
        for number in signals.NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        atexit.register(say, "exit handler")
        beside(interrupt_main, [])
        time.sleep(LONG)
        """,
        End("exit handler\n", 0),
    ),
    "a main thread that waits for a loop in another": (
        # The interrupt it takes as a reason to wait: the other one is told to end.
        """
        patience(main=0.01)
        async def serve():
            try:
                await asyncio.sleep(LONG)
            finally:
                interrupted.wait()
                say("cleaned up")
                done.set()
        done, interrupted = threading.Event(), threading.Event()
        thread, loops = serve_in_thread(serve)
        try:
            beside(interrupt_main, loops)
            done.wait()
        except KeyboardInterrupt:
            interrupted.set()
            done.wait()
        say("done")
        """,
        End("cleaned up\ndone\n", 0),
    ),
    "a main thread that is done by then": (
        # It ends the other threads itself, and they may have some time for it.
        """
        patience(main=0)
        async def serve():
            try:
                while not stop.is_set():  # no executor: none can begin to end by then
                    await asyncio.sleep(0.001)
                say("ended by itself")
            except asyncio.CancelledError:
                say("cancelled")
        stop = threading.Event()
        thread, loops = serve_in_thread(serve)
        end_threads([], 5)
        try:
            interrupt_main(loops)
        except KeyboardInterrupt:
            join_ours("_stop_unless_done")
        turn(loops[0].loop)
        stop.set()
        """,
        End("ended by itself\n", 0),
    ),
    # ---- threads ----
    "threads that keep the process": (
        """
        stop = threading.Event()
        say(has_threads())
        beside(stop.wait)
        say(has_threads())
        thread = beside(stop.wait, daemon=False)
        say(has_threads())
        stop.set()
        thread.join()
        say(has_threads())
        """,
        End("False\nFalse\nTrue\nFalse\n", 0),
    ),
    "to wait for them": (
        """
        def work():
            time.sleep(0.02)
            say("worked")
        beside(work, daemon=False)
        wait_for_threads()
        say("waited")
        """,
        End("worked\nwaited\n", 0),
    ),
    "to wait for none": (
        """
        beside(time.sleep, LONG)
        wait_for_threads()
        say("waited")
        """,
        End("waited\n", 0),
    ),
    # ---- end_threads ----
    "without threads it ends as it would": (
        """
        end_threads([], 5)
        atexit.register(say, "exit handler")
        say("ends")
        """,
        End("ends\nexit handler\n", 0),
    ),
    "a loop in a thread": (
        """
        async def serve():
            try:
                await asyncio.sleep(LONG)
            finally:
                say("cleaned up")
        thread, loops = serve_in_thread(serve)
        end_threads(loops, 5)
        sys.exit(3)
        """,
        End("cleaned up\n", 3),
    ),
    "a loop in a thread that runs for ever": (
        """
        async def work():
            try:
                started.set()
                await asyncio.sleep(LONG)
            finally:
                say("cleaned up")
        def serve():
            loop = asyncio.new_event_loop()
            loops.append(Loop(loop))
            task = loop.create_task(work())
            loop.run_forever()
            say("stopped")
            loop.close()
        loops, started = [], threading.Event()
        beside(serve, daemon=False)
        started.wait()
        end_threads(loops, 5)
        """,
        End("cleaned up\nstopped\n", 0),
    ),
    "a loop in a thread that is stopped before its end": (
        # Neither of that nor of a KeyboardInterrupt anything is said.
        """
        def serve():
            loop = asyncio.new_event_loop()
            loops.append(Loop(loop))
            loop.call_soon(started.set)
            try:
                loop.run_until_complete(loop.create_future())
            finally:
                loop.close()
                say("closed")
        loops, started = [], threading.Event()
        beside(serve, daemon=False)
        started.wait()
        end_threads(loops, 5)
        """,
        End("closed\n", 0),
    ),
    "a thread that goes on": (
        """
        patience(threads=0.01)
        atexit.register(say, "exit handler")
        print("buffered")
        beside(time.sleep, LONG, daemon=False)
        end_threads([], 5)
        """,
        End("exit handler\nbuffered\n", 5),
    ),
    "a loop that does not let itself be cancelled": (
        """
        patience(threads=0.5)
        async def serve():
            while True:
                try:
                    await asyncio.sleep(LONG)
                except asyncio.CancelledError:
                    say("not me")
                    time.sleep(LONG)
        thread, loops = serve_in_thread(serve)
        end_threads(loops, 5)
        """,
        End("not me\n", 5),
    ),
    "an exit handler that takes its time": (
        # What cuts threads short is over by then.
        """
        patience(threads=2)
        stop = threading.Event()
        def slow():
            join_ours("_end_unless")
            say("exit handler")
        atexit.register(slow)
        thread = beside(stop.wait, daemon=False)
        end_threads([], 5)
        stop.set()
        """,
        End("exit handler\n", 0),
    ),
    "a loop in a thread that keeps nothing": (
        """
        async def serve():
            try:
                await asyncio.to_thread(stop.wait)
                say("not cancelled")
            except asyncio.CancelledError:
                say("cancelled")
        stop = threading.Event()
        daemon, loops = serve_in_thread(serve, daemon=True)
        other = beside(stop.wait, daemon=False)
        end_threads(loops, 5)
        turn(loops[0].loop)
        stop.set()
        daemon.join()
        """,
        End("not cancelled\n", 0),
    ),
    "streams that are closed": (
        """
        patience(threads=0.01)
        beside(time.sleep, LONG, daemon=False)
        sys.stdout.close()
        sys.stderr = None
        end_threads([], 5)
        """,
        End("", 5),
    ),
}

# What is still said of a thread that fails by itself meanwhile: the last line.
FAILS = """
    def fail():
        stop.wait()
        raise {error}
    stop = threading.Event()
    thread = beside(fail, daemon=False)
    async def serve():
        await asyncio.sleep(LONG)
    other, loops = serve_in_thread(serve)
    end_threads(loops, 5)
    stop.set()
    thread.join()
"""
ERRORS = {
    "ValueError('no db')": "ValueError: no db",
    "RuntimeError('no db')": "RuntimeError: no db",
    "RuntimeError('Event loop stopped before')": "",
    "KeyboardInterrupt": "",
    "asyncio.CancelledError": "",
}


@pytest.fixture(scope="module")
def ends() -> dict[str, End]:
    """The end of each program."""
    cases = {title: code for title, (code, _) in CASES.items()}
    cases |= {error: FAILS.format(error=error) for error in ERRORS}
    dedented = {title: textwrap.dedent(code) for title, code in cases.items()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER, json.dumps(dedented)],
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "",
            "PYTHONPATH": str(Path(tornkit.__file__).parents[1]),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {title: End(*each) for title, each in json.loads(done.stdout).items()}


@pytest.mark.parametrize("title", CASES)
def test_a_program_that_is_ended(title: str, ends: dict[str, End]) -> None:
    assert ends[title] == CASES[title][1]


@pytest.mark.parametrize("error", ERRORS)
def test_a_thread_that_fails_meanwhile(error: str, ends: dict[str, End]) -> None:
    """Errors have their traceback, but for those of which the end was the reason."""
    said, status = ends[error]
    assert (said.splitlines() or [""])[-1] == ERRORS[error]
    assert ("Traceback" in said) == (ERRORS[error] != "")
    assert status == 0
