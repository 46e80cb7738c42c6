"""Who takes part, and which source each serves.

Each rival has what its documentation names for speed (uvloop and watchfiles where it can use them)
and no access log. Waiting times are the shipped ones: granian's tick is at its least, uvicorn's
``--reload-delay`` passes while nothing has changed, tornado and hypercorn poll twice and once a
second, and adev has no option for its 250 ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.benchmarks.harness.server import Server
from tests.benchmarks.reload import apps


@dataclass(frozen=True, kw_only=True)
class ReloadServer(Server):
    """A server, and the application that it serves."""

    source: str


def _tornkit(workers: int) -> ReloadServer:
    return ReloadServer(
        name=f"tornkit-{workers}",
        title=f"tornkit, {workers} worker{'s' * (workers > 1)}",
        source=apps.TORNADO,
        command=(
            *("{bin}/tornkit", "serve", f"{apps.FILE}:make_app", "--workers", str(workers)),
            *("--port", "{port}", "--no-access-log"),
        ),
        packages=("tornkit", "tornado"),
        is_rival=False,
    )


_ALL: Iterable[ReloadServer] = (
    _tornkit(2),
    _tornkit(1),
    ReloadServer(
        name="tornado",
        title="tornado.autoreload",
        source=apps.TORNADO,
        command=("{bin}/python", apps.FILE, "{port}"),
        packages=("tornado",),
    ),
    ReloadServer(
        name="uvicorn",
        title="uvicorn, Starlette",
        source=apps.STARLETTE,
        command=("{bin}/uvicorn", "app:app", "--reload", "--port", "{port}", "--no-access-log"),
        requirements=("uvicorn[standard]", "starlette"),
        packages=("uvicorn", "starlette"),
    ),
    ReloadServer(
        name="granian",
        title="granian, Starlette",
        source=apps.STARLETTE,
        command=(
            *("{bin}/granian", "--interface", "asgi", "app:app", "--reload"),
            *("--loop", "uvloop", "--port", "{port}", "--no-access-log"),
        ),
        requirements=("granian[reload,uvloop]", "starlette"),
        packages=("granian", "starlette"),
    ),
    ReloadServer(
        name="adev",
        title="adev, aiohttp",
        source=apps.AIOHTTP,
        command=(
            *("{bin}/adev", "runserver", apps.FILE, "--app-factory", "create_app"),
            *("--no-livereload", "--port", "{port}", "--aux-port", "{aux}"),
        ),
        requirements=("aiohttp-devtools",),
        packages=("aiohttp-devtools", "aiohttp"),
    ),
    ReloadServer(
        name="hypercorn",
        title="hypercorn, Quart",
        source=apps.QUART,
        command=(
            *("{bin}/hypercorn", "app:app", "--reload", "-k", "uvloop"),
            *("--bind", "127.0.0.1:{port}"),
        ),
        requirements=("hypercorn[uvloop]", "quart"),
        packages=("hypercorn", "quart"),
    ),
)

# By name, in the order in which they run and are shown.
SERVERS = {server.name: server for server in _ALL}
