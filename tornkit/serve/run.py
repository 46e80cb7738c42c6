"""Puts a supervisor together from a configuration, and runs it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tornkit.appload import own_tornado
from tornkit.appload.target import Target
from tornkit.errors import TornkitError
from tornkit.serve.blocking.watch import BlockingWatch
from tornkit.serve.browsers import editor
from tornkit.serve.browsers.browser_reporter import BrowserReporter
from tornkit.serve.browsers.browsers import Browsers
from tornkit.serve.browsers.server_news import ServerNews
from tornkit.serve.config import ServeConfig
from tornkit.serve.control import ControlSocket, bus_path, control_folder
from tornkit.serve.fan_out import fan_out
from tornkit.serve.hub.keeper import HubKeeper
from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.forking import Forking
from tornkit.serve.nursery.fresh import Fresh
from tornkit.serve.nursery.import_scan import foresee
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.nursery.standby import Standby
from tornkit.serve.nursery.warm_cache import WarmCache, cache_folder
from tornkit.serve.reporter import Reporter
from tornkit.serve.shortage import in_words
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.sockets.systemd import Notifier, inherited_sockets
from tornkit.serve.supervisor.cpus import usable_cpus
from tornkit.serve.supervisor.envfile import EnvironmentFile
from tornkit.serve.supervisor.keys import Keys
from tornkit.serve.supervisor.slow_starts import SlowStarts
from tornkit.serve.supervisor.stand_in import StandIn
from tornkit.serve.supervisor.status import Status
from tornkit.serve.supervisor.supervisor import Supervisor
from tornkit.serve.supervisor.typed import SharedTerminal, Typed
from tornkit.serve.watching.watcher import Watcher, WatchRules
from tornkit.serve.wire.messages import Prepare
from tornkit.serve.wire.orders import Orders, application_claim
from tornkit.serve.wire.processes import take_tornado_from
from tornkit.serve.workforce.health import Health, HealthPolicy
from tornkit.serve.workforce.workforce import Workforce


def run(
    config: ServeConfig,
    target: Target,
    reporter: Reporter,
    *,
    keep_stdin: bool = False,
    keys: bool = False,
    words: Sequence[str] = (),
) -> int:
    """Serve until told to stop; return the exit code.

    ``keep_stdin``: a worker may read from the terminal. ``keys``: letters that are typed there are
    acted on. ``words`` name the same target on the command line of another command.

    :raises BindError: the application's address can't be had. A program's is known later.
    :raises UnsupportedTornado: the program brings a Tornado that can't be served with.
    """
    # Longer than a screen because all parts are put together here; it decides nothing.
    take_tornado_from(own_tornado.find(target.import_root))
    inherited = inherited_sockets()
    listeners = Listeners(inherited)
    config = placed(config, inherited)
    if not target.is_program:
        claim = application_claim(config.port, config.address, config.unix_socket)
        listeners.claim(claim, slot=0, generation=0)
    loop = Loop()
    loop.on_trouble = lambda error: reporter.lacks(in_words(error))
    chosen = editor.chosen(config.editor, os.environ)
    orders = Orders.of(target, config, opens_lines=chosen is not None)
    reporter = fan_out(reporter, SlowStarts(loop, reporter))
    audience = None
    if orders.dev_tools:
        terminal, pages = reporter, BrowserReporter(loop, orders.run)
        news = ServerNews(loop, lambda: status.snapshot())  # noqa: PLW0108 - is assigned below
        reporter = fan_out(terminal, pages, news)
        audience = Browsers(pages, news, chosen, terminal.lacks)
    nursery = _nursery(config, target, loop, reporter, orders.message(), keep_stdin=keep_stdin)
    health = _health(config, keep_stdin=keep_stdin)
    folder = _control_folder()
    door = None if folder is None else bus_path(folder, os.getpid())
    hub = HubKeeper(loop, reporter, config.bus, os.environ, door)
    workforce = Workforce(
        loop=loop,
        nursery=nursery,
        listeners=listeners,
        health=health,
        reporter=reporter,
        drain_timeout=config.drain_timeout,
        audience=audience,
        lobby=[hub.lobby()] if config.bus_url is None else [],
    )
    # The answer to `tornkit status` comes from the supervisor, which answers through it.
    control = None
    if folder is not None:
        path = folder / f"{os.getpid()}.sock"
        control = ControlSocket(path, lambda: status.snapshot())  # noqa: PLW0108 - as above
    supervisor = Supervisor(
        config,
        target,
        loop=loop,
        workforce=workforce,
        nursery=nursery,
        listeners=listeners,
        health=health,
        reporter=reporter,
        watcher=_watcher(config, target, loop) if config.reload else None,
        hub=hub,
        stand_in=None
        if audience is None
        else StandIn(loop=loop, nursery=nursery, listeners=listeners, audience=audience),
        control=control,
        notifier=Notifier(),
        environment=EnvironmentFile(config.env_file).environment,
        on_serving=lambda banner: _browse(banner.urls) if config.open_browser else None,
        keys=keys,
    )
    if config.warn_blocking:
        BlockingWatch(
            config.warn_blocking, loop=loop, workforce=workforce, health=health, reporter=reporter
        ).begin()
    status = Status(
        supervisor,
        workforce,
        nursery,
        health,
        hub,
        bus_url=config.bus_url,
        label=target.label,
        project=target.project,
        started_at=loop.now(),
    )
    if keys:
        shared = SharedTerminal(workforce, health)
        typed = Typed(supervisor, words, reporter, _browse)
        Keys(loop, typed, shared.is_free).begin()
    return supervisor.run()


def _health(config: ServeConfig, *, keep_stdin: bool) -> Health:
    # A worker that stands in breakpoint() does not hang.
    hang_timeout = 0.0 if keep_stdin else config.hang_timeout
    return Health(HealthPolicy(hang_timeout, config.recycle))


def _control_folder() -> Path | None:
    """The folder of the control sockets; None where there can't be one, as `status` explains."""
    try:
        return control_folder()
    except (TornkitError, OSError):
        return None


