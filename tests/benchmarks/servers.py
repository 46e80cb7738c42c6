"""Who takes part: what to install, which source to serve, which command to run.

Commands are run in the folder of app.py; ``{bin}`` is the environment's, ``{port}`` and ``{aux}``
are free ports. Each rival has what its documentation names for speed (uvloop and watchfiles where
it can use them) and no access log. Waiting times are the shipped ones: granian's tick is at its
least, uvicorn's ``--reload-delay`` passes while nothing has changed, tornado and hypercorn poll
twice and once a second, and adev has no option for its 250 ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import apps


@dataclass(frozen=True)
class Server:
    """One line of the comparison."""

    name: str
    title: str
    source: str
    command: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    # The packages whose versions say what was measured.
    packages: tuple[str, ...] = ()
    is_rival: bool = True

    def command_line(self, bin_folder: Path, port: int, aux: int) -> list[str]:
        """The command with its places filled."""
        return [part.format(bin=bin_folder, port=port, aux=aux) for part in self.command]


def _tornkit(workers: int) -> Server:
    return Server(
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


_ALL: Iterable[Server] = (
    _tornkit(2),
    _tornkit(1),
    Server(
        name="tornado",
        title="tornado.autoreload",
        source=apps.TORNADO,
        command=("{bin}/python", apps.FILE, "{port}"),
        packages=("tornado",),
    ),
    Server(
        name="uvicorn",
        title="uvicorn, Starlette",
        source=apps.STARLETTE,
        command=("{bin}/uvicorn", "app:app", "--reload", "--port", "{port}", "--no-access-log"),
        requirements=("uvicorn[standard]", "starlette"),
        packages=("uvicorn", "starlette"),
    ),
    Server(
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
    Server(
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
    Server(
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
