"""Options of ``tornkit serve``, below the headings of its help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tornkit.cli.option_groups import GroupedOption
from tornkit.cli.parameter_types import Address, BusURL, Size, Workers
from tornkit.serve.config import (
    DEFAULT_ADDRESS,
    DEFAULT_PORT,
    ENGINES,
    LOOPS,
    PRELOAD,
    RELOAD_ORDER,
    WARN_BLOCKING_RELOADED,
    ServeConfig,
)

_DEFAULTS = ServeConfig()
_LEVELS = ("debug", "info", "warning", "error", "critical")
_PATH = click.Path(path_type=Path)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _option(group: str, *names: str, **attributes: Any) -> Decorator:
    """A click option that also has the short variable: TORNKIT_SERVE_PORT, then TORNKIT_PORT."""
    long = (name.partition("/")[0] for name in names if name.startswith("--"))
    words = [name.removeprefix("--").replace("-", "_").upper() for name in long]
    variables = [f"TORNKIT_{scope}{word}" for scope in ("SERVE_", "") for word in words]
    return click.option(
        *names,
        cls=GroupedOption,
        group=group,
        envvar=variables,
        show_default=True,
        **attributes,
    )


_OPTIONS = (
    _option(
        "Application",
        "--env-file",
        type=_PATH,
        help="Variables for the application; those set already win.",
    ),
    _option(
        "Application",
        "--loop",
        type=click.Choice(LOOPS),
        default=_DEFAULTS.loop,
        help="Which event loop. uvloop: a little faster; Tornado's Subprocess can't wait there.",
    ),
    _option(
        "Application",
        "--log-level",
        type=click.Choice(_LEVELS, case_sensitive=False),
        default=_DEFAULTS.log_level,
        help="For an application's logging.",
    ),
    _option(
        "Application",
        "--access-log/--no-access-log",
        default=_DEFAULTS.access_log,
        help="One line a request.",
    ),
    _option(
        "Address",
        "--port",
        type=click.IntRange(0, 65535),
        show_choices=False,
        help="Port to listen on; 0 takes a free one. [default: the program's own; for an "
        f"application the variable PORT, or {DEFAULT_PORT}]",
    ),
    _option(
        "Address",
        "--address",
        "--host",
        type=Address(),
        help="Address or host name to listen on. "
        f"[default: {DEFAULT_ADDRESS}, or the program's own]",
    ),
    _option("Address", "--unix-socket", type=_PATH, help="Listen on a Unix socket instead."),
    _option("Address", "--open", is_flag=True, help="Open a browser once it serves."),
    _option(
        "Workers",
        "--workers",
        type=Workers(),
        metavar="N|auto",
        default=_DEFAULTS.workers,
        is_flag=False,
        flag_value="auto",
        help="How many processes serve; auto (or nothing): one per usable CPU.",
    ),
    _option(
        "Workers",
        "--preload",
        type=click.Choice(PRELOAD),
        help="Have imports done before a worker starts: by forking a process that holds them, in "
        "spare processes that stand by, or not. [default: fork with --reload, else off]",
    ),
    _option("Workers", "--no-preload", is_flag=True, help="The same as --preload off."),
    _option(
        "Workers",
        "--boot-timeout",
        type=click.FloatRange(min=0.1),
        default=_DEFAULTS.boot_timeout,
        metavar="SECONDS",
        help="How long a worker may take until it is ready.",
    ),
    _option(
        "Workers",
        "--drain-timeout",
        type=click.FloatRange(min=0),
        default=_DEFAULTS.drain_timeout,
        metavar="SECONDS",
        help="How long requests under way may take when a worker ends. Event streams and "
        "WebSockets are closed sooner; with --reload, so are long polls and other streams.",
    ),
    _option(
        "Workers",
        "--hang-timeout",
        type=click.FloatRange(min=0),
        default=_DEFAULTS.hang_timeout,
        metavar="SECONDS",
        help="Replace a worker whose loop has not turned for so long; 0: never. Off while one "
        "worker has the terminal, for breakpoint().",
    ),
    _option(
        "Reload",
        "--reload/--no-reload",
        default=_DEFAULTS.reload,
        help="Start anew when a file changes.",
    ),
    _option(
        "Reload",
        "--reload-order",
        type=click.Choice(RELOAD_ORDER),
        default=_DEFAULTS.reload_order,
        help="stop-first: for an application that holds what can't be held twice.",
    ),
    _option(
        "Reload",
        "--poll",
        is_flag=True,
        help="Watch by polling, for mounts that tell of no changes.",
    ),
    _option(
        "Reload",
        "--watch",
        type=_PATH,
        multiple=True,
        help="A further file or folder; any change there restarts. Repeatable.",
    ),
    _option(
        "Reload",
        "--ignore",
        multiple=True,
        metavar="GLOB",
        help="Changes that do not count, by name or path. Repeatable.",
    ),
    _option(
        "Development",
        "--warn-blocking",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Name the line that keeps a loop from turning for so long; 0: never. "
        f"[default: {WARN_BLOCKING_RELOADED:g} with --reload, else 0]",
    ),
    _option(
        "Development",
        "--dev-tools/--no-dev-tools",
        default=_DEFAULTS.dev_tools,
        help="With --reload: error pages with source and routes, for a browser of this machine.",
    ),
    _option(
        "Development",
        "--dev-host",
        multiple=True,
        metavar="NAME",
        help="A host name by which this machine's browser asks, beside localhost. Repeatable.",
    ),
    _option(
        "Development",
        "--keys/--no-keys",
        default=_DEFAULTS.keys,
        help="In a terminal: act on letters with Enter, as h, which lists them. Leave them to a "
        "program that reads what is typed.",
    ),
    _option(
        "Development",
        "--editor",
        metavar="COMMAND",
        help="What opens a line from the browser: vscode, pycharm, ..., or a command with {file} "
        "and {line}. [default: VISUAL or EDITOR, if it has a window]",
    ),
    _option(
        "Limits",
        "--max-requests",
        type=click.IntRange(min=0),
        default=_DEFAULTS.recycle.max_requests,
        metavar="N",
        help="Replace a worker after about so many requests; 0: never.",
    ),
    _option(
        "Limits", "--max-rss", type=Size(), help="Replace a worker that has grown to this size."
    ),
    _option(
        "Limits",
        "--max-age",
        type=click.FloatRange(min=0),
        default=_DEFAULTS.recycle.max_age,
        metavar="SECONDS",
        help="Replace a worker after about so long; 0: never.",
    ),
    _option(
        "Limits",
        "--max-body-size",
        type=Size(),
        help="Largest request body. [default: 100M, Tornado's]",
    ),
    _option(
        "Bus",
        "--bus",
        type=BusURL(),
        help="Where tornkit.bus is, for several machines: redis://HOST:6379/0, nats://HOST:4222. "
        "[default: a process of this server's own]",
    ),
    _option(
        "Bus",
        "--bus-history",
        type=click.IntRange(min=0),
        default=_DEFAULTS.bus.history,
        metavar="N",
        help="How many messages of each channel of tornkit.bus are kept for those who come back.",
    ),
    _option(
        "Bus",
        "--bus-history-age",
        type=click.FloatRange(min=0),
        default=_DEFAULTS.bus.history_age,
        metavar="SECONDS",
        help="How long they are kept.",
    ),
    _option("Bus", "--bus-max-message", type=Size(), help="Largest message's data. [default: 1M]"),
    _option(
        "HTTP",
        "--engine",
        type=click.Choice(ENGINES),
        default=_DEFAULTS.engine,
        help="Whose HTTP server answers. tornado: its own, as without tornkit.",
    ),
    _option(
        "HTTP",
        "--speedups/--no-speedups",
        default=_DEFAULTS.speedups,
        help="With --engine tornkit: faster methods in place of RequestHandler's own.",
    ),
    _option(
        "HTTP", "--xheaders", is_flag=True, help="Believe X-Real-Ip, X-Forwarded-For and X-Scheme."
    ),
    _option(
        "HTTP",
        "--trusted-downstream",
        multiple=True,
        metavar="IP",
        help="Proxies to pass over in X-Forwarded-For. Repeatable.",
    ),
    _option(
        "TLS",
        "--tls",
        is_flag=True,
        help="Serve HTTPS with a certificate of this machine's own, made for that.",
    ),
    _option("TLS", "--certfile", type=_PATH, help="Certificate chain (PEM): serve HTTPS."),
    _option("TLS", "--keyfile", type=_PATH, help="Its private key, if not in the same file."),
)


def serve_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options of ``tornkit serve``; each is a parameter of the function."""
    for decorate in reversed(_OPTIONS):
        function = decorate(function)
    return function