def _watcher(config: ServeConfig, target: Target, loop: Loop) -> Watcher:
    return Watcher(_watch_rules(config, target), loop.wake, polling=config.poll)


def _nursery(
    config: ServeConfig,
    target: Target,
    loop: Loop,
    reporter: Reporter,
    prepare: Prepare,
    *,
    keep_stdin: bool,
) -> Nursery:
    if config.preload == "standby":
        return Standby(loop, reporter.warmed, prepare, config.workers, keep_stdin=keep_stdin)
    if config.preload == "fork":
        # More could not begin at once; each costs the memory that it does not share.
        spares = min(config.workers, usable_cpus()) if config.reload else 1
        # A worker that is alone imports as fast by itself.
        otherwise = partial(foresee, target) if config.workers > 1 else tuple
        application = f"{target.project}\0{target.label}"
        warm_cache = WarmCache(application, cache_folder(), otherwise, reporter.cache_refused)
        return Forking(loop, reporter.warmed, prepare, spares, warm_cache, keep_stdin=keep_stdin)
    return Fresh(loop, prepare, keep_stdin=keep_stdin)


def placed(config: ServeConfig, inherited: Sequence[socket.socket]) -> ServeConfig:
    """Configuration with the address of the first inherited socket, or PORT, if it has none."""
    if config.port is not None or config.unix_socket is not None:
        return config
    if not inherited or config.address is not None:
        return replace(config, port=config.platform_port)
    name = inherited[0].getsockname()
    if inherited[0].family == socket.AF_UNIX:
        return replace(config, unix_socket=name)
    return replace(config, address=name[0], port=name[1])


def _watch_rules(config: ServeConfig, target: Target) -> WatchRules:
    files = {path for path in config.watch if path.is_file()}
    if config.env_file is not None:
        files.add(config.env_file)
    return WatchRules(
        loaded_files=frozenset({Path(target.path)} if target.path is not None else ()),
        folders=frozenset({Path(target.project)}),
        restart_files=frozenset(files),
        restart_folders=frozenset(path for path in config.watch if path.is_dir()),
        ignore=config.ignore,
    )


def _browse(urls: Sequence[str]) -> None:
    import webbrowser

    for url in urls:
        if url.startswith("http"):
            # It waits for some browsers, for as long as they run.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
            return
