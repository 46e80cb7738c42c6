"""Who takes part. No server may close what is idle: uvicorn's and Node's own 5 s are raised."""

from __future__ import annotations

from tests.benchmarks.contenders import tornado_program, tornkit_serve, uvicorn
from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.harness.server import Server

_KEEP = "600"  # seconds

_TORNADO = ("tornado",)  # none of them on uvloop

_ALL = (
    tornkit_serve("tornkit", "tornkit serve", "--engine", "tornkit", packages=_TORNADO),
    tornado_program(
        "httpserver", "tornkit.HTTPServer", "--tornkit", packages=("tornkit", *_TORNADO)
    ),
    tornado_program(BASELINE, "Tornado", packages=_TORNADO),
    uvicorn(
        "uvicorn", "raw ASGI", "asgi_app", "--timeout-keep-alive", _KEEP, packages=("httptools",)
    ),
    Server(
        name="node",
        title="Node http",
        command=("node", "--expose-gc", "node_app.js", "{port}"),
        packages=("node",),
    ),
)

# By name, in the order in which they are measured and shown.
SERVERS = {server.name: server for server in _ALL}
