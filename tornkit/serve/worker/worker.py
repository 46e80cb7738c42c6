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
import faulthandler
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from tornado.httpserver import HTTPServer

from tornkit import seams
from tornkit.appload import own_tornado
from tornkit.appload.leaving import Leaving, Left
from tornkit.appload.load import application_of, call_factory, find_attribute
from tornkit.appload.program import exit_status, run_program
from tornkit.appload.summary import summary
from tornkit.appload.target import Serves
from tornkit.appload.usertrace import format_user_traceback
from tornkit.engine import loops, speedups
from tornkit.engine.fidelity import replaced
from tornkit.engine.open_ended import StreamPolicy
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.errors import AppRaised, CertificateError, NotAnApplication, TornkitError
from tornkit.own_frames import without_own_frames
from tornkit.serve import refusals
from tornkit.serve.config import (
    STREAM_PATIENCE_RELOADED,
    STREAM_PATIENCE_STOPPED,
    HttpOptions,
)
from tornkit.serve.failures import cannot_start
from tornkit.serve.shortage import RAISE_LIMIT
from tornkit.serve.sources import snapshot_imports, sources
from tornkit.serve.sources.bytecode import cache_only_settled_sources
from tornkit.serve.sources.failed_files import files_of_failure
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.warm_imports.userfiles import folders_of, other_modules, user_files
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.heartbeat import Heartbeat
from tornkit.serve.wire.messages import (
    Adopt,
    Boot,
    Claim,
    Closed,
    Differs,
    Drain,
    Failed,
    Grant,
    Handover,
    Learned,
    Lesson,
    Loaded,
    Message,
    Prepare,
    Ready,
)
from tornkit.serve.wire.orders import Orders, application_claim
from tornkit.serve.wire.processes import die_with_parent
from tornkit.serve.worker.close_schedule import WEBSOCKET_SPREAD
from tornkit.serve.worker.collector import Collector, attend
from tornkit.serve.worker.conduct import Conduct
from tornkit.serve.worker.digests import digests
from tornkit.serve.worker.listening import Listening, Refused
from tornkit.serve.worker.logs import (
    reopen_log_files,
    set_up_access_log,
    set_up_application_logging,
    show_no_own_frames,
)
from tornkit.serve.worker.mailbox import Mailbox
from tornkit.serve.worker.process_end import (
    end_threads,
    has_threads,
    interrupt_main,
    wait_for_threads,
)
from tornkit.serve.worker.serving_loops import (
    ProcessLoad,
    ServingLoop,
    ServingLoops,
    call_in,
    running_loop,
)
from tornkit.serve.worker.signals import leave_to_supervisor

# RFC 6455, section 7.4.1, and the registry it founded: going away; service restart.
_WEBSOCKET_SHUTDOWN, _WEBSOCKET_RESTART = 1001, 1012
_REST = 0.1  # seconds
# Turns of a loop behind its first `listen()`: a program that says `await asyncio.sleep(0)` before
# its next one has made that, too. Ten microseconds each, where there is nothing else to do.
_TURNS = 8
# Seconds for a loop that listens to run, where another runs already.
_LOOP_PATIENCE = 1.0
# Seconds for the other loops to let go of their connections; a handler may block one.
_CLOSE_PATIENCE = 0.4
_LOOK = 0.05  # seconds between looks at whether a loop that is waited for has ended
_log = logging.getLogger("tornkit")


def main(descriptor: int) -> None:
    """Live, and exit: a fresh interpreter. ``descriptor``: this worker's end of the channel."""
    die_with_parent()
    os.set_inheritable(descriptor, False)
    main_on(Channel(socket.socket(fileno=descriptor)))


def main_on(channel: Channel, rehearse: Callable[[], None] = lambda: None) -> None:
    """The same, with the channel made already; `rehearse` is for who is early (`rehearsal`)."""
    leave_to_supervisor()
    try:
        message, _ = channel.receive()
        assert isinstance(message, Prepare)
    except ChannelClosed:
        sys.exit(1)

    def receive() -> tuple[Message, list[int]]:
        if not channel.has_read_ahead:  # nobody waits for it yet
            rehearse()
        return channel.receive()

    main_told(channel, message, receive)


