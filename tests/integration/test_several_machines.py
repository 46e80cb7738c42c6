"""Two servers as on two machines, one Redis, and nginx as docs/several-machines.md has it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.bus.redis_server import MISSING, RedisServer
from tests.integration.addresses import is_free
from tests.integration.test_bus import APP, play

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

PAGE = Path(__file__).parents[2] / "docs" / "several-machines.md"
NO_NGINX = "" if shutil.which("nginx") else "no nginx on PATH"

pytestmark = pytest.mark.skipif(bool(MISSING or NO_NGINX), reason=MISSING or NO_NGINX)


class Site:
    """Two servers behind nginx."""

    def __init__(self, serve: Serve, redis: RedisServer, folder: Path) -> None:
        self._serve = serve
        self.redis = redis
        self.ports = [serve.free_port(), serve.free_port()]
        self.port = serve.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.servers = [self.start(number) for number in range(2)]
        self._nginx = self._start_nginx(folder)

    @property
    def log(self) -> str:
        return "\n".join(each.log for each in self.servers)

    def start(self, number: int) -> Server:
        """Start one of the two, and wait until it serves."""
        options = ("--workers", "2", "--no-reload", "--bus-history", "100000", "--no-access-log")
        env = {"TORNKIT_BUS": self.redis.url}
        port = self.ports[number]
        return self._serve({"app.py": APP}, "app.py:make_app", *options, env=env, port=port)

    def _start_nginx(self, folder: Path) -> subprocess.Popen[bytes]:
        found = re.search(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
        assert found is not None
        site = found[1].replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        for machine, port in zip(("10.0.0.1:8000", "10.0.0.2:8000"), self.ports, strict=True):
            assert machine in site
            site = site.replace(machine, f"127.0.0.1:{port}")
        folders = "".join(
            f"{name}_temp_path {folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;"
            f"events {{ worker_connections 512; }} http {{ access_log off; {folders} {site} }}"
        )
        return subprocess.Popen(["nginx", "-c", str(configuration), "-p", str(folder)])

    def close(self) -> None:
        self._nginx.terminate()
        self._nginx.wait()


@pytest.fixture
def site(serve: Serve, tmp_path: Path, wait_for: Callable[..., Any]) -> Iterator[Site]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    redis = RedisServer()
    made = Site(serve, redis, folder)
    try:
        wait_for(lambda: not is_free(made.url), "nginx")
        yield made
    finally:
        made.close()
        for server in made.servers:
            server.close()
        redis.close()


@pytest.mark.thorough
def test_a_rolling_deploy_loses_nothing(site: Site) -> None:
    async def deploy() -> None:
        for number in range(2):
            assert await asyncio.to_thread(site.servers[number].stop) == 0
            site.servers[number] = await asyncio.to_thread(site.start, number)

    failed: list[tuple[int, int]] = []
    clients = asyncio.run(play(site, deploy, failed=failed))
    assert not failed
    assert all(None not in each.heard for each in clients), "no gap"
    assert any(each.connections > 1 for each in clients)


@pytest.mark.thorough
def test_nor_does_a_machine_that_dies(site: Site) -> None:
    async def die() -> None:
        dead = site.servers[0]
        os.kill(dead.status()["pid"], signal.SIGKILL)
        await asyncio.to_thread(dead.process.wait)
        await asyncio.sleep(0.2)
        site.servers[0] = await asyncio.to_thread(site.start, 0)

    clients = asyncio.run(play(site, die))
    assert all(None not in each.heard for each in clients), "no gap"
    assert any(each.connections > 1 for each in clients)


@pytest.mark.thorough
def test_a_redis_that_dies_is_a_gap_for_everybody(site: Site) -> None:
    async def die() -> None:
        await asyncio.sleep(0.2)
        site.redis.kill()
        await asyncio.to_thread(site.redis.start)
        await asyncio.sleep(1)

    clients = asyncio.run(play(site, die))
    for each in clients:
        assert each.heard.count(None) == 1
