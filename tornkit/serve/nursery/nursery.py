"""Where workers come from: forked from a zygote, or each a fresh interpreter.

The supervisor asks for workers (`spawn`) and hands over what a good worker has imported (`learn`)
and the deaths of its children (`reaped`); it is told when a worker ends. At most two zygotes live
for long: the *active* one that forks, and a *candidate* that is being warmed; the candidate takes
over when it is clean. Retired zygotes stay until their last worker has ended: they are parents.

    learn ─▶ candidate warms ─▶ clean: it is the active one
                             └▶ something in it is unsafe: thrown away, and the next candidate
                                goes without that

Where the zygote can't fork (stale files, dead, hung), a fresh one is started at once and asked
instead: it holds Tornado alone, and the worker imports the rest by itself.

A zygote's answer is awaited by the loop, as everything is: it may be stopped, or be warming.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from tornkit.serve.loop.loop import Loop
from tornkit.serve.loop.timers import Timer
from tornkit.serve.nursery.warm_cache import WarmCache
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import (
    Exited,
    Fork,
    Forked,
    Prepare,
    ToZygote,
    Trying,
    Unfit,
    Warm,
    Warmed,
)
from tornkit.serve.wire.processes import ChildProcess, channel_pair, is_alive, start_interpreter
from tornkit.serve.wire.warmth import ONE_THREAD, Warmth

# A zygote answers in a millisecond or two; a new one first imports Tornado.
_FORK_DEADLINE = 10.0
# Candidates in a row that turned out spoiled; then what is warm stays as it is.
_MOST_TRIES = 6
# Behind a reload: until then the processors have better things to do.
_REFILL_AFTER = 0.2
# Without an edit for so long, the memory of those that wait is worth more than 10 ms.
_REST_AFTER = 600.0


OnExit = Callable[[int, int], None]  # pid; exit status, or the negative of a signal
# Workers that were born, in one or several parts; or why those that are missing will not be.
OnBorn = Callable[[list[ChildProcess] | OSError], None]
OnStale = Callable[[str], None]  # what has changed


class Nursery(Protocol):
    """Starts workers and says when they end."""

    def connect(self, on_exit: OnExit, on_stale: OnStale) -> None:
        """Set the listeners for worker events; called once, before anything is started.

        ``on_exit``: a worker ended. ``on_stale``: workers were forked with outdated imports. Both
        are called from the loop only.
        """

    @property
    def warmth(self) -> Warmth:
        """What new workers have imported when they are born."""

    def spawn(
        self, count: int, environment: Mapping[str, str], on_born: OnBorn, *, beside: bool = False
    ) -> None:
        """Start this many workers, in one environment (whole).

        ``on_born`` is called now or later. They have been told to `Prepare`, and wait for their
        `Boot`. ``beside``: others serve, and packages that have changed since those imported them
        are wanted as they were, where they are still held.

        :raises OSError, ValueError: none can be started; ``on_born`` is then not called.
        """

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """A good worker has imported these."""

    def exclude(self, modules: Mapping[str, str]) -> None:
        """Import these no more before a fork; names, and why. A worker has found them different."""

    def reaped(self, pid: int, status: int) -> None:
        """A child of the supervisor's has ended."""

    def unreported(self, pid: int) -> None:
        """A worker has ended, and its parent does not say so: it is stopped, or stuck."""

    def pids(self) -> list[int]:
        """Processes of its own; the workers are not counted."""


class Fresh:
    """Each worker an interpreter of its own, a child of the supervisor's."""

    def __init__(self, loop: Loop, prepare: Prepare, *, keep_stdin: bool = False) -> None:
        self._loop = loop
        self._prepare = prepare
        self._keep_stdin = keep_stdin
        self._on_exit: OnExit = lambda pid, status: None

    def connect(self, on_exit: OnExit, on_stale: OnStale) -> None:
        self._on_exit = on_exit

    @property
    def warmth(self) -> Warmth:
        return Warmth(0, {})

    def spawn(
        self, count: int, environment: Mapping[str, str], on_born: OnBorn, *, beside: bool = False
    ) -> None:
        on_born(start_workers(count, environment, self._prepare, keep_stdin=self._keep_stdin))

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """Nothing is kept."""

    def exclude(self, modules: Mapping[str, str]) -> None:
        """Nothing is warm."""

    def reaped(self, pid: int, status: int) -> None:
        self._loop.soon(lambda: self._on_exit(pid, status))

    def unreported(self, pid: int) -> None:
        """All are the supervisor's own children; the kernel reports them."""

    def pids(self) -> list[int]:
        return []