def main_told(
    channel: Channel, message: Prepare, receive_boot: Callable[[], tuple[Message, list[int]]]
) -> None:
    """The same, once it has been told what it will serve. Exits."""
    leave_to_supervisor()
    try:
        orders = Orders.told(message)
        prepare(orders)
        worker = Worker(orders, channel)
        boot, descriptors = receive_boot()
        assert isinstance(boot, Boot)
        if not descriptors:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        if len(warm_modules.current):
            kept = [descriptors[0], *map(os.dup, descriptors[1:])]
            worker.may_begin_afresh(partial(_begin_afresh, channel, message, boot, kept), kept[1:])
        for descriptor in descriptors[1:]:
            snapshot_imports.install(descriptor)
        worker.learn(boot.lesson)
        status = worker.live(boot.slot, Heartbeat(descriptors[0]))
    except ChannelClosed:
        sys.exit(1)
    except OSError as error:  # the user's code is not behind it: `Worker.live` tells of that
        _tell(channel, cannot_start(error))
        sys.exit(1)
    sys.exit(status)


def _begin_afresh(channel: Channel, message: Prepare, boot: Boot, descriptors: list[int]) -> None:
    from tornkit.serve.worker import reexec

    environment = warm_modules.current.environment
    reexec.begin(channel.fileno(), message, boot, descriptors, environment)


def _tell(channel: Channel | Mailbox, failure: Failed) -> None:
    """Say the last word of a worker that can't go on."""
    with contextlib.suppress(ChannelClosed):
        channel.send(failure)


def prepare(orders: Orders) -> None:
    """Make this process one that serves by these orders; of nobody's code anything is needed."""
    cache_only_settled_sources()
    sources.note_imports()
    # Written by C code on the signal, also where the interpreter never gets a turn.
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    seams.prepare()
    show_no_own_frames()
    loops.use(orders.loop)
    if orders.engine == "tornkit":
        # For whoever makes an HTTPServer, the program itself or `Application.listen`.
        HTTPServer.configure(EngineServer)
        if orders.speedups:
            speedups.install()


