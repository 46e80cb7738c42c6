"""What `tornkit serve` was asked to do. Every default, once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8888
DEFAULT_ADDRESS = "127.0.0.1"

# Where a new worker's imports come from: a fork of a process that holds them, or nowhere.
PRELOAD = ("fork", "off")


@dataclass(frozen=True)
class HttpOptions:
    """What the server of an application is made with (`tornado.httpserver.HTTPServer`)."""

    xheaders: bool = False
    trusted_downstream: tuple[str, ...] = ()
    certfile: str | None = None
    keyfile: str | None = None
    max_body_size: int | None = None


@dataclass(frozen=True)
class ServeConfig:
    """One frozen object that travels from the command line to the supervisor.

    ``port`` and ``address`` are None where nobody chose: an application then gets the defaults
    above, a program its own. ``preload`` is one of `PRELOAD`. Times are in seconds, sizes in bytes.
    """

    workers: int = 1
    port: int | None = None
    address: str | None = None
    unix_socket: str | None = None
    reload: bool = True
    preload: str = "fork"
    watch: tuple[Path, ...] = ()
    ignore: tuple[str, ...] = ()
    access_log: bool = True
    log_level: str = "info"
    drain_timeout: float = 10.0
    boot_timeout: float = 60.0
    http: HttpOptions = HttpOptions()
    env_file: Path | None = None
    open_browser: bool = False
