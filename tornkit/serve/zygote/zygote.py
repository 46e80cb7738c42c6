"""The zygote: a process of one thread that holds warm imports and forks workers on request.

It is exec'd by the supervisor (whose file watcher owns a thread, and a fork copies locks but not
threads), holds Tornado, tornkit's worker, and what `Warm` names; never the user's code. A worker
is a fork of it and imports the user's code alone: tens of milliseconds, whatever that imports.

It is the parent of its workers, tells the supervisor when one ends, and ends them all when the
supervisor is gone. If the zygote itself dies, they go on: the supervisor is made their reaper.

Nobody's code runs here but what modules run when they are imported, and no loop: two descriptors
in a poll.

What a worker writes to is its own from then on, if only a reference count in a page of 4 KiB. So
the zygote does beforehand what each would do (`_freeze`), and leaves it nothing to take back.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tornkit import seams
from tornkit.appload import shadowing
from tornkit.engine import activity
from tornkit.linux import die_with_parent
from tornkit.serve.shortage import in_words
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.warm_imports.import_inputs import Inputs
from tornkit.serve.warm_imports.tornado_first import WITH_TORNADO
from tornkit.serve.warm_imports.userfiles import remember_what_is_held
from tornkit.serve.warm_imports.warming import Warming, changed, fingerprint, thread_count
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import Exited, Fork, Forked, Trying, Unfit, Warm, Warmed
from tornkit.serve.worker import entry, signals
from tornkit.serve.zygote import page_release
from tornkit.serve.zygote.dry_run import is_unpatched, rehearse

# The terminal sends these to the whole process group; the supervisor decides.
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(descriptor: int) -> None:
    """Run the zygote, or, in a fork of it, a worker, which then lives its own life."""
    channel = Channel(socket.socket(fileno=descriptor))
    # A worker keeps it: to free what it holds would write to half a thousand shared pages.
    zygote = Zygote(channel)
    born = zygote.live()
    if born is not None:
        born.begin()


@dataclass(frozen=True)
class Birth:
    """Start of a forked worker: its channel, its environment, and whether it may rehearse."""

    descriptor: int
    environment: Mapping[str, str]
    may_rehearse: bool

    def begin(self) -> None:
        """Run as a worker in this process. Exits."""
        _live_in(self.environment)
        warm_modules.current.begin()
        gc.enable()
        _reseed_numpy()
        channel = Channel(socket.socket(fileno=self.descriptor))
        entry.main_on(channel, self._get_ready)

    def _get_ready(self) -> None:
        """Do steps of a worker's start ahead, before somebody waits for a reload."""
        warm_modules.current.copy_pages()
        if self.may_rehearse:
            rehearse()
            gc.collect()  # the rehearsed application: the worker would tell of it as its own


