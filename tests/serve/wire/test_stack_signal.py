"""The stack that is written when a signal comes, to a thread that may be doing anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import IO

import pytest

from tornkit.serve.blocking.dumps import Frame, stack_of
from tornkit.serve.wire import stack_signal

pytestmark = pytest.mark.usefixtures("no_leaks")

NUMBER = signal.SIGURG
BEGIN = f"""
import os, re, select, sys, threading, time
from tornkit.serve.wire import stack_signal

def wait():
    select.select([sys.stdin], [], [])

def begin(thread=lambda: 0):
    stack_signal.register({int(NUMBER)}, int(sys.argv[1]), thread)
    print(os.getpid(), flush=True)
"""
COMPUTES = """
def inner(number, *more, **named):
    return [each for each in range(number)]

def numbers():
    yield from (inner(each, each, named=each) for each in range(3))

async def coroutine():
    return sorted([3, 1, 2], key=lambda each: len(list(numbers())) * each)

begin()
while True:
    try:
        coroutine().send(None)
    except StopIteration:
        pass
"""
NAMES = """
def caf\u00e9_\u540d():
    begin()
    wait()

caf\u00e9_\u540d()
"""
DEEP = """
def deep(more):
    if more:
        deep(more - 1)
    begin()
    wait()

deep(120)
"""
HOLDS = """
begin()
while True:
    re.match("(a+)+$", "a" * 20 + "b")  # keeps the interpreter
"""
OTHER = """
def waits(number):
    number.append(threading.get_native_id())
    other.acquire()

other = threading.Lock()
other.acquire()
number = []
threading.Thread(target=waits, args=(number,), daemon=True).start()
while not number:
    time.sleep(0.001)
begin(lambda: number[0])
wait()
"""


class Program:
    """A program whose stack is to be written, and the file that it is written to."""

    def __init__(self, process: subprocess.Popen[str], file: IO[bytes]) -> None:
        self.process = process
        self.file = file
        assert process.stdout is not None
        self.number = int(process.stdout.readline())

    def stack(self) -> list[Frame]:
        """The stack, once it is written to its end."""
        os.ftruncate(self.file.fileno(), 0)
        os.lseek(self.file.fileno(), 0, os.SEEK_SET)
        os.kill(self.number, NUMBER)
        deadline = time.monotonic() + 30
        while True:
            text = os.pread(self.file.fileno(), 1 << 18, 0).decode()
            ends = "in <module>\n", "in _bootstrap\n", "  ...\n", "  <invalid frame>\n"
            if text.endswith(ends) or text.count("\n") > 100:
                return stack_of(text)
            assert self.process.poll() is None, "it has ended"
            assert time.monotonic() < deadline
            time.sleep(0.0005)


# As all workers are.
FORKED = """
if os.fork() == 0:
    begin(threading.get_native_id)
    wait()
else:
    os.wait()
"""
Start = Callable[[str], Program]


@pytest.fixture
def start() -> Iterator[Start]:
    programs = []
    with tempfile.TemporaryFile() as file:

        def start(text: str) -> Program:
            process = subprocess.Popen(
                [sys.executable, "-c", BEGIN + text, str(file.fileno())],
                pass_fds=[file.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            programs.append(process)
            return Program(process, file)

        yield start
        for process in programs:
            process.kill()
            process.communicate()


def test_a_program_that_computes_goes_on(start: Start) -> None:
    """`faulthandler` has ended one by SIGSEGV, after a hundred signals on Python 3.13."""
    program = start(COMPUTES)
    functions = {frame.function for _ in range(500) for frame in program.stack()}
    assert {"<module>", "coroutine", "inner"} <= functions


def test_names_are_as_they_were_written(start: Start) -> None:
    _, innermost, outermost = start(NAMES).stack()
    assert (innermost.file, innermost.function) == ("<string>", "caf\u00e9_\u540d")
    assert outermost.function == "<module>"


def test_a_stack_that_is_too_deep_is_known_as_cut(start: Start) -> None:
    assert start(DEEP).stack() == []


def test_a_call_that_keeps_the_interpreter_is_where_it_is(start: Start) -> None:
    program, text = start(HOLDS), (BEGIN + HOLDS).splitlines()
    lines = [text[program.stack()[-1].line - 1] for _ in range(10)]
    assert sum("keeps the interpreter" in line for line in lines) > 5, lines


@pytest.mark.skipif(stack_signal.BY_C, reason="the signal has to go to that thread itself")
def test_of_another_thread(start: Start) -> None:
    assert start(OTHER).stack()[0].function == "waits"


def test_of_a_process_that_was_forked(start: Start) -> None:
    assert start(FORKED).stack()[-1].function == "<module>"
