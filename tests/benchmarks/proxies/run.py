"""Clients behind a proxy: those answered early, each followed by another; and all under reloads.

Each answer carries the number of its request. One that carries another's is *mixed*; one that does
not come, or is not the application's, is *lost*.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from tests.benchmarks.exchange import Address, NoAnswer, Request, ask, wait_until_serving
from tests.benchmarks.process import ServerProcess, free_ports
from tests.benchmarks.proxies import proxy

_APP = Path(__file__).parent / "apps" / "early.py"
_PATIENCE = 10.0
_CLIENTS = 6
SERVERS = {
    "tornkit": ["-m", "tornkit", "serve", "early.py:make_app", "--workers", "2", "--port"],
    "tornado": ["early.py"],
}


@dataclass
class Tally:
    """What came of some clients."""

    answered: int = 0
    lost: int = 0
    mixed: int = 0
    killed: int = 0
    """Lost while a killed worker ended, which takes what it works on with it: unavoidable."""
    examples: list[str] = field(default_factory=list)

    def count(self, expected: str, answer: str | None, why: str = "") -> None:
        if answer == expected:
            self.answered += 1
        elif answer is None:
            self.lost += 1
            self.examples.append(why)
        else:
            self.mixed += 1
            self.examples.append(f"{expected!r} got {answer!r}")


@contextlib.contextmanager
def behind(server: str, name: str, folder: Path) -> Iterator[tuple[Address, Address, Path, int]]:
    """A server behind a proxy: the addresses of both, the application, the process."""
    port, upstream = free_ports(2)
    application = folder / "early.py"
    shutil.copy(_APP, application)
    command = [sys.executable, *SERVERS[server], str(upstream)]
    with ServerProcess(command, folder, folder / f"{server}.log") as process:
        wait_until_serving(("127.0.0.1", upstream), process)
        with proxy.start(name, port, upstream, folder) as front:
            wait_until_serving(("127.0.0.1", port), front)
            yield ("127.0.0.1", port), ("127.0.0.1", upstream), application, process.pid


def early_then_next(address: Address, size: int, count: int) -> tuple[Tally, Tally]:
    """Uploads that are answered early, and the clients behind them."""
    early, following = Tally(), Tally()
    for number in range(count):
        early.count(f"e{number}", *_early(address, f"e{number}", size))
        following.count(f"n{number} n{number}", *_next(address, f"n{number}"))
    return early, following


def _early(address: Address, name: str, size: int) -> tuple[str | None, str]:
    head = f"POST /early?id={name} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
    try:
        with socket.create_connection(address, _PATIENCE) as sock:
            # The answer may be there although the rest of the body is not wanted.
            with contextlib.suppress(OSError):
                sock.sendall(head.encode() + b"b" * size)
            with HTTPResponse(sock) as response:
                response.begin()
                text = response.read().decode("latin-1")
                return (text, "") if response.status == 413 else (None, str(response.status))
    except (OSError, HTTPException) as error:
        return None, repr(error)


def _next(address: Address, name: str) -> tuple[str | None, str]:
    try:
        # Not idempotent: a proxy doesn't send it twice.
        answer = ask(
            address, Request(f"/next?id={name}", "POST", body=name.encode()).encode(address)
        )
    except NoAnswer as error:
        return None, str(error)
    if answer.status != 200:
        return None, str(answer.status)
    return answer.body.decode("latin-1"), ""


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def under_reloads(
    address: Address, upstream: Address, application: Path, supervisor: int, reloads: int
) -> Tally:
    """Clients that never pause, some answered early, while the server is disturbed."""
    tally, lock, stop = Tally(), threading.Lock(), threading.Event()
    kills: list[tuple[float, float]] = []  # from the signal until the process had gone

    def visit(client: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            name = f"c{client}x{number}"
            began = time.monotonic()
            if number % 5 == 0:
                expected, (answer, why) = name, _early(address, name, 70_000)
            else:
                expected, (answer, why) = f"{name} {name}", _next(address, name)
            ended = time.monotonic()
            with lock:
                if answer is None and any(at <= ended and began <= gone for at, gone in kills):
                    tally.killed += 1
                else:
                    tally.count(expected, answer, f"{why} after {ended - began:.3f} s")

    threads = [threading.Thread(target=visit, args=(each,)) for each in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    text = application.read_text()
    try:
        for number in range(reloads):
            application.write_text(f"{text}\n# {number}\n")
            time.sleep(0.15)
            if number % 5 == 2:
                with contextlib.suppress(NoAnswer, ProcessLookupError):
                    worker = int(ask(upstream, Request("/pid").encode(upstream)).body)
                    kills.append((time.monotonic(), math.inf))
                    os.kill(worker, signal.SIGKILL)
                    while _is_alive(worker):
                        time.sleep(0.001)
                    kills[-1] = (kills[-1][0], time.monotonic())
            if number % 5 == 4:
                more = signal.SIGTTIN if number % 10 == 4 else signal.SIGTTOU
                os.kill(supervisor, more)
            time.sleep(0.15)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return tally
