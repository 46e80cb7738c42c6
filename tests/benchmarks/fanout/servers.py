"""Who takes part: one worker each, with what carries messages to it from other workers.

The CPU time of a server has that of its hub or Redis in it. ``floor`` is no server that could be
used: it shows what the system alone takes for as many calls of ``send``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.contenders import tornkit_serve, uvicorn
from tests.benchmarks.harness import server

FLOOR = "floor"
# Seconds. The clients answer no pings; no server is to send any while it is measured.
_KEEP = "3600"
_BESIDE_REDIS = ("{bin}/python", "with_redis.py", "{aux}")
# channels_redis 4.3 and python-socketio 5.18 do not say that they work with redis-py 6 and later.
_REDIS = ("redis>=5,<6", "hiredis")


@dataclass(frozen=True, kw_only=True)
class FanoutServer(server.Server):
    """``path``: of the room's WebSocket; ``hello``: a text that each client has to send first."""

    path: str = "/room"
    hello: str = ""


def _tornkit(name: str, title: str, *options: str) -> FanoutServer:
    ours = tornkit_serve(name, title, *options)
    return FanoutServer(
        name=name, title=title, command=ours.command, packages=ours.packages, is_rival=False
    )


def _on_uvicorn(
    name: str,
    title: str,
    app: str,
    requirements: tuple[str, ...],
    path: str = "/room",
    hello: str = "",
) -> FanoutServer:
    needed = (*requirements, *_REDIS)
    theirs = uvicorn(
        name, title, app, "--ws-ping-interval", _KEEP, requirements=needed, packages=()
    )
    return FanoutServer(
        name=name,
        title=title,
        command=(*_BESIDE_REDIS, *theirs.command),
        requirements=theirs.requirements,
        packages=("uvicorn", "websockets", "uvloop", *requirements, "redis", "hiredis"),
        path=path,
        hello=hello,
    )


_ALL = (
    _tornkit("tornkit", "tornkit serve"),
    _tornkit("tornkit-uvloop", "tornkit serve, uvloop", "--loop", "uvloop"),
    _on_uvicorn(
        "broadcaster", "Starlette, broadcaster", "broadcaster_app", ("starlette", "broadcaster")
    ),
    _on_uvicorn(
        "socketio",
        "python-socketio",
        "socketio_app",
        ("starlette", "python-socketio"),
        path="/socket.io/?EIO=4&transport=websocket",
        hello="40",
    ),
    FanoutServer(
        name="channels",
        title="Channels, daphne",
        command=(
            *(*_BESIDE_REDIS, "{bin}/daphne", "-b", "127.0.0.1", "-p", "{port}", "-v", "0"),
            *("--ping-interval", _KEEP),
            "channels_app:application",
        ),
        requirements=("channels", "channels_redis", "daphne", *_REDIS),
        packages=("channels", "channels_redis", "daphne", "redis", "hiredis"),
    ),
    FanoutServer(
        name=FLOOR,
        title="send() alone",
        command=("{bin}/python", "floor_app.py", "{port}"),
    ),
)

# By name, in the order in which they are measured and shown.
SERVERS = {each.name: each for each in _ALL}