def start_workers(
    count: int, environment: Mapping[str, str], prepare: Prepare, *, keep_stdin: bool
) -> list[ChildProcess]:
    """Workers that are fresh interpreters.

    :raises OSError: one of them can't be started; then none is.
    """
    processes: list[ChildProcess] = []
    try:
        for _ in range(count):
            processes.append(start_interpreter("worker", environment, keep_stdin=keep_stdin))
    except OSError:
        for process in processes:
            process.signal(signal.SIGKILL)
            process.channel.close()
        raise
    tell(processes, prepare)
    return processes


def tell(processes: Iterable[ChildProcess], message: Prepare) -> None:
    """Send each the message; who has ended meanwhile will be reaped."""
    for process in processes:
        with contextlib.suppress(ChannelClosed):
            process.channel.send(message)


@dataclass(eq=False)
class _Request:
    """Workers that a zygote was asked to fork, and has not answered for.

    ``again``: another zygote was asked before; ``ahead``: they are to be kept, nobody waits.
    """

    count: int
    environment: Mapping[str, str]
    on_born: OnBorn
    beside: bool = False  # others that serve; see `Nursery.spawn`
    again: bool = False
    ahead: bool = False
    channels: list[Channel] = field(default_factory=list)
    deadline: Timer | None = None

    def drop(self) -> None:
        """Wait no longer."""
        if self.deadline is not None:
            self.deadline.cancel()
        for channel in self.channels:
            channel.close()
        self.channels.clear()


@dataclass(eq=False)
class _Zygote:
    """A zygote as the supervisor knows it."""

    process: ChildProcess
    environment: Mapping[str, str]
    modules: tuple[str, ...] = ()  # what it was told to warm
    holds: int = 0  # modules of whatever origin
    workers: set[int] = field(default_factory=set)
    trying: str | None = None
    orphan_slots: bool = False
    asked: deque[_Request] = field(default_factory=deque)  # it answers in this order
    waited_for: bool = False  # it has not said `Warmed`, and is the active one nevertheless