class Worker:
    """The worker's view of itself. From its construction on, what is served is observed."""

    _heartbeat: Heartbeat
    _listening: Listening
    _slot: int
    _shown_slot: int | None
    _begin_afresh: Callable[[], None]

    def __init__(self, orders: Orders, channel: Channel) -> None:
        self._orders = orders
        self._pid = os.getpid()
        self._watched: set[str] = set()
        self._reload_hooks = seams.silence_autoreload(self._watched.add)
        self._loops = ServingLoops()
        seams.observe_websockets(self._loops.opening)
        self._applications = seams.observe_applications()
        self._collector = Collector()
        self._mailbox = Mailbox(channel, self._act)
        self._conduct = Conduct(self._mailbox.take, self)
        self._awaited: set[ServingLoop] = set()  # listen, and have not turned since
        self._joining = threading.Lock()  # for the set, and what is done once
        self._joined = False  # a loop has listened
        self._ready = False
        self._warned = False  # that another Tornado was to be used, if so
        self._lesson = Lesson()
        self._leaving: Leaving | None = None  # while an application is imported and made
        self._loading = Serves.IMPORTED  # what is done meanwhile
        self._turned_early = False  # a loop has, meanwhile
        self._sources_told = 0  # files that the supervisor was told of
        self._told_to_end = False
        self._kept: list[int] = []  # descriptors
        self._serving: asyncio.Task[None] | None = None  # an application, until the end
        self._tasks: set[asyncio.Future[None]] = set()
        if orders.engine == "tornkit":
            EngineServer.observer = self._loops

    def learn(self, lesson: Lesson) -> None:
        """Take in what earlier workers have found out."""
        if lesson == self._lesson:
            return
        self._lesson = lesson
        target = self._orders.target.as_program(Serves(lesson.serves))
        self._orders = replace(self._orders, target=target)

    def may_begin_afresh(self, begin: Callable[[], None], kept: Sequence[int]) -> None:
        """Until it is ready ``begin`` may make it a fresh interpreter; ``kept`` are for that."""
        self._begin_afresh = begin
        self._kept = list(kept)
        warm_modules.current.on_refused = lambda refused: self._mailbox.send(Differs(dict(refused)))
        warm_modules.current.on_spoilt = self._on_spoilt

    def _on_spoilt(self) -> None:
        """An extension module is not as the program would import it, and can't be loaded twice."""
        if not self._ready and not self._told_to_end and os.getpid() == self._pid:
            with contextlib.suppress(OSError):  # no descriptor: then what is warm has to do
                self._begin_afresh()

    def live(self, slot: int, heartbeat: Heartbeat) -> int:
        """Load what there is to serve, and serve until told to end; the exit status."""
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
                self._run_program()
            else:
                self._serve_application()
        except TornkitError as error:
            trace = error.traceback if isinstance(error, AppRaised) else ""
            files = tuple(sorted(files_of_failure(error)))
            refused = refusals.of_failure(error)
            self._report(Failed(type(error).__name__, str(error), trace, files, refused))
            return 1
        except Refused as error:
            self._report(Failed("BindError", error.reason))
            return 1
        except KeyboardInterrupt as error:
            if self._told_to_end:
                return 0
            # Not from a terminal (`tornkit.serve.worker.signals`): the application's own doing.
            label = self._orders.target.label
            trace = format_user_traceback(error)
            self._report(Failed("AppRaised", f"{label} raised KeyboardInterrupt", trace))
            return 1
        except ChannelClosed:
            return 1
        return 0

    def take(self, slot: int, heartbeat: Heartbeat) -> None:
        """Take a slot; from now on what the user's code listens on is claimed for it."""
        self._heartbeat = heartbeat
        self._slot = slot
        self._shown_slot = slot + 1 if self._orders.workers > 1 else None
        program = self._orders.target.is_program
        self._listening = Listening(
            slot,
            self._ask,
            self._on_first_listen,
            port=self._orders.port if program else None,
            address=self._orders.address if program else None,
            not_http=self._lesson.not_http,
            on_not_http=self._find_not_http,
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
                self._find_program(self._loading)
            self._leaving = None
            try:
                runner.run(self._serve(made), context=context)
            except RuntimeError as error:
                # The application has stopped the loop, which ends a program of Tornado's as well.
                if not self._ready or not str(error).startswith("Event loop stopped before"):
                    raise

    def _find_program(self, serves: Serves) -> NoReturn:
        """Have this application started again as the program that it is.

        :raises NotAnApplication: it can't be.
        """
        if serves is Serves.CALLED and self._orders.target.attribute is None:
            raise NotAnApplication(
                f"{self._orders.target.label} serves by itself and returns no application; name "
                "the function that does so, or the file"
            )
        self._tell_lesson(Lesson(serves=serves.value))

    def _find_not_http(self, port: int) -> None:
        """Have this program started again, and --port kept from a server of another protocol."""
        if not self._ready:
            self._tell_lesson(Lesson(not_http=(port,)))

    def _tell_lesson(self, lesson: Lesson) -> NoReturn:
        """End; the supervisor kills this process, too, for user code may not let it end."""
        self._mailbox.send(Learned(lesson))
        sys.exit(1)

    async def _serve(self, made: object) -> None:
        self._serving = asyncio.current_task()
        try:
            await self._serve_until_cancelled(made)
        except asyncio.CancelledError:
            if not self._told_to_end:
                raise

    async def _serve_until_cancelled(self, made: object) -> None:
        application = await application_of(made, self._orders.target)
        server = HTTPServer(application, **_server_arguments(self._orders.http))
        orders = self._orders
        claim = application_claim(orders.port, orders.address, orders.unix_socket)
        server.add_sockets(self._listening.claim(claim))
        if self._turned_early:
            self._has_turned(self._loops.current())
        await asyncio.Event().wait()

    def _run_program(self) -> None:
        label = self._orders.target.label
        main_file = self._orders.target.main_file
        if main_file is not None:
            sources.note(main_file)
        try:
            self._run_to_its_end()
        except (TornkitError, Refused, ChannelClosed):
            raise
        except KeyboardInterrupt:
            return  # how `_end` ends it
        except SystemExit as error:
            if self._ready:
                raise
            raise _ended_early(label, f"it exited with {exit_status(error)}") from None
        except BaseException as error:  # noqa: BLE001 - user code may raise anything
            refused = _find_refused(error)
            if refused is not None:
                raise refused from None
            raise AppRaised(
                f"running {label} failed: {summary(error)}", format_user_traceback(error)
            ) from None
        if not self._ready:
            raise _ended_early(label, "it ended")

    def _run_to_its_end(self) -> None:
        """Run the program until all threads have ended that Python waits for."""
        try:
            run_program(self._orders.target)
        except SystemExit:
            wait_for_threads()
            raise
        except Exception:
            if not self._ready or not has_threads():
                raise
            # As without tornkit: this thread has failed, and the others serve on.
            kind, failure, trace = sys.exc_info()
            assert kind is not None
            assert failure is not None
            sys.excepthook(kind, failure, without_own_frames(trace))
        wait_for_threads()

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
        """See a file that serves by itself where it is taken for an application: at its port.

        The supervisor has that for the application already, maybe of fewer addresses.
        """
        orders = self._orders
        own = application_claim(orders.port, orders.address, orders.unix_socket)
        if claim.unix_path is None and own.unix_path is None and claim.port == own.port:
            self._find_program(self._loading)

    def _on_first_listen(self) -> None:
        """This thread's loop is about to serve; with the first, logging has been set up."""
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
        serving.begin_to_beat(self._beat)
        serving.loop.add_reader(self._mailbox.fileno(), self._on_readable)
        # Once the loop turns, what stands behind the first listen() has been done as well; behind
        # an application's there is nothing.
        turns = _TURNS if self._orders.target.is_program else 0
        serving.loop.call_soon(serving.turn, turns, partial(self._has_turned, serving))

    def _has_turned(self, serving: ServingLoop) -> None:
        """Say ready where no other loop is waited for."""
        if self._leaving is not None:
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
        """Say it, once."""
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
        files = user_files()
        states = sources.states(files)
        self._mailbox.send(
            Ready(
                files=tuple(sorted(files)),
                sources=states,
                watched=tuple(sorted(str(Path(name).resolve()) for name in list(self._watched))),
                folders=self._folders(),
                modules=other_modules(),
                digests=digests(self._applications, bytes.fromhex(self._orders.digest_key)),
                names=sources.names(states),
            )
        )
        loop = running_loop()
        if loop is not None and self._orders.engine == "tornkit":
            replaced.is_aside(loop)  # else the first request would look
        self._sources_told = sources.count()
        for descriptor in self._kept:
            os.close(descriptor)
        self._kept.clear()
        self._conduct.ready()
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
        self._heartbeat.write(self._loops.pulse())
        if self._ready and not self._warned:  # not before: somebody waits for the first answer
            self._warn_of_another_tornado()
        if self._ready and sources.count() != self._sources_told:
            self._sources_told = sources.count()
            states = sources.states(user_files())
            self._mailbox.send(Loaded(states, sources.names(states)))

    def _folders(self) -> tuple[str, ...]:
        """Where the applications keep templates and static files."""
        named = [folders_of(application.settings) for application in self._applications]
        return tuple(sorted(set().union(*named)))

    # ---- the supervisor's word ----

    def _on_readable(self) -> None:
        try:
            self._mailbox.read()
        except ChannelClosed:
            os._exit(1)  # the supervisor is gone, and with it the sockets' owner
        self._act()

    def _act(self) -> None:
        self._conduct.act()

    # ---- what it says (conduct.Actions) ----

    def open(self) -> None:
        self._listening.open()

    def refresh(self) -> None:
        seams.refresh_files(iter(self._applications))

    def reopen_logs(self) -> None:
        reopen_log_files()

    def adopt(self, message: Adopt, descriptors: Sequence[int]) -> None:
        if not descriptors:
            _log.warning("a connection is lost: no descriptor left for it; %s", RAISE_LIMIT)
        for descriptor in descriptors:
            with contextlib.ExitStack() as unless_adopted:
                unless_adopted.callback(os.close, descriptor)
                with contextlib.suppress(OSError):  # the client went away on the journey
                    sock = socket.socket(fileno=descriptor)
                    unless_adopted.pop_all()
                    unless_adopted.callback(sock.close)
                    sock.setblocking(False)
                    if self._listening.adopt(sock, message.unread):
                        unless_adopted.pop_all()

    def drain(self, drain: Drain) -> None:
        self._told_to_end = True
        self._listening.end()
        self._listening.let_early_go(self._release if drain.successor else None)
        running = [each for each in self._loops if each.is_alive]
        here = running_loop()
        # This thread's, if it has one that serves.
        for leader in sorted(running, key=lambda each: each.loop is not here):
            if leader.call(partial(self._spawn_drain, leader, drain)):
                return
        self._end()

    def _spawn_drain(self, leader: ServingLoop, drain: Drain) -> None:
        task = asyncio.ensure_future(self._drain(leader, drain))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, leader: ServingLoop, drain: Drain) -> None:
        try:
            others = [each for each in self._loops if each is not leader and each.is_alive]
            letting_go = [self._start_in(each, self._let_go(each, drain)) for each in others]
            await self._let_go(leader, drain)
            await _until_done(others, letting_go, _CLOSE_PATIENCE)
            self._mailbox.send(Closed())
            draining = [
                self._start_in(each, each.connections.drained(drain.timeout)) for each in others
            ]
            await leader.connections.drained(drain.timeout)
            await _until_done(others, draining, drain.timeout)
            if drain.successor:
                # To end is work, and the successors' first answers are waited for.
                await asyncio.sleep(_REST)
                self._run_reload_hooks()
        finally:
            self._end()  # whatever went wrong: it has been told to

    def _stream_patience(self, drain: Drain) -> float | None:
        if not self._orders.reload:
            return None
        return STREAM_PATIENCE_RELOADED if drain.successor else STREAM_PATIENCE_STOPPED

    async def _let_go(self, serving: ServingLoop, drain: Drain) -> None:
        """Stop accepting in this loop, and let go of its connections."""
        self._listening.close(serving.loop)
        moments = partial(WEBSOCKET_SPREAD.moments, timeout=drain.timeout)
        serving.websockets.close_all(
            _WEBSOCKET_RESTART if drain.successor else _WEBSOCKET_SHUTDOWN, moments
        )
        serving.connections.begin_drain(
            self._release if drain.successor else None,
            StreamPolicy(moments, self._stream_patience(drain)),
        )

    def _start_in(
        self, serving: ServingLoop, work: Coroutine[object, object, None]
    ) -> asyncio.Future[None]:
        """Run it in another thread's loop; a future of this one's."""
        try:
            return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, serving.loop))
        except RuntimeError:  # closed in this moment
            work.close()
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done

    def _run_reload_hooks(self) -> None:
        for hook in self._reload_hooks:
            try:
                hook()
            except Exception:  # noqa: BLE001 - the user's; the other hooks still run
                _log.exception("a reload hook raised")

    def _release(self, sock: socket.socket, unread: bytes) -> None:
        """Send an idle connection to the worker that takes this one's place."""
        self._mailbox.send(Handover(unread), [sock.fileno()])

    def _end(self) -> None:
        if self._serving is None:  # a program; or an application whose import has not returned
            interrupt_main(self._loops)
        else:
            call_in(self._serving.get_loop(), self._cancel)

    def _cancel(self) -> None:
        assert self._serving is not None
        self._serving.cancel()

    def _report(self, failure: Failed) -> None:
        _tell(self._mailbox, failure)


