"""A real Redis for one test, at a socket in a folder of its own."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from tornkit.bus.bus import Bus
from tornkit.bus_limits import BusLimits

MISSING = (
    "no redis-server on PATH"
    if shutil.which("redis-server") is None
    else "redis-py is not installed"
    if importlib.util.find_spec("redis") is None
    else ""
)
"""Why there is no Redis for tests."""


class RedisServer:
    """A server whose end is `close`. What it knows is gone with it, but for ``appends``."""

    def __init__(self, *, appends: bool = False, options: tuple[str, ...] = ()) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tornkit-redis-"))
        self._options = ("--appendonly", "yes" if appends else "no", *options)
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}?prefix=test"
        self.start()

    def start(self) -> None:
        """Start it, and wait for it."""
        listening = ("--port", "0", "--unixsocket", str(self.socket))
        self.process = subprocess.Popen(
            ["redis-server", "--save", "", "--dir", str(self.folder), *listening, *self._options],
            stdout=subprocess.DEVNULL,
        )
        while self.told("PING") != "PONG":
            assert self.process.poll() is None

    def told(self, *command: str) -> str:
        """Its answer to a command."""
        redis_cli = ["redis-cli", "-s", str(self.socket), *command]
        return subprocess.run(redis_cli, capture_output=True, text=True, check=False).stdout.strip()

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)

    def close(self) -> None:
        """End it, and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder)


class RedisBackend:
    """A `tests.bus.backends.Backend`."""

    def __init__(self, limits: BusLimits) -> None:
        from tornkit.bus.links.redis.link import RedisLink

        self.limits = limits
        self.server = RedisServer()
        self._link = RedisLink
        self._buses: list[Bus] = []

    def bus(self) -> Bus:
        loop = asyncio.get_running_loop()
        bus = Bus(
            loop, lambda bus: self._link(loop, bus, self.server.url, self.limits), self.limits
        )
        self._buses.append(bus)
        return bus

    def forget_all(self) -> None:
        self.server.kill()
        self.server.start()

    def close(self) -> None:
        for bus in self._buses:
            bus.close()
        self.server.close()
