"""One worker's life: boot, ready, serve, drain, exit.

    Prepare ─▶ Boot ─▶ load the application, or run the program ─▶ claims, grants ─▶ Ready
         ─▶ Go: accept ─▶ Drain: stop accepting, let connections go, end ─▶ exit

The process is the user's: tornkit keeps to one thread and one descriptor in it, and gets a turn
only where the user's loops give one. Until one runs, messages are read as they are waited for
(`mailbox`); from its first ``listen()`` on, each loop that listens reads them, whichever thread it
is in (`serving_loops`). What is done about which message when is a table (`conduct`).

Who stops when is the supervisor's business, not a signal's: see `tornkit.serve.worker.signals`.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

from tornado.httpserver import HTTPServer

from tornkit import lobby, seams
from tornkit.appload import own_tornado
from tornkit.appload.leaving import Leaving, Left
from tornkit.appload.load import application_of, call_factory, find_attribute
from tornkit.appload.target import Serves
from tornkit.engine.fidelity import replaced
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.errors import NotAnApplication, TornkitError
from tornkit.serve.failures import cannot_start
from tornkit.serve.shortage import RAISE_LIMIT
from tornkit.serve.sources import sources
from tornkit.serve.terminal.logs import (
    reopen_log_files,
    set_up_access_log,
    set_up_application_logging,
)
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.warm_imports.userfiles import user_files
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.heartbeat import Heartbeat, interval_for
from tornkit.serve.wire.messages import (
    Adopt,
    Boot,
    Claim,
    Differs,
    Drain,
    Failed,
    Grant,
    Loaded,
)
from tornkit.serve.wire.orders import Orders, application_claim
from tornkit.serve.worker.collector import Collector, attend
from tornkit.serve.worker.conduct import Conduct
from tornkit.serve.worker.draining import Draining
from tornkit.serve.worker.failure_report import failed_of, interrupted, tell
from tornkit.serve.worker.for_browsers import ForBrowsers
from tornkit.serve.worker.lessons import Lessons
from tornkit.serve.worker.listening import Listening, Refused
from tornkit.serve.worker.mailbox import Mailbox
from tornkit.serve.worker.process_end import end_threads, interrupt_main
from tornkit.serve.worker.program_run import run_until_it_ends
from tornkit.serve.worker.readiness import ready_message
from tornkit.serve.worker.server_options import server_arguments
from tornkit.serve.worker.serving_loops import (
    ProcessLoad,
    ServingLoop,
    ServingLoops,
    call_in,
    running_loop,
)

# Turns of a loop behind its first `listen()`: a program that says `await asyncio.sleep(0)` before
# its next one has made that, too. Ten microseconds each, where there is nothing else to do.
_TURNS = 8
_LOOP_PATIENCE = 1.0  # seconds for a loop that listens to run, where another runs already
_log = logging.getLogger("tornkit")


class Worker:
    """A worker, in its own process. From its construction on, servers are observed."""

    _heartbeat: Heartbeat
    _listening: Listening
    _reexecute: Callable[[], None]

    def __init__(self, orders: Orders, channel: Channel) -> None:
        self._orders = orders
        self._pid = os.getpid()
        self._watched: set[str] = set()
        self._reload_hooks = seams.silence_autoreload(self._watched.add)
        self._loops = ServingLoops()
        seams.observe_websockets(self._loops.opening)
        self._applications = seams.observe_applications()
        self._collector = Collector()
        self._mailbox = Mailbox(channel, lambda: self._conduct.act())  # noqa: PLW0108 - is assigned below
        self._conduct = Conduct(self._mailbox.take, self)
        self._awaited: set[ServingLoop] = set()  # listen, and have not turned since
        self._joining = threading.Lock()  # for the set, and what is done once
        self._joined = False  # a loop has listened
        self._ready = False
        self._warned = False  # that another Tornado was to be used, if so
        self._lessons = Lessons(self._mailbox.send, lambda: self._ready)
        self._leaving: Leaving | None = None  # while an application is imported and made
        self._loading = Serves.IMPORTED  # what is done meanwhile
        self._is_whole = False  # all is claimed that is known to be served
        self._turned_early = False  # a loop has, meanwhile
        self._sources_told = 0  # files that the supervisor was told of
        self._told_to_end = False
        self._kept: list[int] = []  # descriptors
        self._serving: asyncio.Task[None] | None = None  # an application, until the end
        self._draining: Draining | None = None
        if orders.engine == "tornkit":
            EngineServer.observer = self._loops

    def boot(self, boot: Boot, offered: Sequence[int] = ()) -> None:
        """Take in the `Boot` message: findings of earlier workers, generation, offered sockets."""
        self._mailbox.offers.add(boot.offers, offered)
        if offered:  # a child of the program's, forked before it listens, is to have none of them
            os.register_at_fork(after_in_child=self._mailbox.offers.close)
        self._orders = self._lessons.take(boot.lesson, self._orders)
        if boot.stands_in:
            self._orders = self._orders.standing_in()
        if self._orders.dev_tools:
            browsers = ForBrowsers(self._mailbox.send, self._applications)
            browsers.install(self._orders, boot.generation, self._loops)

    def may_reexecute(self, begin: Callable[[], None], kept: Sequence[int]) -> None:
        """Until ready, let ``begin`` execute a fresh interpreter, with descriptors ``kept``."""
        self._reexecute = begin
        self._kept = list(kept)
        warm_modules.current.on_refused = lambda refused: self._mailbox.send(Differs(dict(refused)))
        warm_modules.current.on_spoilt = self._on_spoilt

    def _on_spoilt(self) -> None:
        """Execute a fresh interpreter, as a warm extension module does not suit the program."""
        if not self._ready and not self._told_to_end and os.getpid() == self._pid:
            with contextlib.suppress(OSError):  # no descriptor: then what is warm has to do
                self._reexecute()

    def live(self, slot: int, heartbeat: Heartbeat) -> int:
        """Load the user's code, and serve until told to end; return the exit status."""
        status = self._live(slot, heartbeat)
        if status != 0 and not self._ready:
            self._warn_of_another_tornado()
        end_threads(self._loops, status)
        return status

    def _live(self, slot: int, heartbeat: Heartbeat) -> int:
        self.take(slot, heartbeat)
        if self._orders.folder is not None:
            with contextlib.suppress(OSError):  # as it would be for a program that is there already
                os.chdir(self._orders.folder)  # another folder may have the name by now
        try:
            if self._orders.target.is_program:
                run_until_it_ends(self._orders.target, lambda: self._ready)
            else:
                self._serve_application()
        except (TornkitError, Refused) as error:
            self._report(failed_of(error, is_shown=self._orders.dev_tools))
            return 1
        except KeyboardInterrupt as error:
            if self._told_to_end:
                return 0
            # Not from a terminal (`tornkit.serve.worker.signals`): the application's own doing.
            self._report(interrupted(error, self._orders.target.label))
            return 1
        except ChannelClosed:
            return 1
        return 0

    def take(self, slot: int, heartbeat: Heartbeat) -> None:
        """Take a slot; from now on the sockets of the user's code are claimed for it."""
        self._heartbeat = heartbeat
        self._slot = slot
        self._shown_slot = slot + 1 if self._orders.workers > 1 else None
        program = self._is_whole = self._orders.target.is_program
        self._listening = Listening(
            slot,
            self._ask,
            self._on_first_listen,
            port=self._orders.port if program else None,
            address=self._orders.address if program else None,
            not_http=self._lessons.not_http,
            on_not_http=self._lessons.find_not_http,
            placeholder=socket.socket(socket.AF_UNIX),
        )
        seams.install_serving_hooks(self._listening)

    # ---- what is served ----

    def _serve_application(self) -> None:
        set_up_application_logging(self._orders.log_level, self._shown_slot)
        sys.argv = [self._orders.target.label]  # there were no arguments
        target = self._orders.target
        with asyncio.Runner() as runner:
            loop = runner.get_loop()  # user code may look for the loop while it is imported
            try:
                with Leaving(patient=True) as self._leaving:
                    found = find_attribute(target)
                    self._loading = Serves.CALLED
                    context = contextvars.copy_context()
                    made = context.run(call_factory, found, target, loop)
            except Left:
                self._lessons.find_program(self._orders.target, self._loading)
            self._leaving = None
            try:
                runner.run(self._serve(made), context=context)
            except RuntimeError as error:
                # The application has stopped the loop, which ends a program of Tornado's as well.
                if not str(error).startswith("Event loop stopped before"):
                    raise
                if not self._ready:
                    raise NotAnApplication(f"{target.label} stopped its loop at once") from None
            finally:
                self._is_whole = False  # the runner turns the loop once more

    async def _serve(self, made: object) -> None:
        self._serving = asyncio.current_task()
        try:
            await self._serve_until_cancelled(made)
        except asyncio.CancelledError:
            if not self._told_to_end:
                raise

    async def _serve_until_cancelled(self, made: object) -> None:
        application = await application_of(made, self._orders.target)
        server = HTTPServer(application, **server_arguments(self._orders.http))
        orders = self._orders
        claim = application_claim(orders.port, orders.address, orders.unix_socket)
        server.add_sockets(self._listening.claim(claim))
        self._is_whole = True
        if self._turned_early:
            self._has_turned(self._loops.current())
        await asyncio.Event().wait()

    # ---- listening ----

    def _ask(self, claim: Claim) -> list[int]:
        """Send a claim and wait for its grant, in any thread."""
        if os.getpid() != self._pid:
            raise Refused(
                errno.EPERM,
                "a process that the program forks can't listen under tornkit serve; leave it to "
                "--workers to have several",
            )
        grant, descriptors = self._mailbox.ask(claim)
        assert isinstance(grant, Grant)
        if grant.reason:
            if self._leaving is not None and grant.errno == errno.EADDRINUSE:
                self._look_for_own(claim)
            raise Refused(grant.errno, grant.reason)
        if not descriptors:
            raise Refused(errno.EMFILE, f"no descriptor left to listen; {RAISE_LIMIT}")
        return descriptors

    def _look_for_own(self, claim: Claim) -> None:
        """Start again as a program if the refused port is the application's: it serves by itself.

        The supervisor has that for the application already, maybe of fewer addresses.
        """
        orders = self._orders
        own = application_claim(orders.port, orders.address, orders.unix_socket)
        if claim.unix_path is None and own.unix_path is None and claim.port == own.port:
            self._lessons.find_program(self._orders.target, self._loading)

    def _on_first_listen(self) -> None:
        """Take in this thread's loop, which is about to serve; with the first, set up logging."""
        if os.getpid() != self._pid:
            # It forks by itself, with sockets that it got before: nobody supervises that one.
            self._listening.open()
            return
        serving = self._loops.current()
        with self._joining:
            if not self._joined:
                self._joined = True
                set_up_access_log(self._shown_slot, enabled=self._orders.access_log)
                seams.observe_connections(self._loops)
                attend(self._collector, serving.io_loop, ProcessLoad(self._loops, serving))
            self._awaited.add(serving)
        if self._leaving is not None:
            self._leaving.listens(serving.loop, http=True)
        serving.begin_to_beat(self._beat, interval_for(self._orders.warn_blocking))
        serving.loop.add_reader(self._mailbox.fileno(), self._on_readable)
        # Once the loop turns, what stands behind the first listen() has been done as well; behind
        # an application's there is nothing.
        turns = _TURNS if self._orders.target.is_program else 0
        serving.loop.call_soon(serving.turn, turns, partial(self._has_turned, serving))

    def _has_turned(self, serving: ServingLoop) -> None:
        """Note that a loop has turned; say ready, a second later if another loop is waited for."""
        if not self._is_whole:
            self._turned_early = True
            return
        with self._joining:
            self._awaited.discard(serving)
            alone = all(each.is_closed for each in self._awaited)
        if alone:
            self._say_ready()
        else:
            serving.loop.call_later(_LOOP_PATIENCE, self._say_ready)

    def _say_ready(self) -> None:
        """Tell the supervisor that this worker is ready, once."""
        with self._joining:
            if self._ready:
                return
            self._ready = True
        try:
            self._send_ready()
        except OSError as error:  # of a file that is to be looked at
            self._report(cannot_start(error))
            os._exit(1)

    def _send_ready(self) -> None:
        orders, claims = self._orders, self._listening.corrected(self._mailbox.offers.settle())
        self._collector.loaded(is_awaited=orders.reload)
        self._mailbox.send(ready_message(self._applications, self._watched, orders, claims))
        if orders.engine == "tornkit" and (loop := running_loop()) is not None:
            replaced.is_aside(loop)  # else the first request would look
        if orders.warn_blocking:  # not sooner: `appload.leaving` has the signal until here
            self._loops.call_in_main_thread(self._heartbeat.write_stacks_on_signal)
            self._heartbeat.beat(self._loops.pulse())  # the first request may block
        self._sources_told = sources.count()
        while self._kept:
            os.close(self._kept.pop())
        self._conduct.ready()
        lobby.arrive()
        if self._listening.has_port_left:
            _log.warning(
                "--port %s is not used: no HTTP server of the program's asks for a port",
                self._orders.port,
            )

    def _warn_of_another_tornado(self) -> None:
        self._warned = True
        said = own_tornado.not_used() if self._slot == 0 else None  # once for all workers
        if said is not None:
            _log.warning("%s", said)

    def _beat(self) -> None:
        self._heartbeat.beat(self._loops.pulse())
        if self._ready and not self._warned:  # not before: somebody waits for the first answer
            self._warn_of_another_tornado()
        if self._ready and sources.count() != self._sources_told:
            self._sources_told = sources.count()
            states = sources.states(user_files())
            self._mailbox.send(Loaded(states, sources.names(states)))

    # ---- the supervisor's word ----

    def _on_readable(self) -> None:
        try:
            self._mailbox.read()
        except ChannelClosed:
            os._exit(1)  # the supervisor is gone, and with it the sockets' owner
        self._conduct.act()

    # ---- what it says (conduct.Actions) ----

    def open(self) -> None:
        self._listening.open()

    def refresh(self) -> None:
        seams.refresh_files(iter(self._applications))

    def reopen_logs(self) -> None:
        reopen_log_files()

    def adopt(self, message: Adopt, descriptors: Sequence[int]) -> None:
        self._listening.adopt_descriptors(descriptors, message.unread)

    def drain(self, drain: Drain) -> None:
        self._told_to_end = True
        self._draining = Draining(
            self._loops,
            self._listening,
            self._mailbox,
            reload=self._orders.reload,
            hooks=self._reload_hooks,
            end=self._end,
        )
        self._draining.begin(drain)

    def _end(self) -> None:
        if self._serving is None:  # a program; or an application whose import has not returned
            interrupt_main(self._loops)
        else:
            call_in(self._serving.get_loop(), self._serving.cancel)

    def _report(self, failure: Failed) -> None:
        tell(self._mailbox, failure)
