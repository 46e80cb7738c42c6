"""``python -m tests.benchmarks bus-memory``: what subscriptions and kept messages take."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from tests.benchmarks.errors import CannotMeasure
from tests.benchmarks.exchange import Address, Request, ask, wait_until_serving
from tests.benchmarks.harness.environment import HOME, Environment
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports, proportional

_APP = Path(__file__).parent / "apps" / "memory_app.py"
_PATIENCE = 1800.0  # seconds, in which a million messages are published


@contextlib.contextmanager
def _served() -> Iterator[tuple[ServerProcess, Address]]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="bus-memory-") as name:
        folder = Path(name)
        shutil.copy(_APP, folder)
        command = [
            *(str(HOME / "venv" / "bin" / "tornkit"), "serve", "memory_app.py:make_app"),
            *("--port", str(port), "--workers", "1", "--no-reload", "--no-access-log"),
        ]
        with ServerProcess(command, folder, folder / "log") as process:
            wait_until_serving(("127.0.0.1", port), process)
            yield process, ("127.0.0.1", port)


def _ask(address: Address, target: str) -> bytes:
    answer = ask(address, Request(target).encode(address), _PATIENCE)
    if answer.status != 200:
        raise ServerFailed(f"{target}: status {answer.status}")
    return answer.body


def _read(process: ServerProcess, address: Address) -> tuple[int, int]:
    """Bytes of the worker, and of all other processes, the hub among them."""
    pid = int(_ask(address, "/"))
    memory = process.memory()
    if memory is None:
        raise CannotMeasure("memory is read from /proc, which only Linux has")
    worker = proportional(pid)
    return worker, memory.pss - worker


def subscriptions(kind: str, count: int) -> tuple[float, float]:
    """Bytes of each subscription in the worker, and in the hub; ``kind``: to "one" or "each"."""
    with _served() as (process, address):
        _ask(address, "/subscribe/each/1")  # the hub has been started
        before = _read(process, address)
        _ask(address, f"/subscribe/{kind}/{count}")
        after = _read(process, address)
    return (after[0] - before[0]) / count, (after[1] - before[1]) / count


def kept(channels: int, messages: int) -> tuple[int, int]:
    """Bytes of the hub for so many messages of each channel; what it grows by when they come again.

    The second figure tells whether it is bounded.
    """
    with _served() as (process, address):
        _ask(address, "/fill/100/1")
        before = _read(process, address)
        _ask(address, f"/fill/{channels}/{messages}")
        after = _read(process, address)
        _ask(address, f"/fill/{channels}/{max(1, messages // 2)}")
        again = _read(process, address)
    return after[1] - before[1], again[1] - after[1]


@click.command("bus-memory")
@click.option("--subscriptions", "count", default=10_000, help="How many subscriptions.")
@click.option("--channels", default=10_000, help="How many channels have messages.")
@click.option("--messages", default=100, help="How many each; they have 100 bytes.")
def bus_memory_command(count: int, channels: int, messages: int) -> None:
    """Memory of a worker's subscriptions, and of the hub for messages that it keeps. On Linux."""
    Environment(HOME / "venv").prepare()
    for kind, words in (("each", "to a channel of its own"), ("one", "to one channel")):
        worker, hub = subscriptions(kind, count)
        click.echo(
            f"each of {count:,} subscriptions {words}: {worker / 1024:.2f} KiB in the worker, "
            f"{hub / 1024:.2f} KiB in the hub"
        )
    size, growth = kept(channels, messages)
    click.echo(
        f"{messages:,} messages in each of {channels:,} channels: {size / 2**20:.0f} MiB in the "
        f"hub; {growth / 2**20:.1f} MiB more when half as many have come again"
    )
