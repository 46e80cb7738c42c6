"""``tornkit bus``: channels and processes of the servers that run."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable
from typing import Any

from tornkit.cli import console, output
from tornkit.cli.bus.failures import run as run_coroutine
from tornkit.cli.bus.membership import Membership, ServerEnded
from tornkit.cli.bus.readings import HubReader
from tornkit.cli.bus.table import render
from tornkit.cli.servers import NONE_RUNS, other_version, running
from tornkit.errors import TornkitError

_LINES = 8  # of a server, beside its channels and its processes


def run(*, as_json: bool, watch: bool, interval: float, show_all: bool, pid: int | None) -> int:
    """Show channels and processes of all servers, once or until Ctrl-C; return the exit code."""
    listing = _Listing(pid, as_json=as_json, show_all=show_all)
    if not watch:
        return run_coroutine(listing.once(interval))
    with contextlib.suppress(KeyboardInterrupt):  # how one ends it
        run_coroutine(listing.forever(interval))
    return 0


class _Listing:
    """Reads the hubs of all servers that run, and shows their channels and processes."""

    def __init__(self, pid: int | None, *, as_json: bool, show_all: bool) -> None:
        self._pid = pid
        self._as_json = as_json
        self._show_all = show_all
        self._readers: dict[int, HubReader] = {}  # by supervisor

    async def once(self, interval: float) -> int:
        """Read the hubs twice, for the rates, and show the result; return the exit code."""
        try:
            if any(server["bus"] is not None for server in await self._read(most=1)):
                await asyncio.sleep(interval)
            servers = await self._read(self._most())
        finally:
            self._forget(tuple(self._readers))
        self._show(servers)
        return 0 if servers else 1

    async def forever(self, interval: float) -> None:
        """Read the hubs and show the result, every ``interval`` seconds, without end."""
        while True:
            servers = await self._read(self._most())
            if not self._as_json:
                output.clear()
            self._show(servers)
            await asyncio.sleep(interval)

    def _most(self) -> int | None:
        """Number of channels for which the terminal has room; None: all are shown."""
        out = console.out()
        if self._as_json or self._show_all or not out.is_terminal:
            return None
        return out.size.height - _LINES

    async def _read(self, most: int | None) -> list[dict[str, Any]]:
        servers = running(self._pid)
        self._forget(self._readers.keys() - {server["pid"] for server in servers})
        found = await asyncio.gather(*(self._read_one(server, most) for server in servers))
        return [each for each in found if each is not None]

    async def _read_one(self, server: dict[str, Any], most: int | None) -> dict[str, Any] | None:
        try:
            told = {name: server[name] for name in ("pid", "app", "urls")}
            elsewhere = server["bus"].get("elsewhere")
            if elsewhere is not None:
                return {**told, "bus": None, "elsewhere": elsewhere}
            if not server["bus"]["used"]:
                return {**told, "bus": None}
            reader = self._readers.get(server["pid"])
            if reader is None:
                reader = self._readers[server["pid"]] = HubReader(Membership(server, ""))
            if most is not None:
                most -= len(server["workers"])
            return {**told, "bus": await reader.read(server["workers"], most)}
        except ServerEnded:
            return None
        except (LookupError, TypeError):
            raise TornkitError(other_version(server)) from None

    def _forget(self, pids: Iterable[int]) -> None:
        for pid in pids:
            self._readers.pop(pid).close()

    def _show(self, servers: list[dict[str, Any]]) -> None:
        if self._as_json:
            output.result_json(json.dumps({"servers": servers}))
        elif not servers:
            output.say(NONE_RUNS)
        for server in servers if not self._as_json else ():
            out = console.out()
            width = out.width if out.is_terminal else None  # what a program reads is whole
            out.print(*render(server, width), sep="\n")
