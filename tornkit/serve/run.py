"""Puts a supervisor together from a configuration, and runs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tornkit.appload.target import Target
from tornkit.serve.config import ServeConfig
from tornkit.serve.orders import application_claim
from tornkit.serve.reporter import Banner, Reporter
from tornkit.serve.sockets import Listeners
from tornkit.serve.supervisor import Spawn, Supervisor
from tornkit.serve.watcher import Watcher, WatchRules


def run(config: ServeConfig, target: Target, *, spawn: Spawn, reporter: Reporter) -> int:
    """Serve until told to stop; the exit code.

    :raises BindError: the application's address can't be had. A program's is known later.
    """
    listeners = Listeners()
    if not target.is_program:
        claim = application_claim(config.port, config.address, config.unix_socket)
        listeners.claim(claim, slot=0, generation=0)
    supervisor = Supervisor(
        config,
        target,
        listeners=listeners,
        spawn=spawn,
        reporter=reporter,
        watcher=_watcher(config, target) if config.reload else None,
        environment=lambda: _read_env_file(config.env_file),
        on_serving=_open_browser if config.open_browser else lambda banner: None,
    )
    return supervisor.run()


def _watcher(config: ServeConfig, target: Target) -> Callable[[Callable[[], None]], Watcher]:
    files = {path for path in config.watch if path.is_file()}
    if config.env_file is not None:
        files.add(config.env_file)
    if target.path is not None:
        files.add(Path(target.path))
    rules = WatchRules(
        folders=frozenset({Path(target.project)}),
        restart_files=frozenset(files),
        restart_folders=frozenset(path for path in config.watch if path.is_dir()),
        ignore=config.ignore,
    )
    return lambda wake: Watcher(rules, wake)


def _read_env_file(path: Path | None) -> Mapping[str, str]:
    """What the file sets and the environment does not."""
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {
        name: value
        for name, value in dotenv_values(path).items()
        if value is not None and name not in os.environ
    }


def _open_browser(banner: Banner) -> None:
    import webbrowser

    for url in banner.urls:
        if url.startswith("http"):
            webbrowser.open(url)
            return