class Forking:
    """Workers are forks of a warm zygote. ``report`` is told what is warm.

    ``spares`` of them are forked ahead of time and wait for their `Boot`: a fork and a process's
    first steps take half of what a small application's start does. That what they hold is not
    stale is found out when the next ones are forked (`_refill`), behind the reload, not before.
    """

    def __init__(
        self,
        loop: Loop,
        report: Callable[[Warmth], None],
        prepare: Prepare,
        spares: int,
        warm_cache: WarmCache,
        *,
        keep_stdin: bool = False,
    ) -> None:
        self._loop = loop
        self._report = report
        self._prepare = prepare
        self._keep_stdin = keep_stdin
        self._on_exit: OnExit = lambda pid, status: None
        self._on_stale: OnStale = lambda what: None
        self._spares = spares
        self._warm_cache = warm_cache
        self._spawned_before = False
        self._rest: Timer | None = None
        self._ahead: list[ChildProcess] = []  # forked from the active zygote
        self._zygotes: dict[int, _Zygote] = {}
        self._active: _Zygote | None = None
        self._candidate: _Zygote | None = None
        self._learned: dict[str, None] = {}  # every module that a worker ever imported, in order
        self._unsafe: dict[str, str] = {}
        self._tries = 0
        self.warmth = Warmth(0, {})

    def connect(self, on_exit: OnExit, on_stale: OnStale) -> None:
        self._on_exit = on_exit
        self._on_stale = on_stale

    # ---- spawning ----

    def spawn(
        self, count: int, environment: Mapping[str, str], on_born: OnBorn, *, beside: bool = False
    ) -> None:
        zygote = self._active
        if zygote is None or zygote.environment != environment:
            # Imports may depend on the environment: what is warm is warm for the old one.
            zygote = self._begin(environment)
        ahead, self._ahead = self._ahead[:count], self._ahead[count:]
        self._expect_more(beside)
        if ahead:
            on_born(ahead)
        if len(ahead) < count:
            try:
                missing = count - len(ahead)
                self._ask(zygote, _Request(missing, environment, on_born, beside=beside))
            except OSError as error:
                on_born(error)

    def _expect_more(self, beside: bool) -> None:
        """Somebody edits, and will do so again: behind the first start nothing is known of that."""
        if self._spawned_before:
            self._loop.at(self._loop.now() + _REFILL_AFTER, partial(self._refill, beside))
            if self._rest is not None:
                self._rest.cancel()
            self._rest = self._loop.at(self._loop.now() + _REST_AFTER, self._dismiss_ahead)
        self._spawned_before = True

    def _refill(self, beside: bool) -> None:
        """Fork ahead of time as many as the next generation will want.

        Behind one worker that was started ``beside`` others nobody has asked for new packages.
        """
        zygote = self._active
        if zygote is None or any(request.ahead for request in zygote.asked):
            return
        missing = self._spares - len(self._ahead)
        if missing > 0:
            born = partial(self._born_ahead, zygote)
            with contextlib.suppress(OSError):  # no descriptor: what serves is more important
                self._ask(zygote, _Request(missing, zygote.environment, born, beside, ahead=True))

    def _born_ahead(self, zygote: _Zygote, processes: list[ChildProcess] | OSError) -> None:
        if isinstance(processes, OSError):
            return  # the next `spawn` tries again, and says so
        self._ahead += processes
        if zygote is not self._active:
            self._dismiss_ahead()

    def _begin(self, environment: Mapping[str, str]) -> _Zygote:
        """The first zygote: with what was warm the last time, where that is known."""
        modules = self._warm_cache.modules()
        if self._spawned_before or not modules:
            return self._begin_anew(environment)
        self._learned.update(dict.fromkeys(modules))
        self._active = self._start(environment, modules)
        self._active.waited_for = True
        self._send(self._active, Warm(modules, dict(environment)))
        return self._active

    def _begin_anew(self, environment: Mapping[str, str]) -> _Zygote:
        """A zygote that holds Tornado alone, now; a warm one behind it."""
        if self._active is not None:
            self._retire(self._active)
        self._dismiss_ahead()
        self._active = self._start(environment, ())
        self._drop_candidate()
        self._tries = 0
        if self._learned:
            self._warm_candidate(environment)
        return self._active

    def _dismiss_ahead(self) -> None:
        """Those of another zygote than the active one are warm with something else."""
        for process in self._ahead:
            process.signal(signal.SIGKILL)
            process.channel.close()
        self._ahead.clear()

    def _start(self, environment: Mapping[str, str], modules: tuple[str, ...]) -> _Zygote:
        process = start_interpreter(
            "zygote", {**environment, **ONE_THREAD}, keep_stdin=self._keep_stdin
        )
        zygote = _Zygote(process, environment, modules)
        try:
            self._loop.listen(process.channel, lambda: self._hear(zygote))
        except OSError:
            process.signal(signal.SIGKILL)
            process.channel.close()
            raise
        self._zygotes[process.pid] = zygote
        return zygote

    def _send(self, zygote: _Zygote, message: ToZygote | None, *descriptors: int) -> None:
        """Send, or go on sending with None. A dead one is seen when it is reaped."""
        channel = zygote.process.channel
        with contextlib.suppress(ChannelClosed):
            if message is None:
                channel.flush()
            else:
                channel.send(message, descriptors)
        on_writable = partial(self._send, zygote, None) if channel.wants_write else None
        self._loop.want_write(channel, on_writable)

    def _ask(self, zygote: _Zygote, request: _Request) -> None:
        """Ask for a fork; the answer is heard in `_hear`.

        :raises OSError: there is no descriptor for a channel.
        """
        theirs: list[socket.socket] = []
        try:
            for _ in range(request.count):
                channel, sock = channel_pair()
                request.channels.append(channel)
                theirs.append(sock)
            fork = Fork(dict(request.environment), request.beside)
            self._send(zygote, fork, *(sock.fileno() for sock in theirs))
        except OSError:
            request.drop()
            raise
        finally:
            for sock in theirs:
                sock.close()
        zygote.asked.append(request)
        request.deadline = self._loop.at(
            self._loop.now() + _FORK_DEADLINE, partial(self._give_up, zygote)
        )

    def _forked(self, zygote: _Zygote, answer: Forked) -> None:
        if not zygote.asked:
            return  # it was given up, and those that it forked have no channel any more
        request = zygote.asked.popleft()
        channels, request.channels = request.channels, []
        request.drop()
        zygote.workers.update(answer.pids)
        zygote.holds = answer.modules
        processes = [
            ChildProcess(pid, channel) for pid, channel in zip(answer.pids, channels, strict=True)
        ]
        tell(processes, self._prepare)
        request.on_born(processes)

    def _unfit(self, zygote: _Zygote, answer: Unfit) -> None:
        """It can't fork: it is a parent only from now on, unless the system refused."""
        if answer.errno:
            if zygote.asked:
                request = zygote.asked.popleft()
                request.drop()
                request.on_born(OSError(answer.errno, answer.reason))
            return
        behind = bool(zygote.asked) and zygote.asked[0].ahead
        requests = self._take_back(zygote)
        self._retire(zygote)
        self._ask_elsewhere(zygote, requests)
        if behind and answer.stale:
            # Those that were used last were forked before the change, or just after.
            self._on_stale(answer.reason)

    def _give_up(self, zygote: _Zygote) -> None:
        """It hangs, or is spoiled, or gone: as a parent it would not report its workers either."""
        requests = self._take_back(zygote)
        self._retire(zygote)
        self._kill(zygote)
        self._ask_elsewhere(zygote, requests)

    def _take_back(self, zygote: _Zygote) -> list[_Request]:
        requests = list(zygote.asked)
        zygote.asked.clear()
        for request in requests:
            request.drop()
        return requests

    def _ask_elsewhere(self, zygote: _Zygote, requests: list[_Request]) -> None:
        """Ask a zygote that holds Tornado alone; where that could not either, none."""
        wanted = [request for request in requests if not request.ahead]
        if len(wanted) < len(requests) and self._active is None:
            with contextlib.suppress(OSError):  # the next `spawn` tries again, and says so
                self._begin_anew(zygote.environment)
        for request in wanted:
            try:
                self._ask_again(request)
            except OSError as error:
                request.on_born(error)

    def _ask_again(self, request: _Request) -> None:
        if request.again:
            # Children of the supervisor's own; `reaped` tells of them.
            request.on_born(
                start_workers(
                    request.count,
                    request.environment,
                    self._prepare,
                    keep_stdin=self._keep_stdin,
                )
            )
            return
        request.again = True
        active = self._active
        if active is None or active.environment != request.environment:
            active = self._begin_anew(request.environment)
        self._ask(active, request)

    def _retire(self, zygote: _Zygote) -> None:
        """It forks no more; it ends once its workers have."""
        zygote.orphan_slots = True
        if self._active is zygote:
            self._active = None
        self._end_childless(zygote)

    def _end_childless(self, zygote: _Zygote) -> None:
        if zygote.orphan_slots and not zygote.workers and not zygote.asked:
            self._kill(zygote)

    def _kill(self, zygote: _Zygote) -> None:
        if self._zygotes.get(zygote.process.pid) is zygote:  # else its number may be another's
            zygote.process.signal(signal.SIGKILL)

    # ---- warming ----

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        unknown = tuple(name for name in modules if name not in self._learned)
        if not unknown:
            self._say_that_all_is_warm()
            return
        self._learned.update(dict.fromkeys(unknown))
        self._tries = 0
        self._drop_candidate()
        self._warm_candidate(environment)

    def exclude(self, modules: Mapping[str, str]) -> None:
        if modules.keys() <= self._unsafe.keys():
            return  # the other workers of a generation find the same
        self._unsafe.update(modules)
        self._tries = 0
        self._drop_candidate()
        if self._active is not None:
            self._warm_candidate(self._active.environment)

    def _say_that_all_is_warm(self) -> None:
        """Of an application that imports nothing that the first zygote has not, once."""
        holds = self._active.holds if self._active is not None and self._candidate is None else 0
        if holds and self.warmth == Warmth(0, {}):
            self.warmth = Warmth(holds, {})
            self._loop.soon(partial(self._report, self.warmth))

    def _warm_candidate(self, environment: Mapping[str, str]) -> None:
        modules = tuple(name for name in self._learned if name not in self._unsafe)
        try:
            self._candidate = self._start(environment, modules)
        except OSError:
            return  # no process, no descriptor: what serves is more important
        self._tries += 1
        self._send(self._candidate, Warm(modules, dict(environment)))

    def _drop_candidate(self) -> None:
        if self._candidate is not None:
            candidate, self._candidate = self._candidate, None
            candidate.process.signal(signal.SIGKILL)

    def _warmed(self, zygote: _Zygote, message: Warmed) -> None:
        if zygote.waited_for:
            self._first_warmed(zygote, message)
            return
        if zygote is not self._candidate:
            return
        self._candidate = None
        if not message.unsafe:
            if self._active is not None:
                self._retire(self._active)
            self._dismiss_ahead()
            self._active = zygote
            self._say_warm(message.modules)
            return
        zygote.process.signal(signal.SIGKILL)
        self._blame(dict(message.unsafe), zygote.environment)

    def _first_warmed(self, zygote: _Zygote, message: Warmed) -> None:
        """The first one, of which workers are wanted already."""
        zygote.waited_for = False
        self._unsafe.update(message.unsafe)
        if message.unsafe:
            self._give_up(zygote)
        else:
            self._say_warm(message.modules)

    def _blame(self, unsafe: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._unsafe.update(unsafe)
        if self._tries < _MOST_TRIES:
            self._warm_candidate(environment)
        else:
            self._say_warm(0)

    def _say_warm(self, modules: int) -> None:
        self.warmth = Warmth(modules, dict(self._unsafe))
        self._report(self.warmth)
        if modules:
            self._warm_cache.remember(name for name in self._learned if name not in self._unsafe)

    # ---- what is heard ----

    def _hear(self, zygote: _Zygote) -> None:
        try:
            messages = zygote.process.channel.receive_ready()
        except (ChannelClosed, ValueError):
            self._loop.unlisten(zygote.process.channel)
            if zygote.asked:
                self._give_up(zygote)
            self._kill(zygote)  # `reaped` will tell
            return
        for message, _ in messages:
            match message:
                case Exited():
                    self._note_exit(zygote, message)
                case Trying():
                    zygote.trying = message.module
                case Warmed():
                    self._warmed(zygote, message)
                case Forked():
                    self._forked(zygote, message)
                case Unfit():
                    self._unfit(zygote, message)
                case _:
                    raise AssertionError(f"a zygote sent {message}")

    def _note_exit(self, zygote: _Zygote, message: Exited) -> None:
        zygote.workers.discard(message.pid)
        for process in self._ahead:
            if process.pid == message.pid:
                process.channel.close()
        self._ahead = [process for process in self._ahead if process.pid != message.pid]
        self._loop.soon(lambda: self._on_exit(message.pid, message.status))
        self._end_childless(zygote)

    def reaped(self, pid: int, status: int) -> None:
        zygote = self._zygotes.pop(pid, None)
        if zygote is None:  # a worker: fresh, or an orphan of a zygote that died
            self._loop.soon(lambda: self._on_exit(pid, status))
            return
        self._hear(zygote)  # its last words
        requests = self._take_back(zygote)
        self._loop.unlisten(zygote.process.channel)
        zygote.process.channel.close()
        if zygote is self._active:
            self._active = None
            with contextlib.suppress(OSError):  # the next `spawn` tries again, and says so
                self._begin_anew(zygote.environment)
        elif zygote is self._candidate:
            self._candidate = None
            if zygote.trying is not None:
                self._blame({zygote.trying: "ends the process"}, zygote.environment)
        self._ask_elsewhere(zygote, requests)
        # On Linux the living ones are the supervisor's now. One that had ended may have been
        # reaped by the zygote just before it died itself.
        for worker in tuple(zygote.workers):
            if not is_alive(worker):
                self._note_exit(zygote, Exited(worker, -signal.SIGKILL))

    def unreported(self, pid: int) -> None:
        for zygote in tuple(self._zygotes.values()):
            if pid in zygote.workers:
                self._give_up(zygote)  # its workers go on as the supervisor's children

    def pids(self) -> list[int]:
        return [*self._zygotes, *(process.pid for process in self._ahead)]