def _live_in(environment: Mapping[str, str]) -> None:
    """Set the process's environment variables to these; those that are equal are not touched."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _forget_lookups() -> None:
    """Empty Python's cache of method lookups, which holds references to their names.

    With pandas it is full of its names, on as many pages, and a worker would push them out one by
    one: 1 MiB of pages of its own. From Python 3.12 on such names are not counted any more.
    """
    if sys.version_info < (3, 12):
        sys._clear_type_cache()


def _reseed_numpy() -> None:
    """Reseed numpy's random numbers in a worker; Python reseeds its own generator after a fork."""
    numpy_random: Any = warm_modules.current.held("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _refused(error: OSError) -> Unfit:
    """Answer to a fork that the system refused."""
    return Unfit(in_words(error), errno=error.errno or errno.EAGAIN)


class Zygote:
    """The zygote itself: answers the supervisor, forks workers and reaps them."""

    def __init__(self, channel: Channel) -> None:
        # Nothing is collected here: a collection would write to pages that the workers share.
        gc.disable()
        self._channel = channel
        self._workers: set[int] = set()
        self._wake_read, self._wake_write = socket.socketpair()
        seams.prepare()
        if is_unpatched():
            rehearse()  # what is made once and kept is then shared
        for folder in shadowing.folders_before_the_library():
            shadowing.give_way(folder)
        self._freeze({})

    def live(self) -> Birth | None:
        """Serve until the supervisor is gone; return a `Birth` in every worker that is forked."""
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)  # blocked since before the exec
        for sock in (self._wake_read, self._wake_write):
            sock.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        poller = select.poll()
        poller.register(self._channel.fileno(), select.POLLIN)
        poller.register(self._wake_read.fileno(), select.POLLIN)
        while True:
            # Refused for want of memory: it is looked at what there is, which waits for nothing.
            with contextlib.suppress(OSError):
                poller.poll()
            with contextlib.suppress(OSError):  # nothing there, mostly
                self._wake_read.recv(4096)
            try:
                self._reap()
                for message, descriptors in self._channel.receive_ready():
                    match message:
                        case Warm():
                            self._warm(message)
                        case Fork():
                            birth = self._fork(message, descriptors)
                            if birth is not None:
                                return birth
                        case _:
                            raise AssertionError(f"the supervisor sent {message}")
            except ChannelClosed:
                self._end()

    def _freeze(self, inputs: Mapping[str, Inputs]) -> None:
        """Hide warm modules, collect garbage, freeze the rest: no page of it is written again."""
        self._fingerprint = fingerprint()
        self._modules = len(sys.modules)
        warm_modules.current.hide(WITH_TORNADO, inputs)
        remember_what_is_held()
        self._may_rehearse = is_unpatched()
        activity.look()
        gc.collect()
        _forget_lookups()
        gc.freeze()

    # ---- warming ----

    def _warm(self, message: Warm) -> None:
        warming = Warming(
            about_to=lambda name: self._channel.send(Trying(name)),
            environment=message.environment or os.environ,
        )
        warm_modules.current.show_all()
        warm_modules.current = warm_modules.WarmModules()
        die_with_parent()  # an import that hangs would not see the channel's end of file
        warming.warm(message.modules)
        die_with_parent(wanted=False)  # from now on the workers have to be ended first
        self._freeze(warming.inputs)
        page_release.let_go()
        self._channel.send(Warmed(self._modules, tuple(warming.unsafe.items())))

    # ---- forking ----

    def _fork(self, message: Fork, descriptors: list[int]) -> Birth | None:
        unfit = self._unfit(message)
        if unfit is not None:
            self._channel.send(unfit)
            for descriptor in descriptors:
                os.close(descriptor)
            return None
        if not descriptors:  # there was no room for them
            self._channel.send(_refused(OSError(errno.EMFILE, os.strerror(errno.EMFILE))))
            return None
        pids = []
        refusal: OSError | None = None
        # A signal that comes between the fork and the child's own set-up has to wait.
        signal.pthread_sigmask(signal.SIG_BLOCK, signals.NUMBERS)
        for descriptor in descriptors:
            try:
                pid = os.fork()
            except OSError as error:
                refusal = error
                break
            if pid == 0:
                return self._be_born(message, descriptor, descriptors)
            pids.append(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals.NUMBERS)
        for descriptor in descriptors:
            os.close(descriptor)
        self._workers.update(pids)
        if refusal is None:
            self._channel.send(Forked(tuple(pids), self._modules))
            return None
        for pid in pids:  # all or none: nobody knows of them yet
            os.kill(pid, signal.SIGKILL)
        self._channel.send(_refused(refusal))
        return None

    def _unfit(self, message: Fork) -> Unfit | None:
        stale = None if message.stale else changed(self._fingerprint)
        if stale is not None:
            return Unfit(stale, stale=True)
        if thread_count() > 1:
            return Unfit("a warm module has started a thread")
        return None

    def _be_born(self, message: Fork, own: int, all_of_them: list[int]) -> Birth:
        """Drop, in the child, all that is the zygote's but its memory; return its `Birth`."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for descriptor in all_of_them:
            if descriptor != own:
                os.close(descriptor)
        self._channel.close()
        self._wake_read.close()
        self._wake_write.close()
        return Birth(own, message.environment, self._may_rehearse)

    # ---- workers ----

    def _reap(self) -> None:
        while self._workers:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._workers:
                self._workers.discard(pid)
                self._channel.send(Exited(pid, os.waitstatus_to_exitcode(status)))

    def _end(self) -> None:
        """End all workers, and the zygote: the supervisor is gone, which owned the sockets."""
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os._exit(0)
