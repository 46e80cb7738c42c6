"""Puts a supervisor together from a configuration, and runs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tornkit.appload.target import Target
from tornkit.serve.config import ServeConfig
from tornkit.serve.loop import Loop
from tornkit.serve.nursery import Forking, Fresh, Nursery
from tornkit.serve.orders import application_claim
from tornkit.serve.reporter import Banner, Reporter
from tornkit.serve.sockets import Listeners
from tornkit.serve.supervisor import Supervisor
from tornkit.serve.watcher import Watcher, WatchRules


def run(
    config: ServeConfig, target: Target, reporter: Reporter, *, keep_stdin: bool = False
) -> int:
    """Serve until told to stop; the exit code.

    ``keep_stdin``: a worker may read from the terminal.

    :raises BindError: the application's address can't be had. A program's is known later.
    """
    listeners = Listeners()
    if not target.is_program:
        claim = application_claim(config.port, config.address, config.unix_socket)
        listeners.claim(claim, slot=0, generation=0)
    loop = Loop()
    supervisor = Supervisor(
        config,
        target,
        loop=loop,
        nursery=_nursery(config, loop, reporter, keep_stdin=keep_stdin),
        listeners=listeners,
        reporter=reporter,
        watcher=Watcher(_watch_rules(config, target), loop.wake) if config.reload else None,
        environment=lambda: _environment(config.env_file),
        on_serving=_open_browser if config.open_browser else lambda banner: None,
    )
    return supervisor.run()


def _nursery(config: ServeConfig, loop: Loop, reporter: Reporter, *, keep_stdin: bool) -> Nursery:
    if config.preload == "fork":
        return Forking(loop, reporter.warmed, keep_stdin=keep_stdin)
    return Fresh(loop, keep_stdin=keep_stdin)


def _watch_rules(config: ServeConfig, target: Target) -> WatchRules:
    files = {path for path in config.watch if path.is_file()}
    if config.env_file is not None:
        files.add(config.env_file)
    if target.path is not None:
        files.add(Path(target.path))
    return WatchRules(
        folders=frozenset({Path(target.project)}),
        restart_files=frozenset(files),
        restart_folders=frozenset(path for path in config.watch if path.is_dir()),
        ignore=config.ignore,
    )


def _environment(env_file: Path | None) -> Mapping[str, str]:
    """The workers' whole environment: what the file sets and ours does not comes on top."""
    own = dict(os.environ)
    if env_file is None or not env_file.is_file():
        return own
    from dotenv import dotenv_values

    read = {name: value for name, value in dotenv_values(env_file).items() if value is not None}
    return {**read, **own}


def _open_browser(banner: Banner) -> None:
    import webbrowser

    for url in banner.urls:
        if url.startswith("http"):
            webbrowser.open(url)
            return
