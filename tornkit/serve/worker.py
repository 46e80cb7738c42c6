"""One worker's life: boot, ready, serve, drain, exit.

    Prepare ─▶ Boot ─▶ load the application, or run the program ─▶ claims, grants ─▶ Ready
         ─▶ Go: accept ─▶ Drain: stop accepting, let connections go, end ─▶ exit

The process is the user's: tornkit keeps to one thread and one descriptor in it, and gets a turn
only where the user's loop gives one. Until that loop runs, messages are read as they are waited
for; from the first ``listen()`` on, the loop reads them.

Who stops when is the supervisor's business, not a signal's: see `tornkit.serve.signals`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import faulthandler
import logging
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from tornkit import seams
from tornkit.appload.load import build_application, find_attribute
from tornkit.appload.program import exit_status, run_program
from tornkit.appload.usertrace import format_user_traceback
from tornkit.engine import loops, speedups
from tornkit.engine.draining import Connections
from tornkit.engine.open_ended import StreamPolicy
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.engine.websocket.closing import WebSockets
from tornkit.errors import AppRaised, CertificateError, TornkitError
from tornkit.serve import snapshot_imports, sources
from tornkit.serve.bytecode import cache_only_settled_sources
from tornkit.serve.channel import Channel, ChannelClosed
from tornkit.serve.collector import Collector, attend
from tornkit.serve.config import (
    STREAM_PATIENCE_RELOADED,
    STREAM_PATIENCE_STOPPED,
    WEBSOCKET_SPREAD,
    HttpOptions,
)
from tornkit.serve.heartbeat import INTERVAL, Heartbeat, Pulse
from tornkit.serve.listening import Listening, Refused
from tornkit.serve.logs import reopen_log_files, set_up_access_log, set_up_application_logging
from tornkit.serve.messages import (
    Adopt,
    Boot,
    Claim,
    Closed,
    Drain,
    Failed,
    Go,
    Grant,
    Handover,
    Loaded,
    Message,
    Prepare,
    Ready,
    Refresh,
    ReopenLogs,
)
from tornkit.serve.orders import Orders, application_claim
from tornkit.serve.processes import die_with_parent
from tornkit.serve.sameness import digests
from tornkit.serve.signals import end_program, leave_to_supervisor
from tornkit.serve.userfiles import folders_of, other_modules, user_files

# RFC 6455, section 7.4.1, and the registry it founded: going away; service restart.
_WEBSOCKET_SHUTDOWN, _WEBSOCKET_RESTART = 1001, 1012
_REST = 0.1  # seconds
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
        orders = Orders.told(message)
        prepare(orders)
        if not channel.has_read_ahead:  # nobody waits for it yet
            rehearse()
        worker = Worker(orders, channel)
        boot, descriptors = channel.receive()
    except ChannelClosed:
        sys.exit(1)
    assert isinstance(boot, Boot)
    for descriptor in descriptors[1:]:
        snapshot_imports.install(descriptor)
    sys.exit(worker.live(boot.slot, Heartbeat(descriptors[0])))


def prepare(orders: Orders) -> None:
    """Make this process one that serves by these orders; of nobody's code anything is needed."""
    cache_only_settled_sources()
    sources.note_imports()
    # Written by C code on the signal, also where the interpreter never gets a turn.
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    seams.prepare()
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
    _shown_slot: int | None

    def __init__(self, orders: Orders, channel: Channel) -> None:
        self._orders = orders
        self._channel = channel
        self._pid = os.getpid()
        self._postponed: deque[tuple[Message, list[int]]] = deque()
        self._watched: set[str] = set()
        self._reload_hooks = seams.silence_autoreload(self._watched.add)
        self._websockets = WebSockets()
        seams.observe_websockets(self._websockets.opening)
        self._applications = seams.observe_applications()
        self._connections = Connections()
        self._collector = Collector()
        self._ready = False
        self._sources_told = 0  # files that the supervisor was told of
        self._may_adopt = False
        self._waiting: list[tuple[Adopt, list[int]]] = []  # connections that came before `Go`
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()
        if orders.engine == "tornkit":
            EngineServer.observer = self._connections

    def live(self, slot: int, heartbeat: Heartbeat) -> int:
        """Load what there is to serve, and serve until told to end; the exit status."""
        self._heartbeat = heartbeat
        self._shown_slot = slot + 1 if self._orders.workers > 1 else None
        program = self._orders.target.is_program
        self._listening = Listening(
            slot,
            self._ask,
            self._on_first_listen,
            port=self._orders.port if program else None,
            address=self._orders.address if program else None,
        )
        seams.install_serving_hooks(self._listening)
        try:
            if self._orders.target.is_program:
                self._run_program()
            else:
                self._serve_application()
        except TornkitError as error:
            trace = error.traceback if isinstance(error, AppRaised) else ""
            self._report(Failed(type(error).__name__, str(error), trace))
            return 1
        except Refused as error:
            self._report(Failed("BindError", error.reason))
            return 1
        except KeyboardInterrupt as error:
            # Not from a terminal (`tornkit.serve.signals`): the application's own doing.
            label = self._orders.target.label
            trace = format_user_traceback(error)
            self._report(Failed("AppRaised", f"{label} raised KeyboardInterrupt", trace))
            return 1
        except ChannelClosed:
            return 1
        return 0

    # ---- what is served ----

    def _serve_application(self) -> None:
        set_up_application_logging(self._orders.log_level, self._shown_slot)
        sys.argv = [self._orders.target.label]  # there were no arguments
        with asyncio.Runner() as runner:
            runner.get_loop()  # user code may look for the loop while it is imported
            found = find_attribute(self._orders.target)
            runner.run(self._serve(found))

    async def _serve(self, found: object) -> None:
        application = await build_application(found, self._orders.target)
        server = HTTPServer(application, **_server_arguments(self._orders.http))
        orders = self._orders
        claim = application_claim(orders.port, orders.address, orders.unix_socket)
        server.add_sockets(self._listening.claim(claim))
        await self._ended.wait()

    def _run_program(self) -> None:
        label = self._orders.target.label
        if self._orders.target.path is not None:
            sources.note(self._orders.target.path)
        try:
            run_program(self._orders.target)
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
            first_line = f"{type(error).__name__}: {error}".splitlines()[0]
            raise AppRaised(
                f"running {label} failed: {first_line}", format_user_traceback(error)
            ) from None
        if not self._ready:
            raise _ended_early(label, "it ended")

    # ---- listening ----

    def _ask(self, claim: Claim) -> list[int]:
        """Send a claim and wait for its grant; what else comes meanwhile is for later."""
        if os.getpid() != self._pid:
            raise Refused(
                errno.EPERM,
                "a process that the program forks can't listen by itself: --workers does",
            )
        self._channel.send(claim)
        while True:
            message, descriptors = self._channel.receive()
            if isinstance(message, Grant):
                if message.reason:
                    raise Refused(message.errno, message.reason)
                return descriptors
            self._postponed.append((message, descriptors))

    def _on_first_listen(self) -> None:
        """The program is about to serve: its loop is known, and its logging has been set up."""
        if os.getpid() != self._pid:
            # It forks by itself, with sockets that it got before: nobody supervises that one.
            self._listening.open()
            return
        set_up_access_log(self._shown_slot, enabled=self._orders.access_log)
        loop = IOLoop.current()
        seams.observe_connections(self._connections)
        self._beat(loop, loop.time())
        attend(self._collector, loop, self._connections)
        loop.add_handler(self._channel.fileno(), self._on_readable, IOLoop.READ)
        # Once the loop turns, what stands behind the first listen() has been done as well.
        loop.add_callback(self._say_ready)

    def _say_ready(self) -> None:
        self._ready = True
        files = user_files()
        states = sources.states(files)
        self._channel.send(
            Ready(
                files=tuple(sorted(files)),
                sources=states,
                watched=tuple(sorted(str(Path(name).resolve()) for name in self._watched)),
                folders=self._folders(),
                modules=other_modules(),
                digests=digests(self._applications, bytes.fromhex(self._orders.digest_key)),
                names=sources.names(states),
            )
        )
        self._sources_told = sources.count()
        self._handle_postponed()

    def _beat(self, loop: IOLoop, due: float) -> None:
        """Say that the loop turns, and how late it does."""
        now = loop.time()
        self._heartbeat.write(
            Pulse(
                beat=time.monotonic(),
                lag=max(0.0, now - due),
                requests=self._connections.requests,
                in_flight=self._connections.in_flight,
                connections=len(self._connections),
            )
        )
        if self._ready and sources.count() != self._sources_told:
            self._sources_told = sources.count()
            states = sources.states(user_files())
            self._channel.send(Loaded(states, sources.names(states)))
        loop.call_at(now + INTERVAL, self._beat, loop, now + INTERVAL)

    def _folders(self) -> tuple[str, ...]:
        """Where the applications keep templates and static files."""
        named = [folders_of(application.settings) for application in self._applications]
        return tuple(sorted(set().union(*named)))

    # ---- the supervisor's word ----

    def _on_readable(self, descriptor: object, events: int) -> None:
        try:
            self._postponed.extend(self._channel.receive_ready())
        except ChannelClosed:
            os._exit(1)  # the supervisor is gone, and with it the sockets' owner
        self._handle_postponed()

    def _handle_postponed(self) -> None:
        while self._postponed:
            message, descriptors = self._postponed.popleft()
            match message:
                case Go():
                    self._listening.open()
                    self._adopt_waiting()
                case Drain():
                    self._adopt_waiting()
                    self._spawn_drain(message)
                case Refresh():
                    seams.refresh_files(iter(tuple(self._applications)))
                case ReopenLogs():
                    reopen_log_files()
                case Adopt() if self._may_adopt:
                    self._adopt(message, descriptors)
                case Adopt():
                    self._waiting.append((message, descriptors))
                case _:
                    raise AssertionError(f"the supervisor sent {message}")

    def _adopt_waiting(self) -> None:
        """From now on connections may come: before `Go` others may still answer as of old."""
        self._may_adopt = True
        for message, descriptors in self._waiting:
            self._adopt(message, descriptors)
        self._waiting.clear()

    def _adopt(self, message: Adopt, descriptors: Sequence[int]) -> None:
        for descriptor in descriptors:
            sock = socket.socket(fileno=descriptor)
            sock.setblocking(False)
            try:
                adopted = self._listening.adopt(sock, message.unread)
            except OSError:  # the client went away on the journey
                adopted = False
            if not adopted:
                sock.close()

    def _spawn_drain(self, drain: Drain) -> None:
        task = asyncio.ensure_future(self._drain(drain))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, drain: Drain) -> None:
        try:
            self._listening.close()
            moments = partial(WEBSOCKET_SPREAD.moments, timeout=drain.timeout)
            self._websockets.close_all(
                _WEBSOCKET_RESTART if drain.successor else _WEBSOCKET_SHUTDOWN, moments
            )
            self._connections.begin_drain(
                self._release if drain.successor else None,
                StreamPolicy(moments, self._stream_patience(drain)),
            )
            self._channel.send(Closed())
            await self._connections.drained(drain.timeout)
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

    def _run_reload_hooks(self) -> None:
        for hook in self._reload_hooks:
            try:
                hook()
            except Exception:  # noqa: BLE001 - the user's; the other hooks still run
                _log.exception("a reload hook raised")

    def _release(self, sock: socket.socket, unread: bytes) -> None:
        """Send an idle connection to the worker that takes this one's place."""
        self._channel.send(Handover(unread), [sock.fileno()])

    def _end(self) -> None:
        if not self._orders.target.is_program:
            self._ended.set()
            return
        # From a callback, not from this task: a KeyboardInterrupt then leaves the loop at once.
        IOLoop.current().add_callback(end_program)

    def _report(self, failure: Failed) -> None:
        with contextlib.suppress(ChannelClosed):
            self._channel.send(failure)


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
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile, keyfile)
    except OSError as error:  # missing, or of no use: ssl.SSLError is one too
        raise CertificateError(f"{certfile} and its key can't be used: {error}") from None
    return context


def _ended_early(label: str, how: str) -> TornkitError:
    from tornkit.errors import NotAnApplication

    return NotAnApplication(f"{label} never listened: {how} first")


def _find_refused(error: BaseException) -> Refused | None:
    """The refusal behind an error, where the program let it through or wrapped it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        if isinstance(current, Refused):
            return current
        seen.add(id(current))
        current = current.__cause__ or current.__context__
    return None
