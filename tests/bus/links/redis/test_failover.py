"""A Redis of several servers: sentinels that turn to a replica, and a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.redis_server import MISSING
from tests.bus.test_bus import subscribe, take
from tornkit.bus.bus import Bus
from tornkit.bus.errors import Unavailable
from tornkit.bus_limits import BusLimits

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.thorough]


class RedisGroup:
    """Servers on ports of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *options: str, sentinel: str = "") -> int:
        """Start one and wait for it; its port."""
        port = 65535
        while port > 50_000:  # a cluster's nodes talk at ports that are larger by 10,000
            with socket.create_server(("127.0.0.1", 0)) as sock:
                port = sock.getsockname()[1]
        folder = self._folder / str(port)
        folder.mkdir()
        command = ["redis-server"]
        if sentinel:
            (folder / "sentinel.conf").write_text(sentinel)
            command += [str(folder / "sentinel.conf"), "--sentinel"]
        listening = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self._processes[port] = subprocess.Popen(
            [*command, *listening, *options], stdout=subprocess.DEVNULL
        )
        while self.told(port, "PING") != "PONG":
            assert self._processes[port].poll() is None
        return port

    def told(self, port: int, *command: str) -> str:
        """The answer of one to a command."""
        redis_cli = ["redis-cli", "-p", str(port), *command]
        return subprocess.run(redis_cli, capture_output=True, text=True, check=False).stdout.strip()

    def kill(self, port: int) -> None:
        """End one as a crash does."""
        self._processes[port].kill()
        self._processes.pop(port).wait()

    def close(self) -> None:
        for port in tuple(self._processes):
            self.kill(port)


@pytest.fixture
def group() -> Iterator[RedisGroup]:
    folder = Path(tempfile.mkdtemp(prefix="tornkit-redis-"))
    made = RedisGroup(folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


def bus_at(url: str) -> Bus:
    from tornkit.bus.links.redis.link import RedisLink

    loop = asyncio.get_running_loop()
    limits = BusLimits(patience=5.0)
    return Bus(loop, lambda bus: RedisLink(loop, bus, url, limits), limits)


async def published(bus: Bus, data: object) -> str:
    """Publish until it is taken; the position."""
    while True:
        with contextlib.suppress(Unavailable):
            return await bus.publish("a", data)


def test_a_master_that_dies_is_a_gap_and_its_replica_goes_on(group: RedisGroup) -> None:
    master = group.start("--save", "")
    replica = group.start("--save", "", "--replicaof", f"127.0.0.1 {master}")
    sentinel = group.start(
        sentinel=f"sentinel monitor main 127.0.0.1 {master} 1\n"
        "sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 1000\n"
    )
    deadline = time.monotonic() + 20
    while f"port={replica},state=online" not in group.told(master, "INFO", "replication") or (
        "slaves=1" not in group.told(sentinel, "INFO", "sentinel")
    ):
        assert time.monotonic() < deadline

    async def main() -> None:
        url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{sentinel}/main"
        one, other = bus_at(url), bus_at(url)
        async with subscribe(one, "a") as messages:
            before = await other.publish("a", 1)
            assert await take(messages, 1) == [1]
            group.kill(master)
            after = await published(other, 2)
            assert after.partition("-")[0] != before.partition("-")[0]
            # What the replica has kept comes as well, behind the gap.
            found = [await take(messages, 1)]
            while found[-1] != [2]:
                found.append(await take(messages, 1))
            assert found[0] == ["gap"]
            assert found.count([2]) == 1
        one.close()
        other.close()
        await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(main(), 40))


def test_a_cluster_has_it_on_one_node(group: RedisGroup) -> None:
    options = ("--save", "", "--cluster-enabled", "yes")
    ports = [group.start(*options) for _ in range(3)]
    group.told(
        ports[0],
        *("--cluster", "create", *(f"127.0.0.1:{port}" for port in ports), "--cluster-yes"),
    )
    deadline = time.monotonic() + 20
    while any("cluster_state:ok" not in group.told(port, "CLUSTER", "INFO") for port in ports):
        assert time.monotonic() < deadline

    async def main() -> None:
        buses = [bus_at(f"redis://127.0.0.1:{port}/0") for port in ports]
        async with subscribe(buses[0], "a") as one, subscribe(buses[1], "a*", present=None) as two:
            for number, bus in enumerate(buses):
                await bus.publish("a", number)
            assert await take(one, 3) == await take(two, 3) == [0, 1, 2]
            assert await buses[1].broker_link.call_store("increment", "k", 1, None) == 1
            assert await buses[2].broker_link.call_store("increment", "k", 1, None) == 2
        for bus in buses:
            bus.close()
        await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(main(), 40))
