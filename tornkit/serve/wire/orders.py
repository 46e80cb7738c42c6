"""Orders to every worker of a `tornkit serve`: `Prepare.orders`, typed."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, replace

from tornkit.appload.links import working_folder
from tornkit.appload.target import Kind, Target
from tornkit.bus_limits import BusLimits
from tornkit.serve.config import DEFAULT_ADDRESS, DEFAULT_PORT, HttpOptions, ServeConfig
from tornkit.serve.wire.messages import Claim, Prepare


@dataclass(frozen=True)
class Orders:
    """Orders to a worker, as plain data for JSON: what to load, and how to serve it.

    The fields are those of `Target` and `ServeConfig`. ``folder`` is the current folder by its
    name, None where it has none any more. ``run`` names this run of the server, and ``token`` is
    the secret by which its pages are known; ``opens_lines``: there is an editor for that.
    """

    target: Target
    http: HttpOptions
    bus: BusLimits
    bus_url: str | None = field(repr=False)  # with a password, maybe
    port: int | None
    address: str | None
    unix_socket: str | None
    workers: int
    reload: bool
    access_log: bool
    log_level: str
    warn_blocking: float
    engine: str
    speedups: bool
    loop: str
    dev_tools: bool
    dev_hosts: tuple[str, ...]
    opens_lines: bool
    run: str
    token: str
    folder: str | None
    digest_key: str  # hexadecimal; see `tornkit.serve.worker.digests`

    @classmethod
    def of(cls, target: Target, config: ServeConfig, *, opens_lines: bool = False) -> Orders:
        """The orders that follow from the supervisor's target and configuration."""
        return cls(
            target=target,
            http=config.http,
            bus=config.bus,
            bus_url=config.bus_url,
            port=config.port,
            address=config.address,
            unix_socket=config.unix_socket,
            workers=config.workers,
            reload=config.reload,
            access_log=config.access_log,
            log_level=config.log_level,
            warn_blocking=config.warn_blocking,
            engine=config.engine,
            speedups=config.speedups,
            loop=config.loop,
            dev_tools=config.reload and config.dev_tools,
            dev_hosts=config.dev_hosts,
            opens_lines=opens_lines,
            run=secrets.token_hex(4),
            token=secrets.token_urlsafe(24),
            folder=_working_folder(),
            digest_key=secrets.token_hex(16),
        )

    def standing_in(self) -> Orders:
        """These orders for a stand-in worker: `tornkit.devtools.stand_in`, no user's code."""
        module = "tornkit.devtools.stand_in"
        target = replace(
            self.target, label=module, path=None, module=module, attribute="application"
        )
        return replace(self, target=target)

    def message(self) -> Prepare:
        """First message to every worker, with these orders."""
        content = asdict(self)
        content["target"]["kind"] = self.target.kind.value
        return Prepare(content)

    @classmethod
    def told(cls, message: Prepare) -> Orders:
        """Restore the orders from the `Prepare` that `message` made, also after it was sent."""
        content = message.orders
        target = dict(content["target"])
        target["kind"] = Kind(target["kind"])
        target["arguments"] = tuple(target["arguments"])
        http = dict(content["http"])
        http["trusted_downstream"] = tuple(http["trusted_downstream"])
        typed = {
            "target": Target(**target),
            "http": HttpOptions(**http),
            "bus": BusLimits(**content["bus"]),
            "dev_hosts": tuple(content["dev_hosts"]),
        }
        return cls(**{**content, **typed})


def _working_folder() -> str | None:
    try:
        return working_folder()
    except OSError:
        return None


def application_claim(
    port: int | None, address: str | None, unix_socket: str | None, *, backlog: int = 1024
) -> Claim:
    """Claim for the address at which the application is to listen.

    The supervisor makes the same claim before it starts any worker, so that a port that is taken
    is told at once. The kernel caps ``backlog`` at net.core.somaxconn.
    """
    if unix_socket is not None:
        return Claim(unix_path=unix_socket, backlog=backlog)
    return Claim(
        port=DEFAULT_PORT if port is None else port,
        address=address or DEFAULT_ADDRESS,
        backlog=backlog,
    )
