"""Who takes part: `tornkit serve` with two workers, whose handlers differ in nothing else."""

from __future__ import annotations

from tests.benchmarks.harness.server import Server

WORKERS = 2


def _serve(app: str) -> tuple[str, ...]:
    return (
        *("{bin}/tornkit", "serve", f"{app}.py:make_app", "--workers", str(WORKERS)),
        *("--no-reload", "--no-access-log", "--port", "{port}"),
    )


_ALL = (
    Server(
        name="tornkit",
        title="tornkit.bus",
        command=_serve("bus_app"),
        packages=("tornkit", "tornado"),
        is_rival=False,
    ),
    Server(
        name="redis",
        title="redis-py, hiredis",
        command=("{bin}/python", "with_redis.py", "{aux}", *_serve("redis_app")),
        requirements=("redis>=5,<6", "hiredis"),
        packages=("redis", "hiredis", "tornado"),
    ),
)

# By name, in the order in which they are measured and shown.
SERVERS = {server.name: server for server in _ALL}
