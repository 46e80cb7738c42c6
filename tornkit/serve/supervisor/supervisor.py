"""The supervisor: signals, files, the end. One thread, plain selectors, no user code.

Everything that happens becomes a call of one method: a signal (which only wakes the loop), a timer,
a change of files (seen by a thread that only wakes the loop), something that became of a worker.
Which signal asks for what is in `signals`, how generations follow one another in
`succession`; the workers are `workforce`'s business, the sockets `sockets`'.

An edit::

    watcher ─▶ supervisor ─▶ succession ─▶ a new generation

What it refuses to know: HTTP, Tornado, how things are printed (`reporter`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

from tornkit.appload.target import Target
from tornkit.errors import TornkitError
from tornkit.linux import become_reaper
from tornkit.paths import real_path
from tornkit.serve.config import ServeConfig
from tornkit.serve.control import ControlSocket
from tornkit.serve.hub.keeper import HubKeeper
from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.reporter import Banner, Reporter
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.sockets.systemd import Notifier
from tornkit.serve.sockets.urls import is_everywhere, url_of
from tornkit.serve.supervisor.signals import SIGNALS, SupervisorSignals
from tornkit.serve.supervisor.stand_in import StandIn
from tornkit.serve.supervisor.succession import Succession
from tornkit.serve.watching.watcher import Meaning, Watcher
from tornkit.serve.wire.processes import kill_and_wait, reap
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.workforce import Workforce

_NOTIFY_AGAIN = 0.1  # seconds


class Supervisor:
    """The supervisor of one `tornkit serve`: acts on signals and edits, from start to end.

    A `tornkit.serve.supervisor.signals.SignalActions` and a
    `tornkit.serve.supervisor.owner.Owner`. ``environment()`` is a new generation's.
    """

    def __init__(
        self,
        config: ServeConfig,
        target: Target,
        *,
        loop: Loop,
        workforce: Workforce,
        nursery: Nursery,
        listeners: Listeners,
        health: Health,
        reporter: Reporter,
        watcher: Watcher | None = None,
        hub: HubKeeper | None = None,
        stand_in: StandIn | None = None,
        control: ControlSocket | None = None,
        notifier: Notifier | None = None,
        environment: Callable[[], Mapping[str, str]] = lambda: os.environ,
        on_serving: Callable[[Banner], None] = lambda banner: None,
        keys: bool = False,
    ) -> None:
        # Longer than a screen because it takes in all its parts; it decides nothing.
        self._config = config
        self._target = target
        self._loop = loop
        self._workforce = workforce
        self._nursery = nursery
        self._listeners = listeners
        self._reporter = reporter
        self._watcher = watcher
        self._hub = hub
        self._stand_in = stand_in
        self._control = control
        self._notifier = notifier or Notifier({})
        self._notifier.retry_by(lambda action: loop.at(loop.now() + _NOTIFY_AGAIN, action))
        self._environment = environment
        self._on_serving = on_serving
        self._keys = keys
        self._exit_code = 0
        self._told_urls: set[str] = set()
        self._signals = SupervisorSignals(self)
        self.succession = Succession(
            config,
            target.label,
            self,
            loop=loop,
            workforce=workforce,
            nursery=nursery,
            listeners=listeners,
            health=health,
            reporter=reporter,
            watcher=watcher,
            notifier=self._notifier,
        )

    # ---- the loop ----

    def run(self) -> int:
        """Serve until told to stop; return the exit code."""
        become_reaper()
        with self._loop.signals(*SIGNALS):
            try:
                if self._hub is not None:
                    self._hub.begin()
                if self._watcher is not None:
                    self._watcher.start()
                if self._control is not None:
                    with contextlib.suppress(OSError):  # nothing but `tornkit status` needs it
                        self._control.open(self._loop)
                self.succession.begin()
                self._feed_watchdog()
                while not (self.stopping and len(self._workforce) == 0):
                    self._loop.turn(self._signals.came)
                    self._see_changes()
            finally:
                self._clean_up()
        if self.succession.has_served:
            self._reporter.stopped()
        return self._exit_code

    def _feed_watchdog(self) -> None:
        interval = self._notifier.watchdog_interval
        if interval is not None:
            self._notifier.alive()
            self._loop.at(self._loop.now() + interval, self._feed_watchdog)

    # ---- what signals ask for (signals.SignalActions) ----

    @property
    def stopping(self) -> bool:
        return self.succession.over

    def reap(self) -> None:
        for pid, status in reap():
            self._nursery.reaped(pid, status)

    def restart(self, reason: str) -> None:
        self.succession.restart(reason)

    def resize(self, change: int) -> None:
        self.succession.scaling.ask(change)

    def reopen_logs(self) -> None:
        self._workforce.reopen_logs()

    def dump_stacks(self) -> None:
        self._workforce.dump_all_stacks()

    def stop(self, why: str, number: int = signal.SIGTERM) -> None:
        """Accept no more connections, let requests under way finish, end."""
        self.succession.end()
        self._reporter.stopping(why)
        self._notifier.stopping()
        self._listeners.close()
        if self._stand_in is not None:
            self._stand_in.end()
        for worker in self._workforce:
            self._workforce.retire(worker, successor=False, final=number)

    def stop_now(self, exit_code: int) -> None:
        self.succession.end()
        self._exit_code = exit_code
        self._listeners.close()
        for worker in self._workforce:
            self._workforce.kill(worker)

    # ---- what the succession tells (owner.Owner) ----

    def environment(self) -> Mapping[str, str]:
        return self._environment()

    def first_serves(self) -> None:
        if self._stand_in is not None:
            self._stand_in.end(self._say_that_it_serves)
        else:
            self._say_that_it_serves()

    def _say_that_it_serves(self) -> None:
        banner = self._banner()
        self._told_urls = set(banner.urls)
        self._reporter.serving(banner)
        self._on_serving(banner)

    def waits(self) -> None:
        is_first = not self.succession.has_served
        if self._stand_in is not None and is_first and not self._target.is_program:
            with contextlib.suppress(OSError, ValueError, TornkitError):
                self._stand_in.begin(self._environment())

    def gives_room(self) -> None:
        if self._stand_in is not None:
            self._stand_in.kill()

    def serves_more(self) -> None:
        """Report addresses at which the program listens and that were not reported yet."""
        urls = self.urls()
        new = [url for url in urls if url not in self._told_urls]
        self._told_urls = set(urls)
        if new:
            self._reporter.also_serving(new)

    def hopeless(self) -> None:
        self.stop_now(1)

    def finished(self) -> None:
        self.stop_now(0)

    # ---- files ----

    def _see_changes(self) -> None:
        if self._watcher is None:
            return
        for trouble in self._watcher.troubles():
            self._reporter.watching_fails(trouble)
        for gap in self._watcher.gaps():
            self._reporter.watches_less(gap)
        changes = self._watcher.changes()
        restart = [path for path, meaning in changes.items() if meaning is Meaning.RESTART]
        reasons: dict[Path, str] = {}  # a file behind a link is told of by both its names
        for path in restart:
            place = Path(real_path(str(path.parent)), path.name)
            shown = _shown(path, self._target.project)
            reasons[place] = min(shown, reasons.get(place, shown), key=len)
        for reason in reasons.values():
            self.restart(reason)
        if len(changes) > len(restart):
            self._workforce.refresh()
            self._reporter.files_changed([str(path) for path in changes if path not in restart])

    # ---- what it says ----

    def _banner(self) -> Banner:
        watched = self._watcher.rules.deep_roots() if self._watcher is not None else ()
        everywhere = {sock.family for sock in self._listeners if is_everywhere(sock)}
        return Banner(
            label=self._target.label,
            urls=self.urls(),
            everywhere=bool(everywhere),
            only_ipv6=everywhere == {socket.AF_INET6},
            workers=self.succession.scaling.size,
            pid=os.getpid(),
            watched=tuple(sorted(str(root) for root in watched)),
            polling=self._watcher is not None and self._watcher.polling,
            platform=self._workforce.platform(),
            generation=self.succession.generations.newest_serving,
            keys=self._keys,
        )

    def urls(self) -> tuple[str, ...]:
        """URLs of the listening sockets."""
        secure = self._config.http.certfile is not None
        urls: dict[str, None] = {}
        for sock, scheme in self._listeners.with_schemes():
            with contextlib.suppress(OSError):  # ENOBUFS; it is served there all the same
                url = url_of(sock, "https" if secure and scheme == "http" else scheme)
                # An address is bound for IPv4 and IPv6 by one socket each.
                if not (is_everywhere(sock) and url.replace("[::1]", "localhost") in urls):
                    urls[url] = None
        return tuple(urls)

    # ---- the end ----

    def _clean_up(self) -> None:
        """Kill the zygotes, and workers if an error of ours ended the loop; close all else."""
        others = [each.pids for each in (self._stand_in, self._hub) if each is not None]
        workers = (worker.pid for worker in self._workforce)
        kill_and_wait([*workers, *chain(*others), *self._nursery.pids()])
        if self._hub is not None:
            self._hub.close()
        if self._watcher is not None:
            self._watcher.stop()
        if self._control is not None:
            self._control.close()
        self._listeners.close()
        self._loop.close()


def _shown(path: Path, project: str) -> str:
    below = path.is_relative_to(project) and path != Path(project)
    return str(path.relative_to(project)) if below else str(path)
