"""``tornkit serve``: from options to a `ServeConfig`, and into the supervisor."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tornkit.appload import Target
from tornkit.appload.links import absolute as by_names
from tornkit.appload.links import by_name
from tornkit.bus_limits import MOST_MESSAGE, BusLimits
from tornkit.bus_url import shown
from tornkit.cli.output import say_lines
from tornkit.cli.serve_options import serve_options
from tornkit.cli.target import (
    ProgramCommand,
    named_target,
    named_words,
    retyped,
    target_parameters,
)
from tornkit.errors import BusAway, CertificateError, UsageError
from tornkit.paths import exists, expanded, is_file
from tornkit.serve import local_tls
from tornkit.serve.browsers import editor
from tornkit.serve.config import (
    WARN_BLOCKING_RELOADED,
    HttpOptions,
    RecyclePolicy,
    ServeConfig,
    refused_for_programs,
)

_EXAMPLES = """\b
Examples:
  tornkit serve                          what [tool.tornkit] app names, or app.py, main.py, ...
  tornkit serve board.app:make_app       an application or its factory
  tornkit serve chatdemo.py -- --debug   a program, run as python would run it
  tornkit serve -m board.main            the same as python -m board.main
  tornkit serve --workers auto --no-reload --address 0.0.0.0
"""


@click.command(
    "serve",
    cls=ProgramCommand,
    epilog=_EXAMPLES,
    short_help="Serve an application or a program, reloading on edits.",
)
@target_parameters
@serve_options
@click.pass_context
def command(
    context: click.Context,
    /,
    app: str | None,
    arguments: Sequence[str],
    module: str | None,
    **options: Any,
) -> None:
    """Serve APP with one or more processes, and start anew when its files change.

    APP is module:attr, file.py[:attr], a folder, or nothing; a file that calls listen() when it
    is run is served as a program, with its own port unless --port is given.

    Every option is also TORNKIT_<OPTION> in the environment and a key of [tool.tornkit.serve]. An
    application listens on PORT of the environment if none of these says where.
    """
    target = by_name(named_target(context, app, module, arguments), None if module else app)
    config = _config(options)
    _check(config, target)
    if not target.is_program and config.port is None and config.unix_socket is None:
        config = replace(config, platform_port=_platform_port())
    if config.bus_url is not None:
        _check_bus(config.bus_url)
    if config.http.tls:
        config = _with_local_certificate(config)
    words = retyped(*named_words(context, app, module, arguments))
    context.exit(_serve(config, target, words))


def _config(options: Mapping[str, Any]) -> ServeConfig:
    def absolute(path: Path | None) -> str | None:
        return None if path is None else str(expanded(path).absolute())

    return ServeConfig(
        workers=options["workers"],
        port=options["port"],
        address=options["address"],
        unix_socket=absolute(options["unix_socket"]),
        reload=options["reload"],
        reload_order=options["reload_order"],
        preload=_preload(options),
        engine=options["engine"],
        loop=_loop(options["loop"]),
        poll=options["poll"],
        watch=tuple(by_names(expanded(path)) for path in options["watch"]),
        ignore=options["ignore"],
        speedups=options["speedups"],
        access_log=options["access_log"],
        log_level=options["log_level"],
        drain_timeout=options["drain_timeout"],
        boot_timeout=options["boot_timeout"],
        hang_timeout=options["hang_timeout"],
        warn_blocking=_warn_blocking(options),
        recycle=RecyclePolicy(
            max_requests=options["max_requests"],
            max_rss=options["max_rss"] or 0,
            max_age=options["max_age"],
        ),
        http=HttpOptions(
            xheaders=options["xheaders"],
            trusted_downstream=options["trusted_downstream"],
            certfile=absolute(options["certfile"]),
            keyfile=absolute(options["keyfile"]),
            max_body_size=options["max_body_size"],
            tls=options["tls"],
        ),
        bus=BusLimits(
            history=options["bus_history"],
            history_age=options["bus_history_age"],
            max_message=_largest_message(options["bus_max_message"]),
        ),
        bus_url=options["bus"],
        dev_tools=options["dev_tools"],
        keys=options["keys"],
        dev_hosts=options["dev_host"],
        editor=options["editor"],
        env_file=None if options["env_file"] is None else by_names(expanded(options["env_file"])),
        open_browser=options["open"],
    )


def _largest_message(size: int | None) -> int:
    """The bus's largest message in bytes, or its default.

    :raises UsageError: it is more than the bus can carry.
    """
    if size is not None and size > MOST_MESSAGE:
        raise UsageError(
            f"--bus-max-message is {MOST_MESSAGE >> 20}M at most; put what is larger into a "
            "file or a database, and publish where it is"
        )
    return size or BusLimits.max_message


def _platform_port() -> int | None:
    """The port in the variable PORT, by which Heroku, Cloud Run and the like say it; else None.

    For applications alone: a program has a port of its own, and reads PORT by itself or does not.

    :raises UsageError: it is there, and no port.
    """
    text = os.environ.get("PORT", "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) > 65535:
        raise UsageError(
            f"the variable PORT is {text!r}, no port (0 to 65535); unset it, or say --port"
        )
    return int(text)


def _preload(options: Mapping[str, Any]) -> str:
    """Mode of preloading: by default fork with reloads, but not on macOS, whose libraries break."""
    if options["no_preload"]:
        if options["preload"] not in (None, "off"):
            raise UsageError(f"--no-preload contradicts --preload {options['preload']}")
        return "off"
    if options["preload"] is not None:
        return str(options["preload"])
    if not options["reload"]:
        return "off"
    return "standby" if sys.platform == "darwin" else "fork"


def _warn_blocking(options: Mapping[str, Any]) -> float:
    if options["warn_blocking"] is not None:
        return float(options["warn_blocking"])
    return WARN_BLOCKING_RELOADED if options["reload"] else 0.0


def _loop(loop: str) -> str:
    if loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
        raise UsageError("--loop uvloop: it is not installed here: pip install 'tornkit[uvloop]'")
    return loop


def _check(config: ServeConfig, target: Target) -> None:
    """Refuse options and files that are known to be wrong before anything is started.

    :raises UsageError, CertificateError:
    """
    http = config.http
    if config.unix_socket is not None and (config.port is not None or config.address is not None):
        raise UsageError("--unix-socket excludes --port and --address; leave one of them out")
    if http.tls and http.certfile is not None:
        raise UsageError("--tls makes a certificate of its own; leave it or --certfile out")
    if http.keyfile is not None and http.certfile is None:
        raise UsageError("--keyfile needs --certfile")
    if target.is_program and (refused := refused_for_programs(http, config.unix_socket)):
        raise UsageError(
            f"{', '.join(refused)} can't be given to a program, which makes its own server; "
            "set it there, or name the application: file.py:make_app"
        )
    for path in config.watch:
        if not exists(path):
            raise UsageError(f"--watch {path}: there is no such file or folder")
    if config.editor is not None and editor.chosen(config.editor, {}) is None:
        raise UsageError(
            f"--editor {config.editor}: it is not there, or needs a terminal; name one that has a "
            "window (vscode, pycharm, ...), or a command in which {file} and {line} stand"
        )
    if config.env_file is not None and not is_file(config.env_file):
        raise UsageError(f"--env-file {config.env_file}: there is no such file")
    if http.certfile is not None:
        _check_certificate(http.certfile, http.keyfile)


def _check_certificate(certfile: str, keyfile: str | None) -> None:
    for option, path in (("--certfile", certfile), ("--keyfile", keyfile)):
        if path is not None and not is_file(Path(path)):
            raise CertificateError(f"{option} {path}: there is no such file")
    import ssl

    try:
        # An encrypted key would make every worker ask for its password.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise CertificateError(
            f"{certfile} and its key can't be used: {reason}; both have to be PEM, belong "
            "together, and the key must not be encrypted"
        ) from None


def _check_bus(url: str) -> None:
    """Refuse a broker that does not answer.

    In a process of its own: what speaks with brokers is not for the supervisor to import.

    :raises BusAway:
    """
    environment = {**os.environ, "TORNKIT_BUS": url}
    # -P: by no name that the user's folder has taken.
    command = [sys.executable, "-P", "-m", "tornkit.bus.links.check"]
    check = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if check.returncode:
        reason = check.stderr.strip().rpartition("\n")[2]
        raise BusAway(f"--bus {shown(url)}: {reason}")


def _with_local_certificate(config: ServeConfig) -> ServeConfig:
    made = local_tls.local_certificate(filter(None, (*config.dev_hosts, config.address)))
    say_lines(
        "HTTPS with a certificate of this machine's own; for browsers to trust it, once:\n"
        f"  {local_tls.how_to_trust(made.authority)}"
    )
    return replace(config, http=replace(config.http, certfile=str(made.path)))


def _serve(config: ServeConfig, target: Target, words: Sequence[str]) -> int:
    from tornkit.cli.reporter import TerminalReporter
    from tornkit.serve.run import run

    # With one worker in a terminal breakpoint() works; several would fight over the keys.
    has_terminal = sys.stdin is not None and sys.stdin.isatty()
    return run(
        config,
        target,
        TerminalReporter(),
        keep_stdin=config.workers == 1 and has_terminal,
        keys=config.keys and has_terminal and os.isatty(2),
        words=words,
    )
