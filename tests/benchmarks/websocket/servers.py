"""Who takes part: one process each, without an access log and without deflate."""

from __future__ import annotations

from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.harness.server import Server


def _tornado(name: str, title: str, *options: str, is_rival: bool) -> Server:
    return Server(
        name=name,
        title=title,
        command=("{bin}/python", "tornado_app.py", "{port}", *options),
        requirements=("uvloop",) if "--uvloop" in options else (),
        packages=("tornado", "uvloop"),
        is_rival=is_rival,
    )


def _uvicorn(websockets: str) -> Server:
    return Server(
        name=f"uvicorn-{websockets}",
        title=f"uvicorn, {websockets}, Starlette",
        command=(
            *("{bin}/uvicorn", "starlette_app:app", "--port", "{port}", "--no-access-log"),
            *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
            *("--ws", websockets, "--ws-per-message-deflate", "false"),
        ),
        requirements=("uvicorn[standard]", "starlette", "websockets", "wsproto"),
        packages=("uvicorn", "uvloop", websockets, "starlette"),
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
    Server(
        name="tornkit",
        title="tornkit serve",
        command=(
            *("{bin}/tornkit", "serve", "tornado_app.py:make_app", "--no-reload"),
            *("--no-access-log", "--workers", "1", "--port", "{port}"),
        ),
        packages=("tornkit", "tornado", "uvloop"),
        is_rival=False,
    ),
    _tornado("protocol", "tornkit's protocol", "--tornkit", is_rival=False),
    _tornado(
        "protocol-uvloop", "tornkit's protocol, uvloop", "--tornkit", "--uvloop", is_rival=False
    ),
    _tornado(BASELINE, "Tornado", is_rival=True),
    _tornado("tornado-uvloop", "Tornado, uvloop", "--uvloop", is_rival=True),
    _uvicorn("websockets"),
    _uvicorn("wsproto"),
    _aiohttp("aiohttp", "aiohttp"),
    _aiohttp("aiohttp-uvloop", "aiohttp, uvloop", "--uvloop"),
)

# By name, in the order in which they are measured and shown.
SERVERS = {server.name: server for server in _ALL}
