"""Installing all that take part before the first is measured: pip would disturb the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.benchmarks.harness.environment import Environment, InstallFailed
from tests.benchmarks.harness.server import Server


def install_all(
    servers: Iterable[Server], environment: Environment, say: Callable[[str], None]
) -> dict[str, str]:
    """Install what they need; why it could not be, by the server's name."""
    failures = {}
    for server in servers:
        say(f"installing {server.title}")
        try:
            environment.install(*server.requirements)
        except InstallFailed as failure:
            failures[server.name] = f"can't be installed: {failure}"
    return failures
