"""Workers that hang, that have served long enough, that differ; and how connections spread."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.blocking import Client
    from tests.integration.hammer import Hammer
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import os
import secrets
import time

from tornado.web import Application, RequestHandler

HOARD = []


class Main(RequestHandler):
    def get(self):
        self.write("1 is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


class Stuck(RequestHandler):
    def get(self):
        while True:
            pass  # around and around


class Grow(RequestHandler):
    def get(self):
        HOARD.append(bytearray(b"x") * (100 << 20))
        self.write(str(os.getpid()))


ROUTES = [("/", Main), ("/pid", Pid), ("/stuck", Stuck), ("/grow", Grow)]


def make_app(**settings):
    return Application(ROUTES, **settings)
"""


def serving_pids(server: Server) -> set[int]:
    workers = server.status()["workers"]
    return {worker["pid"] for worker in workers if worker["state"] == "serving"}


@pytest.mark.thorough
def test_a_worker_that_is_stuck_is_replaced(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--hang-timeout", "1", "--no-access-log")
    kept: list[Client] = []
    try:
        victim, other = server.answering_pids(2)
        clients: dict[str, Client] = {}
        while len(clients) < 2:
            kept.append(server.connect())
            clients[kept[-1].request("/pid").text] = kept[-1]
        clients[str(victim)].send_request("/stuck")
        longest = 0.0

        def replaced() -> bool:
            nonlocal longest
            began = time.monotonic()
            assert clients[str(other)].request("/pid").text == str(other)
            longest = max(longest, time.monotonic() - began)
            return "starting another now" in server.log

        wait_for(replaced, "the one that is stuck is replaced")
        assert longest < 1.0, "the other one never stopped"
        assert victim not in server.answering_pids(2)
    finally:
        for client in kept:
            client.close()
    assert re.search(
        rf"worker \d \(pid {victim}\) has been stuck for \d+ s; its stacks", server.log
    )
    line = APP[: APP.index("            pass  # around")].count("\n") + 1
    assert re.search(rf'app\.py", line ({line - 1}|{line}) in get', server.log), "where it is stuck"
    assert server.log.count("has been stuck") == 1


@pytest.mark.thorough
def test_a_handler_that_takes_its_time_is_not_stuck(serve: Serve) -> None:
    """The loop turns while a coroutine waits."""
    source = APP.replace(
        "    def get(self):\n        while True:",
        "    async def get(self):\n"
        "        import asyncio\n        await asyncio.sleep(1.5)\n"
        "        self.write('done')\n        while False:",
    )
    server = serve({"app.py": source}, "--hang-timeout", "0.8")
    assert server.get("/stuck").text == "done"
    assert "stuck for" not in server.log


@pytest.mark.thorough
def test_connections_spread_over_the_workers(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "--workers", "4", "--no-access-log")
    clients: list[Client] = []
    counts: dict[str, int] = {}
    try:
        for _ in range(400):
            clients.append(server.connect())
            pid = clients[-1].request("/pid").text
            counts[pid] = counts.get(pid, 0) + 1

        def beaten() -> list[int]:
            shown = [worker["connections"] for worker in server.status()["workers"]]
            return shown if sum(shown) == 400 else []

        shown = wait_for(beaten, "status knows of all connections")
    finally:
        for client in clients:
            client.close()
    print(f"400 connections over 4 workers: {sorted(counts.values())}")
    assert sorted(counts.values()) == sorted(shown)
    assert len(counts) == 4
    assert max(counts.values()) <= 2 * min(counts.values())


# ---- recycling ----


@pytest.mark.parametrize(
    ("option", "limit", "reason"),
    [
        ("--max-requests", "40", r"has had \d+ requests"),
        pytest.param("--max-age", "0.5", r"is \d+ s old", marks=pytest.mark.thorough),
        pytest.param("--max-rss", "120M", r"has grown to \d+ MiB", marks=pytest.mark.thorough),
    ],
)
def test_recycling_fails_no_request(
    serve: Serve,
    hammer: Callable[[str], Hammer],
    wait_for: Callable[..., Any],
    option: str,
    limit: str,
    reason: str,
) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log", option, limit)
    first = server.answering_pids(2)
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        if option == "--max-rss":
            grown: set[int] = set()

            def both_grow() -> bool:
                grown.add(int(server.get("/grow").text))
                return first <= grown

            wait_for(both_grow, "both grow")
        most = 0

        def all_replaced() -> bool:
            nonlocal most
            now = server.status()["workers"]
            most = max(most, len(now))
            serving = {worker["pid"] for worker in now if worker["state"] == "serving"}
            return not first & serving and len(serving) == 2

        wait_for(all_replaced, "another two serve")
        clients.wait_for_version(1)
    assert most <= 3, "one at a time"
    assert (
        len(re.findall(rf"worker [12] \(pid \d+\) {reason}; another takes over", server.log)) >= 2
    )
    assert server.errors == []
    assert "was killed" not in server.log


# ---- what has to be the same in all workers ----

RANDOM_SECRET = APP.replace(
    "    return App", "    settings['cookie_secret'] = SECRET\n    return App"
)


@pytest.mark.thorough
def test_a_cookie_secret_made_at_random_is_named(serve: Serve) -> None:
    # In one piece: `print` writes two, and both workers do at the same time.
    told = "sys.stdout.write(f'is {SECRET}\\n')\n"
    source = "import secrets, sys\nSECRET = secrets.token_hex(20)\n" + told + RANDOM_SECRET
    server = serve({"app.py": source}, "--workers", "2")
    server.wait_for_log("warning: the setting cookie_secret is different in each worker")
    secrets = re.findall(r"^is (\w+)$", server.log, re.MULTILINE)
    assert len(set(secrets)) == 2
    server.write("app.py", source + "\n")
    server.wait_for_reload()
    assert server.log.count("warning: ") == 1, "it is said once"
    said = re.sub(r"^is \w+$", "", server.log, flags=re.MULTILINE)
    assert not any(secret in said for secret in secrets)


def test_a_cookie_secret_made_at_random_with_one_worker(serve: Serve) -> None:
    source = "import secrets\nSECRET = secrets.token_hex(20)\n" + RANDOM_SECRET
    server = serve({"app.py": source})
    server.write("app.py", source + "\n")
    server.wait_for_reload()
    server.write("app.py", source + "\n\n")
    server.wait_for_reload(2)
    changed = "warning: the setting cookie_secret changed with this reload and with the one before"
    server.wait_for_log(changed)
    assert server.log.count("warning") == 1


@pytest.mark.thorough
def test_a_fixed_cookie_secret_is_fine_and_stays_secret(serve: Serve) -> None:
    source = "SECRET = 'tell-nobody-of-this'\n" + RANDOM_SECRET
    server = serve({"app.py": source}, "--workers", "2")
    for number in (1, 2):
        server.write("app.py", source + "\n" * number)
        server.wait_for_reload(number)
    assert server.get().status == 200
    assert "warning" not in server.log
    assert "tell-nobody" not in server.log
    assert "tell-nobody" not in str(server.status())


@pytest.mark.thorough
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_cookie_secret_that_is_edited_is_no_warning(serve: Serve, workers: str) -> None:
    source = "SECRET = 'the first'\n" + RANDOM_SECRET
    server = serve({"app.py": source}, "--workers", workers)
    server.edit("app.py", "the first", "the second")
    server.wait_for_reload()
    server.write("app.py", source.replace("the first", "the second") + "\n")
    server.wait_for_reload(2)
    assert server.get().status == 200
    assert "warning" not in server.log


def test_routes_that_differ_between_workers_are_named(serve: Serve) -> None:
    source = APP.replace('("/grow"', '(f"/{os.getpid()}", Main), ("/grow"')
    server = serve({"app.py": source}, "--workers", "2")
    server.wait_for_log("warning: the setting routes is different in each worker")


@pytest.mark.thorough
def test_an_edit_of_the_routes_is_no_warning(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--workers", "2")
    server.edit("app.py", '("/grow"', '("/more", Main), ("/grow"')
    server.wait_for_reload()
    assert server.get("/more").status == 200
    assert "warning" not in server.log
