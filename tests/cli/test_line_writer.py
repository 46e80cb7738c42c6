"""Lines to a standard error that may not take them."""

from __future__ import annotations

import os
import select
import socket
import termios
import threading
import time
from collections.abc import Iterator
from typing import TextIO

import pytest

from tornkit import linux
from tornkit.cli import line_writer
from tornkit.cli.line_writer import LineWriter

pytestmark = pytest.mark.timeout(20)
on_linux = pytest.mark.skipif(not linux.USED, reason="/proc names open files there alone")


class Pipe:
    """A pipe in the place of standard error."""

    def __init__(self) -> None:
        self.reads, writes = os.pipe()
        self.stderr: TextIO = os.fdopen(writes, "w", encoding="utf-8")

    def fill(self) -> int:
        """Write until it takes no more; how much it took."""
        os.set_blocking(self.stderr.fileno(), False)
        taken = 0
        try:
            while True:
                taken += os.write(self.stderr.fileno(), b"." * 4096)
        except BlockingIOError:
            os.set_blocking(self.stderr.fileno(), True)
            return taken

    def read(self, size: int) -> str:
        data = b""
        while len(data) < size:
            data += os.read(self.reads, size - len(data))
        return data.decode()

    def read_until(self, end: str) -> str:
        text = ""
        while end not in text:
            text += os.read(self.reads, 4096).decode()
        return text


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    os.close(pipe.reads)
    pipe.stderr.close()


def test_a_line_is_out_when_it_is_written(pipe: Pipe) -> None:
    os.set_blocking(pipe.reads, False)
    writer = LineWriter(pipe.stderr)
    for number in range(3):
        writer.write(f"line {number} ü\n", colour=True)
        assert os.read(pipe.reads, 999).decode() == f"line {number} ü\n"
    writer.write("\x1b[31mred\x1b[0m\n", colour=False)
    assert os.read(pipe.reads, 999) == b"red\n"


@on_linux
def test_no_thread_is_waited_for_where_somebody_reads(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stderr)
    writer.write("a line\n", colour=False)
    assert pipe.read_until("\n") == "a line\n"
    assert writer._thread is None
    assert os.get_blocking(pipe.stderr.fileno()), "others write to it, too"


@on_linux
def test_what_a_pipe_has_no_room_for_follows_in_its_order(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stderr)
    text = "".join(f"{number}\n" for number in range(40_000))
    writer.write(text, colour=False)
    writer.write("the next\n", colour=False)
    assert pipe.read(len(text)) == text
    assert pipe.read_until("\n") == "the next\n"


def lines_of(terminal: int, count: int) -> bytes:
    """That many lines; a terminal gives them in pieces."""
    text = b""
    while text.count(b"\n") < count:
        text += os.read(terminal, 99)
    return text


@on_linux
def test_a_terminal_that_is_stopped() -> None:
    controlling, terminal = os.openpty()
    with os.fdopen(terminal, "w") as stderr:
        writer = LineWriter(stderr)
        writer.write("before\n", colour=False)
        assert lines_of(controlling, 1) == b"before\r\n"
        termios.tcflow(terminal, termios.TCOOFF)
        began = time.monotonic()
        for number in range(9):
            writer.write(f"line {number}\n", colour=False)
        assert time.monotonic() - began < 1.0
        assert not select.select([controlling], [], [], 0)[0]
        termios.tcflow(terminal, termios.TCOON)
        assert lines_of(controlling, 9) == b"".join(b"line %d\r\n" % n for n in range(9))
    os.close(controlling)


def test_a_standard_error_that_has_become_another(pipe: Pipe) -> None:
    other = Pipe()
    writer = LineWriter(pipe.stderr)
    writer.write("a line\n", colour=False)
    os.dup2(other.stderr.fileno(), pipe.stderr.fileno())
    writer.write("another\n", colour=False)
    assert other.read_until("\n") == "another\n"
    assert pipe.read_until("\n") == "a line\n"
    other.stderr.close()
    os.close(other.reads)


def test_a_socket(pipe: Pipe) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        os.dup2(theirs.fileno(), pipe.stderr.fileno())
        writer = LineWriter(pipe.stderr)
        writer.write("a line\n", colour=False)
        assert ours.recv(99) == b"a line\n"


def test_nobody_reads(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_writer, "_MOST_LINES", 20)
    filled = pipe.fill()
    writer = LineWriter(pipe.stderr)
    began = time.monotonic()
    for number in range(50):
        writer.write(f"line {number}\n", colour=False)
    assert time.monotonic() - began < 1.0, "one wait, not one a line"
    assert pipe.read(filled) == "." * filled
    text = pipe.read_until("line 19\n")
    assert text == "".join(f"line {number}\n" for number in range(20))
    writer.write("it is read again\n", colour=False)
    assert pipe.read_until("again\n") == "(30 lines were not written)\nit is read again\n"


def test_what_is_left_at_the_end_is_written_if_somebody_reads(pipe: Pipe) -> None:
    filled = pipe.fill()
    writer = LineWriter(pipe.stderr)
    writer.write("the last words\n", colour=False)
    reader = threading.Timer(0.1, lambda: pipe.read(filled))
    reader.start()
    writer._finish()
    reader.join()
    assert pipe.read_until("\n") == "the last words\n"


def test_a_reader_that_is_gone_does_no_harm(pipe: Pipe) -> None:
    writer = LineWriter(pipe.stderr)
    reads = pipe.reads
    pipe.reads = os.dup(pipe.stderr.fileno())  # for the fixture to close
    os.close(reads)
    for _ in range(3):
        writer.write("into nothing\n", colour=False)
