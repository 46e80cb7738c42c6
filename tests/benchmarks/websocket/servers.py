"""Who takes part: one process each, without an access log and without deflate."""

from __future__ import annotations

from tests.benchmarks.contenders import tornado_program, tornkit_serve, uvicorn
from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.harness.server import Server


def _uvicorn(websockets: str) -> Server:
    return uvicorn(
        f"uvicorn-{websockets}",
        f"{websockets}, Starlette",
        "starlette_app",
        *("--ws", websockets, "--ws-per-message-deflate", "false"),
        requirements=("starlette", "websockets", "wsproto"),
        packages=(websockets, "starlette"),
    )


def _aiohttp(name: str, title: str, *options: str) -> Server:
    return Server(
        name=name,
        title=title,
        command=("{bin}/python", "aiohttp_app.py", "{port}", *options),
        requirements=("aiohttp", "uvloop"),
        packages=("aiohttp", "uvloop"),
    )


_ALL = (
    tornkit_serve("tornkit", "tornkit serve"),
    tornado_program("protocol", "tornkit's protocol", "--tornkit"),
    tornado_program("protocol-uvloop", "tornkit's protocol, uvloop", "--tornkit", "--uvloop"),
    tornado_program(BASELINE, "Tornado"),
    tornado_program("tornado-uvloop", "Tornado, uvloop", "--uvloop"),
    _uvicorn("websockets"),
    _uvicorn("wsproto"),
    _aiohttp("aiohttp", "aiohttp"),
    _aiohttp("aiohttp-uvloop", "aiohttp, uvloop", "--uvloop"),
)

# By name, in the order in which they are measured and shown.
SERVERS = {server.name: server for server in _ALL}
