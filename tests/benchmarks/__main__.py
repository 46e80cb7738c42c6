"""The command line: one subcommand a comparison, each in its own folder."""

from __future__ import annotations

import contextlib

import click

from tests.benchmarks.bus.command import bus_command
from tests.benchmarks.bus.memory import bus_memory_command
from tests.benchmarks.bus.unused import bus_unused_command
from tests.benchmarks.fanout.command import fanout_command
from tests.benchmarks.idle.command import idle_command
from tests.benchmarks.proxies.command import proxies_command
from tests.benchmarks.reload.command import reload_command
from tests.benchmarks.routing.command import routing_command
from tests.benchmarks.throughput.command import throughput_command
from tests.benchmarks.websocket.command import websocket_command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Compare tornkit with other servers, on this machine, in one run."""


main.add_command(reload_command)
main.add_command(throughput_command)
main.add_command(idle_command)
main.add_command(websocket_command)
main.add_command(bus_command)
main.add_command(bus_memory_command)
main.add_command(bus_unused_command)
main.add_command(fanout_command)
main.add_command(routing_command)
main.add_command(proxies_command)

if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(prog_name="python -m tests.benchmarks")
