"""Who takes part, and in which cases.

Each is one process that serves, without an access log, with what its documentation names for speed
(uvloop, httptools). A case that a server has no ready-made part for is left out rather than built
by us: Falcon has neither forms with XSRF nor templates, raw ASGI and Node no framework at all.
"""

from __future__ import annotations

from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.harness.server import Server

_PLAIN = frozenset({"bare", "browser", "json", "upload"})
_UVICORN = ("uvicorn[standard]",)
_HELPERS = ("jinja2", "itsdangerous")


def _serve(name: str, title: str, *options: str) -> Server:
    return Server(
        name=name,
        title=title,
        command=(
            *("{bin}/tornkit", "serve", "tornado_app.py:make_app", *options),
            *("--no-reload", "--no-access-log", "--workers", "1", "--port", "{port}"),
        ),
        packages=("tornkit", "tornado", "uvloop"),
        is_rival=False,
    )


def _program(name: str, title: str, *options: str, is_rival: bool) -> Server:
    return Server(
        name=name,
        title=title,
        command=("{bin}/python", "tornado_app.py", "{port}", *options),
        requirements=("uvloop",) if "--uvloop" in options else (),
        packages=("tornado", "uvloop"),
        is_rival=is_rival,
    )


def _uvicorn(
    name: str,
    title: str,
    app: str,
    requirements: tuple[str, ...],
    cases: frozenset[str] | None = None,
) -> Server:
    return Server(
        name=name,
        title=f"uvicorn, {title}",
        command=(
            *("{bin}/uvicorn", f"{app}:app", "--port", "{port}", "--no-access-log"),
            *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
        ),
        requirements=(*_UVICORN, *requirements),
        packages=("uvicorn", "uvloop", "httptools", name),
        cases=cases,
    )


_ALL = (
    _serve("tornkit", "tornkit serve"),
    _serve("tornkit-uvloop", "serve --loop uvloop", "--loop", "uvloop"),
    _serve("tornkit-tornado", "serve without engine", "--engine", "tornado"),
    _program("httpserver", "tornkit.HTTPServer", "--tornkit", is_rival=False),
    _program("httpserver-uvloop", "HTTPServer on uvloop", "--tornkit", "--uvloop", is_rival=False),
    _program(BASELINE, "Tornado", is_rival=True),
    _program("tornado-uvloop", "Tornado, uvloop", "--uvloop", is_rival=True),
    _uvicorn(
        "starlette", "Starlette", "starlette_app", ("starlette", "python-multipart", *_HELPERS)
    ),
    _uvicorn("fastapi", "FastAPI", "fastapi_app", ("fastapi", "python-multipart", *_HELPERS)),
    _uvicorn("falcon", "Falcon", "falcon_app", ("falcon",), _PLAIN | {"static"}),
    _uvicorn("blacksheep", "BlackSheep", "blacksheep_app", ("blacksheep", *_HELPERS)),
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
    _uvicorn("asgi", "raw ASGI", "asgi_app", (), _PLAIN),
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
