"""Who takes part, and in which cases.

Each is one process that serves, without an access log, with what its documentation names for speed
(uvloop, httptools). A case that a server has no ready-made part for is left out rather than built
by us: Falcon has neither forms with XSRF nor templates, raw ASGI and Node no framework at all.
"""

from __future__ import annotations

from tests.benchmarks.contenders import tornado_program, tornkit_serve, uvicorn
from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.harness.server import Server

_PLAIN = frozenset({"bare", "browser", "json", "upload"})
_HELPERS = ("jinja2", "itsdangerous")


def _uvicorn(
    name: str,
    title: str,
    *requirements: str,
    cases: frozenset[str] | None = None,
) -> Server:
    return uvicorn(
        name,
        title,
        f"{name}_app",
        requirements=requirements,
        packages=("httptools", name),
        cases=cases,
    )


_ALL = (
    tornkit_serve("tornkit", "tornkit serve"),
    tornkit_serve("tornkit-uvloop", "serve --loop uvloop", "--loop", "uvloop"),
    tornkit_serve("tornkit-tornado", "serve without engine", "--engine", "tornado"),
    tornado_program("httpserver", "tornkit.HTTPServer", "--tornkit"),
    tornado_program("httpserver-uvloop", "HTTPServer on uvloop", "--tornkit", "--uvloop"),
    tornado_program(BASELINE, "Tornado"),
    tornado_program("tornado-uvloop", "Tornado, uvloop", "--uvloop"),
    _uvicorn("starlette", "Starlette", "starlette", "python-multipart", *_HELPERS),
    _uvicorn("fastapi", "FastAPI", "fastapi", "python-multipart", *_HELPERS),
    _uvicorn("falcon", "Falcon", "falcon", cases=_PLAIN | {"static"}),
    _uvicorn("blacksheep", "BlackSheep", "blacksheep", *_HELPERS),
    Server(
        name="granian",
        title="granian, BlackSheep",
        command=(
            *("{bin}/granian", "--interface", "asgi", "blacksheep_app:app", "--workers", "1"),
            *("--loop", "uvloop", "--port", "{port}", "--no-access-log"),
        ),
        requirements=("granian[uvloop]", "blacksheep", *_HELPERS),
        packages=("granian", "uvloop", "blacksheep"),
    ),
    Server(
        name="aiohttp",
        title="aiohttp, uvloop",
        command=("{bin}/python", "aiohttp_app.py", "{port}"),
        requirements=("aiohttp", "uvloop", *_HELPERS),
        packages=("aiohttp", "uvloop"),
    ),
    _uvicorn("asgi", "raw ASGI", cases=_PLAIN),
    Server(
        name="node",
        title="Node http",
        command=("node", "node_app.js", "{port}"),
        packages=("node",),
        cases=_PLAIN | {"static"},
    ),
)

# By name, in the order in which they are measured and shown.
SERVERS = {server.name: server for server in _ALL}
