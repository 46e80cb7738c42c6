"""Workers that are forks of a zygote, in which the third-party imports have been done.

The supervisor asks for workers (`spawn`) and hands over what a good worker has imported (`learn`)
and the deaths of its children (`reaped`); it is told when a worker ends. At most two zygotes live
for long: the *active* one that forks, and a *candidate* that is being warmed; the candidate takes
over when it is clean. Retired zygotes stay until their last worker has ended: they are parents.

Where the zygote can't fork (stale files, dead, hung), a fresh one is started at once and asked
instead: it holds Tornado alone, and the worker imports the rest by itself.

A zygote's answer is awaited by the loop, as everything is: it may be stopped, or be warming.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Mapping
from functools import partial

from tornkit.serve.loop.loop import Loop
from tornkit.serve.loop.timers import Timer
from tornkit.serve.nursery.candidates import Candidates
from tornkit.serve.nursery.forked_ahead import ForkedAhead, dismiss
from tornkit.serve.nursery.fresh import start_workers, tell
from tornkit.serve.nursery.nursery import OnBorn, OnExit, OnStale
from tornkit.serve.nursery.warm_cache import WarmCache
from tornkit.serve.nursery.zygote_handle import ForkRequest, ZygoteHandle
from tornkit.serve.wire.channel import ChannelClosed
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
# Behind a reload: until then the processors have better things to do.
_REFILL_AFTER = 0.2
# Without an edit for so long, the memory of those that wait is worth more than 10 ms.
_REST_AFTER = 600.0


class Forking:
    """Nursery that forks workers from a zygote, which has imported modules ahead of them.

    ``spares`` of them are forked ahead of time and wait for their `Boot`: a fork and a process's
    first steps take half of what a small application's start does. That what they hold is not stale
    is found out behind a reload, as the next are forked (`_refill`). ``report`` gets each `Warmth`.
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
        self._prepare = prepare
        self._keep_stdin = keep_stdin
        self._on_exit: OnExit = lambda pid, status: None
        self._on_stale: OnStale = lambda what: None
        self._spares = spares
        self._warm_cache = warm_cache
        self._spawned_before = False
        self._rest: Timer | None = None
        self._ahead = ForkedAhead()  # from the active zygote
        self._zygotes: dict[int, ZygoteHandle] = {}
        self._active: ZygoteHandle | None = None
        self._candidates = Candidates(
            loop,
            report,
            warm_cache,
            start=self._start,
            send=self._send,
            active=lambda: self._active,
            promote=self._promote,
        )

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
        ahead = self._ahead.take(count)
        self._expect_more(beside)
        if ahead:
            on_born(ahead)
        if len(ahead) < count:
            try:
                missing = count - len(ahead)
                self._ask(zygote, ForkRequest(missing, environment, on_born, beside=beside))
            except OSError as error:
                on_born(error)

    def _expect_more(self, beside: bool) -> None:
        """Schedule forks ahead, from the second start on: a person edits, and will again."""
        if self._spawned_before:
            self._loop.at(self._loop.now() + _REFILL_AFTER, partial(self._refill, beside))
            if self._rest is not None:
                self._rest.cancel()
            self._rest = self._loop.at(self._loop.now() + _REST_AFTER, self._ahead.dismiss)
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
                self._ask(
                    zygote, ForkRequest(missing, zygote.environment, born, beside, ahead=True)
                )

    def _born_ahead(self, zygote: ZygoteHandle, processes: list[ChildProcess] | OSError) -> None:
        if isinstance(processes, OSError):
            return  # the next `spawn` tries again, and says so
        if zygote is self._active:
            self._ahead.add(processes)
        else:
            dismiss(processes)

    def _begin(self, environment: Mapping[str, str]) -> ZygoteHandle:
        """Start the first zygote, with the modules that were warm the last time, if known."""
        modules = self._warm_cache.modules()
        if self._spawned_before or not modules:
            return self._begin_anew(environment)
        self._candidates.foresee(modules)
        self._active = self._start(environment, modules)
        self._active.waited_for = True
        self._send(self._active, Warm(modules, dict(environment)))
        return self._active

    def _begin_anew(self, environment: Mapping[str, str]) -> ZygoteHandle:
        """Start a zygote that holds Tornado alone, now, and a warm one behind it."""
        if self._active is not None:
            self._retire(self._active)
        self._ahead.dismiss()
        self._active = self._start(environment, ())
        self._candidates.begin_anew(environment)
        return self._active

    def _start(self, environment: Mapping[str, str], modules: tuple[str, ...]) -> ZygoteHandle:
        process = start_interpreter(
            "zygote", {**environment, **ONE_THREAD}, keep_stdin=self._keep_stdin
        )
        zygote = ZygoteHandle(process, environment, modules)
        try:
            self._loop.listen(process.channel, lambda: self._hear(zygote))
        except OSError:
            process.signal(signal.SIGKILL)
            process.channel.close()
            raise
        self._zygotes[process.pid] = zygote
        return zygote

    def _send(self, zygote: ZygoteHandle, message: ToZygote | None, *descriptors: int) -> None:
        """Send a message, or with None what waits. A dead zygote is seen when it is reaped."""
        channel = zygote.process.channel
        with contextlib.suppress(ChannelClosed):
            if message is None:
                channel.flush()
            else:
                channel.send(message, descriptors)
        on_writable = partial(self._send, zygote, None) if channel.wants_write else None
        self._loop.want_write(channel, on_writable)

    def _ask(self, zygote: ZygoteHandle, request: ForkRequest) -> None:
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

    def _forked(self, zygote: ZygoteHandle, answer: Forked) -> None:
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

    def _unfit(self, zygote: ZygoteHandle, answer: Unfit) -> None:
        """Retire a zygote that can't fork, as it is stale, say; not where the system refused."""
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

    def _give_up(self, zygote: ZygoteHandle) -> None:
        """Retire and kill a zygote that hangs or is spoiled: it would not report its workers."""
        requests = self._take_back(zygote)
        self._retire(zygote)
        self._kill(zygote)
        self._ask_elsewhere(zygote, requests)

    def _take_back(self, zygote: ZygoteHandle) -> list[ForkRequest]:
        requests = list(zygote.asked)
        zygote.asked.clear()
        for request in requests:
            request.drop()
        return requests

    def _ask_elsewhere(self, zygote: ZygoteHandle, requests: list[ForkRequest]) -> None:
        """Ask a zygote that holds Tornado alone; where that failed too, start fresh workers."""
        wanted = [request for request in requests if not request.ahead]
        if len(wanted) < len(requests) and self._active is None:
            with contextlib.suppress(OSError):  # the next `spawn` tries again, and says so
                self._begin_anew(zygote.environment)
        for request in wanted:
            try:
                self._ask_again(request)
            except OSError as error:
                request.on_born(error)

    def _ask_again(self, request: ForkRequest) -> None:
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

    def _retire(self, zygote: ZygoteHandle) -> None:
        """Have a zygote fork no more; it is ended once its workers have."""
        zygote.retired = True
        if self._active is zygote:
            self._active = None
        self._end_childless(zygote)

    def _end_childless(self, zygote: ZygoteHandle) -> None:
        if zygote.retired and not zygote.workers and not zygote.asked:
            self._kill(zygote)

    def _kill(self, zygote: ZygoteHandle) -> None:
        if self._zygotes.get(zygote.process.pid) is zygote:  # else its number may be another's
            zygote.process.signal(signal.SIGKILL)

    # ---- warming ----

    @property
    def warmth(self) -> Warmth:
        return self._candidates.warmth

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._candidates.learn(modules, environment)

    def exclude(self, modules: Mapping[str, str]) -> None:
        self._candidates.exclude(modules)

    def _warmed(self, zygote: ZygoteHandle, message: Warmed) -> None:
        if not zygote.waited_for:
            self._candidates.warmed(zygote, message)
            return
        # The first one, of which workers are wanted already.
        zygote.waited_for = False
        if zygote.retired:
            return  # given up meanwhile
        self._candidates.first_warmed(message)
        if message.unsafe:
            self._give_up(zygote)

    def _promote(self, zygote: ZygoteHandle) -> None:
        """Make a clean candidate the zygote that forks from now on."""
        if self._active is not None:
            self._retire(self._active)
        self._ahead.dismiss()
        self._active = zygote

    # ---- what is heard ----

    def _hear(self, zygote: ZygoteHandle) -> None:
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

    def _note_exit(self, zygote: ZygoteHandle, message: Exited) -> None:
        zygote.workers.discard(message.pid)
        self._ahead.ended(message.pid)
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
        else:
            self._candidates.ended(zygote)
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
        return [*self._zygotes, *self._ahead.pids()]