def _server_arguments(options: HttpOptions) -> dict[str, object]:
    arguments: dict[str, object] = {"xheaders": options.xheaders}
    if options.trusted_downstream:
        arguments["trusted_downstream"] = list(options.trusted_downstream)
    if options.max_body_size is not None:
        arguments["max_body_size"] = options.max_body_size
    if options.certfile is not None:
        arguments["ssl_options"] = _tls_context(options.certfile, options.keyfile)
    return arguments


def _tls_context(certfile: str, keyfile: str | None) -> object:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile, keyfile)
    except OSError as error:  # missing, or of no use: ssl.SSLError is one too
        raise CertificateError(f"{certfile} and its key can't be used: {error}") from None
    return context


async def _until_done(
    loops: Sequence[ServingLoop], works: Sequence[asyncio.Future[None]], patience: float
) -> None:
    """Wait for what runs in other loops; one that has ended will never do it."""
    deadline = asyncio.get_running_loop().time() + patience
    waiting = dict(zip(works, loops, strict=True))
    while waiting and (left := deadline - asyncio.get_running_loop().time()) > 0:
        done, _ = await asyncio.wait(waiting, timeout=min(_LOOK, left))
        waiting = {
            work: loop for work, loop in waiting.items() if work not in done and loop.is_alive
        }


def _ended_early(label: str, how: str) -> TornkitError:
    return NotAnApplication(f"{label} never listened: {how} first")


def _find_refused(error: BaseException) -> Refused | None:
    """The refusal behind an error, where the program let it through or wrapped it."""
    return next((each for each in refusals.chain(error) if isinstance(each, Refused)), None)
