"""The stage of a run: a folder with the applications, and the servers that run there.

A server is started for a measurement, or for a whole round with all others; then `Stage.serving`
hands out the one that is up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import cores
from tests.benchmarks.cores import Cores
from tests.benchmarks.exchange import Address, wait_until_serving
from tests.benchmarks.harness.server import Server
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports


@dataclass(frozen=True)
class Running:
    """A server that answers at its address."""

    process: ServerProcess
    address: Address


@dataclass
class Stage:
    """Folders, cores and the running servers of the comparison ``name``; ``say`` shows progress.

    ``at``: the measurement under way: round, case, server.
    """

    bin: Path
    folder: Path
    name: str
    logs: Path
    cores: Cores
    say: Callable[[str], None]
    at: tuple[str, ...] = ()
    _up: dict[str, Running | ServerFailed] = field(default_factory=dict)

    def progress(self, step: str = "") -> None:
        """Show the measurement under way, and which step of it."""
        self.say(" · ".join(filter(None, (*self.at, step))))

    def log(self, name: str) -> Path:
        """The file for the output of a server."""
        return self.logs / f"{self.name}-{name}.log"

    @contextmanager
    def serving(self, server: Server) -> Iterator[Running]:
        """The server, on its core, until the ``with`` ends or its round. Raises ServerFailed."""
        up = self._up.get(server.name)
        if up is None:
            with self._started(server) as running:
                yield running
        elif isinstance(up, ServerFailed):
            raise ServerFailed(str(up))
        else:
            up.process.check()
            yield up

    @contextmanager
    def all_serving(self, servers: Iterable[Server]) -> Iterator[None]:
        """All servers at once. One that fails does so in `serving`."""
        with ExitStack() as stack:
            stack.callback(self._up.clear)
            for server in servers:
                self.progress(f"starting {server.title}")
                try:
                    self._up[server.name] = stack.enter_context(self._started(server))
                except ServerFailed as failure:
                    self._up[server.name] = failure
            yield

    @contextmanager
    def _started(self, server: Server) -> Iterator[Running]:
        port, aux = free_ports(2)
        address = ("127.0.0.1", port)
        command = server.command_line(self.bin, port, aux)
        with cores.on(self.cores.server):
            process = ServerProcess(command, self.folder, self.log(server.name))
        with process:
            wait_until_serving(address, process)
            yield Running(process, address)
