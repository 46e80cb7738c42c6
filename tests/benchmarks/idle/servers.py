"""Who takes part. No server may close what is idle: uvicorn's and Node's own 5 s are raised."""

from __future__ import annotations

from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.harness.server import Server

_KEEP = "600"  # seconds

_ALL = (
    Server(
        name="tornkit",
        title="tornkit serve",
        command=(
            *("{bin}/tornkit", "serve", "tornado_app.py:make_app", "--engine", "tornkit"),
            *("--no-reload", "--no-access-log", "--workers", "1", "--port", "{port}"),
        ),
        packages=("tornkit", "tornado"),
        is_rival=False,
    ),
    Server(
        name="httpserver",
        title="tornkit.HTTPServer",
        command=("{bin}/python", "tornado_app.py", "{port}", "--tornkit"),
        packages=("tornkit", "tornado"),
        is_rival=False,
    ),
    Server(
        name=BASELINE,
        title="Tornado",
        command=("{bin}/python", "tornado_app.py", "{port}"),
        packages=("tornado",),
    ),
    Server(
        name="uvicorn",
        title="uvicorn, raw ASGI",
        command=(
            *("{bin}/uvicorn", "asgi_app:app", "--port", "{port}", "--no-access-log"),
            *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
            *("--timeout-keep-alive", _KEEP),
        ),
        requirements=("uvicorn[standard]",),
        packages=("uvicorn", "uvloop", "httptools"),
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
