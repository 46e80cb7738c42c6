"""Configuration of one run of `tornkit serve`, with the default of each option."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tornkit.bus_limits import BusLimits

DEFAULT_PORT = 8888
DEFAULT_ADDRESS = "127.0.0.1"

# Where a new worker's imports come from: a fork of a process that holds them, or nowhere.
PRELOAD = ("fork", "standby", "off")

# Whose HTTP server answers: `tornkit.HTTPServer`, or Tornado's own.
ENGINES = ("tornkit", "tornado")

# Which event loop: see `tornkit.engine.loops`.
LOOPS = ("asyncio", "uvloop")

# Which comes first when a generation takes over: the new one's start, or the old one's end, for an
# application that holds what can't be held twice.
RELOAD_ORDER = ("start-first", "stop-first")

# Seconds for which a loop has to stand still to be told of, with --reload.
WARN_BLOCKING_RELOADED = 0.1

# With --reload, seconds for a response without a length, a long poll or a detached stream to end by
# itself: behind a reload, which goes on meanwhile, and when the server stops, which is waited for.
# Without --reload they have the drain timeout, as any request has.
STREAM_PATIENCE_RELOADED = 1.0
STREAM_PATIENCE_STOPPED = 0.3


@dataclass(frozen=True)
class HttpOptions:
    """Options of the server that is made for an application (`tornado.httpserver.HTTPServer`).

    With ``tls``, ``certfile`` is one that was made for this machine.
    """

    xheaders: bool = False
    trusted_downstream: tuple[str, ...] = ()
    certfile: str | None = None
    keyfile: str | None = None
    max_body_size: int | None = None
    tls: bool = False


@dataclass(frozen=True)
class RecyclePolicy:
    """Limits of requests, memory and age beyond which a worker is replaced; 0: no limit.

    ``max_rss`` in bytes, ``max_age`` in seconds. Each worker's own limits of requests and age are
    lower by up to the share ``jitter``.
    """

    max_requests: int = 0
    max_rss: int = 0
    max_age: float = 0.0
    jitter: float = 0.2

    def __bool__(self) -> bool:
        return bool(self.max_requests or self.max_rss or self.max_age)


def refused_for_programs(http: HttpOptions, unix_socket: str | None) -> list[str]:
    """Names of the given options that a program can't obey, as it makes its own server."""
    given = {
        "--xheaders": http.xheaders,
        "--trusted-downstream": http.trusted_downstream,
        "--tls": http.tls,
        "--certfile": None if http.tls else http.certfile,
        "--max-body-size": http.max_body_size,
        "--unix-socket": unix_socket,
    }
    return [name for name, value in given.items() if value]


@dataclass(frozen=True)
class ServeConfig:
    """Configuration in one frozen object that travels from the command line to the supervisor.

    ``port`` and ``address`` are None where nobody chose: an application then gets the defaults
    above, a program its own. ``platform_port`` is the port of an application where neither ``port``
    nor systemd says one. ``preload`` is one of `PRELOAD`, ``reload_order`` of `RELOAD_ORDER`,
    ``engine`` of `ENGINES`, ``loop`` of `LOOPS`. ``dev_tools`` are there with ``reload`` alone;
    ``editor`` is a command of `tornkit.serve.browsers.editor`.
    Times are in seconds, sizes in bytes.
    """

    workers: int = 1
    port: int | None = None
    platform_port: int | None = None
    address: str | None = None
    unix_socket: str | None = None
    reload: bool = True
    reload_order: str = "start-first"
    poll: bool = False
    preload: str = "fork"
    engine: str = "tornkit"
    loop: str = "asyncio"
    watch: tuple[Path, ...] = ()
    ignore: tuple[str, ...] = ()
    speedups: bool = True
    access_log: bool = True
    log_level: str = "info"
    drain_timeout: float = 10.0
    boot_timeout: float = 60.0
    hang_timeout: float = 30.0
    warn_blocking: float = WARN_BLOCKING_RELOADED
    recycle: RecyclePolicy = field(default_factory=RecyclePolicy)
    http: HttpOptions = HttpOptions()
    bus: BusLimits = field(default_factory=BusLimits)
    bus_url: str | None = field(default=None, repr=False)  # with a password, maybe
    dev_tools: bool = True
    dev_hosts: tuple[str, ...] = ()
    editor: str | None = None
    keys: bool = True
    env_file: Path | None = None
    open_browser: bool = False
