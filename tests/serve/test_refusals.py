"""What an error tells of what was asked for."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tornkit.errors import AppRaised, NotAnApplication
from tornkit.serve.refusals import ADDRESS, LOCK, SILENT, of_failure


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def error_of(function: Callable[[], object]) -> BaseException:
    """As a worker has it: the program's error behind one of tornkit's."""
    try:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - as of a program
            raise AppRaised(f"running it failed: {error}", "") from None
    except AppRaised as error:
        return error
    raise AssertionError("it did not fail")


def parts(error: BaseException) -> tuple[str, list[str]]:
    sort, *texts = of_failure(error).split("\n")
    return sort, texts


class TestBind:
    def test_a_literal(self) -> None:
        def bind() -> None:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind("/dev/null")

        sort, texts = parts(error_of(bind))
        assert sort == ADDRESS
        assert "'/dev/null'" in texts

    def test_a_variable(self, taken: int) -> None:
        def bind() -> None:
            address = ("127.0.0.1", taken)
            with socket.socket() as sock:
                sock.bind(address)

        assert f"('127.0.0.1', {taken})" in parts(error_of(bind))[1]

    def test_several_lines(self, taken: int) -> None:
        def bind() -> None:
            with socket.socket() as sock:
                sock.bind(
                    (
                        "127.0.0.1",  # ü
                        taken,
                    )
                )

        assert f"('127.0.0.1', {taken})" in parts(error_of(bind))[1]

    def test_of_a_server_of_the_standard_library(self, taken: int) -> None:
        from socketserver import BaseRequestHandler, TCPServer

        def bind() -> None:
            TCPServer(("127.0.0.1", taken), BaseRequestHandler)

        assert f"('127.0.0.1', {taken})" in parts(error_of(bind))[1]

    def test_calls_nothing(self) -> None:
        called: list[str] = []

        class Address(str):
            def __repr__(self) -> str:
                called.append(self)
                return "it"

        def address() -> str:
            called.append("address")
            return "/dev/null"

        def bind() -> None:
            found = Address("/dev/null")
            with socket.socket(socket.AF_UNIX) as sock:
                try:
                    sock.bind(found)
                except OSError:
                    sock.bind(address())

        sort, texts = parts(error_of(bind))
        assert sort == ADDRESS
        assert called == ["address"]
        assert not [text for text in texts if "/dev/null" in text]


def test_a_lock_names_the_files_that_are_open(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    def lock() -> None:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with path.open("w") as held, path.open("w") as again:
        fcntl.flock(held, fcntl.LOCK_EX)
        sort, texts = parts(error_of(lock))
    assert sort == LOCK
    if sys.platform == "linux":
        assert str(path) in texts


def test_a_file_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("the.pid").touch()
    error = error_of(lambda: os.open("the.pid", os.O_CREAT | os.O_EXCL))
    assert parts(error)[0] == LOCK
    assert str(tmp_path / "the.pid") in parts(error)[1]


class Strange(Exception):
    """ZeroMQ's has a number, and is no OSError."""

    errno = errno.EADDRINUSE


@pytest.mark.parametrize(
    ("error", "sort"),
    [
        (Strange("Address already in use"), ADDRESS),
        (RuntimeError("Failed to bind to address [::]:50051"), ADDRESS),
        (sqlite3.OperationalError("database is locked"), LOCK),
        (TimeoutError("The file lock 'x' could not be acquired."), LOCK),
        (SystemExit("another instance is running"), LOCK),
        (SystemExit(3), SILENT),
        (SystemExit(0), ""),
        (NameError("name 'lock' is not defined"), ""),
        (ValueError("port has to be a number"), ""),
        (PermissionError(errno.EACCES, "Permission denied"), ""),
    ],
)
def test_sorts(error: BaseException, sort: str) -> None:
    def fail() -> None:
        raise error

    assert parts(error_of(fail))[0] == sort


def test_an_exit_in_answer_to_a_refusal(taken: int) -> None:
    def bind() -> None:
        try:
            socket.create_server(("127.0.0.1", taken))
        except OSError:
            sys.exit(1)

    sort, texts = parts(error_of(bind))
    assert sort == ADDRESS
    assert any(str(taken) in text for text in texts)


def test_what_is_not_the_programs_is_nothing() -> None:
    assert of_failure(NotAnApplication("app.py has none of app; it is locked")) == ""


def test_asyncio_names_the_address(taken: int) -> None:
    import asyncio

    async def bind() -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", udp.getsockname()[1])
        )

    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        error = error_of(lambda: asyncio.run(bind()))
        assert any(str(udp.getsockname()[1]) in text for text in parts(error)[1])
