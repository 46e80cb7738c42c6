"""``proxies``: counts of the clients that were lost behind nginx and haproxy."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from tests.benchmarks.proxies import proxy, run


@click.command("proxies")
@click.option("--count", default=150, help="Early answers for each size.")
@click.option("--sizes", default="3,70,300", help="Of their bodies, in kB.")
@click.option("--reloads", default=50, help="Of tornkit, with kills and resizes meanwhile.")
def proxies_command(count: int, sizes: str, reloads: int) -> None:
    """Answers before the body was read, and the next client's request behind a proxy."""
    for name in proxy.PROXIES:
        if not proxy.is_there(name):
            click.echo(f"{name}: not on this machine")
            continue
        for server in run.SERVERS:
            with (
                tempfile.TemporaryDirectory(prefix="proxies-") as folder,
                run.behind(server, name, Path(folder)) as (address, _, _, _),
            ):
                for size in map(int, sizes.split(",")):
                    early, following = run.early_then_next(address, size * 1000, count)
                    click.echo(
                        f"{name:16} {server:8} {size:4} kB: of {count} early answers "
                        f"{early.lost} lost, {early.mixed} mixed; of the next clients "
                        f"{following.lost} lost, {following.mixed} mixed "
                        f"{sorted(set(following.examples))[:2] or ''}"
                    )
        if reloads:
            with (
                tempfile.TemporaryDirectory(prefix="proxies-") as folder,
                run.behind("tornkit", name, Path(folder)) as (address, upstream, file, pid),
            ):
                tally = run.under_reloads(address, upstream, file, pid, reloads)
                click.echo(
                    f"{name:16} tornkit  {reloads} reloads, kills, resizes: {tally.answered} "
                    f"answered, {tally.lost} lost, {tally.mixed} mixed; {tally.killed} were under "
                    f"way when a worker was killed {sorted(set(tally.examples))[:3] or ''}"
                )
