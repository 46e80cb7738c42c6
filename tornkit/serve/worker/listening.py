"""A worker's side of listening: its servers get the supervisor's sockets and wait for its word.

Installed as `tornkit.seams.ServingHooks`, so an application that tornkit serves and a program
that calls ``listen()`` by itself go the same way: claim, be granted, register, and accept once
the supervisor says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakSet

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.tcpserver import TCPServer

from tornkit import seams, stream_seams
from tornkit.serve.shortage import RAISE_LIMIT
from tornkit.serve.wire.messages import Claim
from tornkit.serve.worker.accepting import accept_rest, add_accept_handler, came_to
from tornkit.serve.worker.serving_loops import call_in, loop_of

_log = logging.getLogger("tornkit")


class Refused(OSError):
    """The supervisor could not bind; ``reason`` is the line for the person.

    An OSError with the same number that Tornado's own ``listen()`` would raise, for a program
    that tries another port, or looks for the system's words; one that prints it prints the reason.
    """

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(number, f"{os.strerror(number)}: {reason}" if number else reason)
        self.reason = reason


@dataclass(eq=False)
class _Registration:
    """One accept handler of one loop: ``remove`` is there while it accepts."""

    sock: socket.socket
    callback: seams.AcceptCallback
    loop: asyncio.AbstractEventLoop
    remove: Callable[[], None] | None = None


@dataclass(eq=False)
class _Early:
    """A connection from another worker that came before the program listens on its address."""

    sock: socket.socket
    unread: bytes


# Seconds that such a connection waits: a program may listen in a callback, or after a query, and
# its workers are not all equally far when the first of them serves.
_EARLY_PATIENCE = 1.0


class Listening:
    """Listening sockets of this worker, in all its loops and threads.

    ``ask`` sends a claim and returns the granted descriptors; ``on_first`` is called in each loop
    that listens, before its first accept handler accepts.

    ``port`` and ``address`` override what a program asks for; the port only that of the first HTTP
    server: a program with two ports does not get one port twice. Of a socket that is bound before
    there is a server, it is assumed that it is for HTTP. ``on_not_http`` is told of the program's
    port where that was wrong; ``not_http`` are those for which it is known. ``placeholder`` takes
    the place of the listening sockets in the end; kept from the start, as there may be no
    descriptor left then.
    """

    def __init__(
        self,
        slot: int,
        ask: Callable[[Claim], list[int]],
        on_first: Callable[[], None],
        *,
        port: int | None = None,
        address: str | None = None,
        not_http: Collection[int] = (),
        on_not_http: Callable[[int], None] = lambda port: None,
        placeholder: socket.socket | None = None,
    ) -> None:
        self._slot = slot
        self._ask = ask
        self._on_first = on_first
        self._port = port
        self._address = address
        self._first_port: int | None = None
        self._not_http = frozenset(not_http)
        self._on_not_http = on_not_http
        self._assumed: dict[int, int] = {}  # by descriptor: the program's port
        self._claims: Counter[Claim] = Counter()
        self._granted: dict[int, Claim] = {}  # by descriptor
        self._corrections: list[Claim] = []  # of sockets bound before their server was known
        self._registrations: list[_Registration] = []
        self._early: list[_Early] = []
        # A server may be stopped and another one started: a loop is new once.
        self._loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
        self._lock = threading.Lock()  # for what is counted, and the loops
        self._accepting = False
        self._closed = False
        self._forked = False
        self._placeholder = placeholder

    # ---- seams.ServingHooks ----

    def bind_sockets(
        self,
        port: int,
        address: str | None = None,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        backlog: int = 128,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> list[socket.socket]:
        port = int(port)
        server = seams.server_that_binds()
        serves_http = isinstance(server, HTTPServer) or (
            server is None and port not in self._not_http
        )
        chosen = self._chosen_port(port) if serves_http else port
        claim = Claim(
            port=chosen,
            address=self._address or address,
            family=int(family),
            backlog=backlog,
            flags=flags,
            scheme=_scheme(server) if serves_http else "tcp",
        )
        sockets = self.claim(claim)
        if server is None and chosen != port:
            self._assumed.update((sock.fileno(), port) for sock in sockets)
        return sockets

    def bind_unix_socket(self, file: str, mode: int = 0o600, backlog: int = 128) -> socket.socket:
        return self.claim(Claim(unix_path=file, unix_mode=mode, backlog=backlog))[0]

    def add_accept_handler(
        self, sock: socket.socket, callback: seams.AcceptCallback
    ) -> Callable[[], None]:
        server = seams.server_of(callback)
        if server is not None:
            self._note_scheme(sock.fileno(), _scheme(server))
        loop = loop_of(IOLoop.current())
        registration = _Registration(sock, callback, loop)
        with self._lock:
            first = loop not in self._loops
            self._loops.add(loop)
        self._registrations.append(registration)
        if first:
            self._on_first()
        if self._closed:
            self._leave(registration)
        elif self._accepting:
            self._accept(registration)
        if self._early:
            # Not within `listen()`: what the program does behind it is done first.
            loop.call_soon(self._adopt_early)

        def remove() -> None:
            if registration in self._registrations:
                self._registrations.remove(registration)
            if registration.remove is not None:
                registration.remove()
                registration.remove = None

        return remove

    def fork_processes(self, num_processes: int | None, max_restarts: int | None = None) -> int:
        """Return the slot: the workers are the processes, as many as `--workers` says."""
        self._forked = True
        return self._slot

    def task_id(self) -> int | None:
        return self._slot if self._forked else None

    # ---- the supervisor's word ----

    @property
    def has_port_left(self) -> bool:
        """Whether a port was chosen for a program that has no HTTP server to listen there."""
        return self._port is not None and self._first_port is None

    def corrected(self, claims: Iterable[Claim]) -> tuple[Claim, ...]:
        """``claims``, then the claims whose scheme was corrected once their server was known."""
        return (*claims, *self._corrections)

    def open(self) -> None:
        """Accept connections, now and on whatever is registered later."""
        self._accepting = True
        for registration in tuple(self._registrations):
            call_in(registration.loop, partial(self._accept, registration))

    def end(self) -> None:
        """Accept on nothing that is registered from now on; see `close` for the rest."""
        self._accepting = False
        self._closed = True

    def close(self, loop: asyncio.AbstractEventLoop, *, final: bool = False) -> None:
        """Accept no more in this loop, and hold none of its sockets; to be called in its thread.

        Only the supervisor then holds them, or nobody (``final``): then whoever waits there is
        accepted first. The socket objects stay valid, for the program's own `TCPServer.stop`.
        """
        self.end()
        for registration in tuple(self._registrations):
            if registration.loop is loop or registration.loop.is_closed():
                self._leave(registration, final=final)

    def adopt(self, sock: socket.socket, unread: bytes) -> bool:
        """Go on with a connection that another worker accepted; False where no server takes it.

        It waits for a second where the program has yet to listen on its address.
        """
        registration = self._listener_of(sock)
        if registration is None:
            return self._waits(_Early(sock, unread))
        server = seams.server_of(registration.callback)
        if server is None:
            return False

        def serve() -> None:
            try:
                if unread:
                    stream_seams.serve_moved(server, sock, unread)
                else:  # as one that was accepted here, TLS and all
                    registration.callback(sock, sock.getpeername())
            except OSError:  # the client went away on the journey
                sock.close()

        return call_in(registration.loop, serve)

    def adopt_descriptors(self, descriptors: Sequence[int], unread: bytes) -> None:
        """`adopt` by descriptors, each of which is closed where no server takes the connection."""
        if not descriptors:
            _log.warning("a connection is lost: no descriptor left for it; %s", RAISE_LIMIT)
        for descriptor in descriptors:
            self._adopt_descriptor(descriptor, unread)

    def _adopt_descriptor(self, descriptor: int, unread: bytes) -> None:
        with contextlib.ExitStack() as unless_adopted:
            unless_adopted.callback(os.close, descriptor)
            with contextlib.suppress(OSError):  # the client went away on the journey
                sock = socket.socket(fileno=descriptor)
                unless_adopted.pop_all()
                unless_adopted.callback(sock.close)
                sock.setblocking(False)
                if self.adopt(sock, unread):
                    unless_adopted.pop_all()

    def let_early_go(self, release: Callable[[socket.socket, bytes], None] | None) -> None:
        """Give connections that still wait for a server to ``release``, if any, and close them."""
        for early in self._take_early(tuple(self._early)):
            if release is not None:
                release(early.sock, early.unread)
            early.sock.close()

    def claim(self, claim: Claim) -> list[socket.socket]:
        """Claim an address of the supervisor, and return its listening sockets.

        :raises Refused: the supervisor could not bind it.
        """
        address = claim.place  # as the supervisor tells them apart
        occurrence = 0
        if self._closed:
            return [_stand_in(claim)]
        if claim.port == 0 and claim.unix_path is None:
            with self._lock:
                occurrence = self._claims[address]
                self._claims[address] += 1
        asked = replace(claim, occurrence=occurrence)
        try:
            descriptors = self._ask(asked)
        except Refused as error:
            if error.errno != errno.ECANCELED:
                raise
            return [_stand_in(claim)]
        self._granted.update(dict.fromkeys(descriptors, asked))
        return [_socket_of(descriptor) for descriptor in descriptors]

    # ---- inside ----

    def _note_scheme(self, descriptor: int, scheme: str) -> None:
        """Note the scheme (http, https, tcp) of a socket, now that it has a server."""
        assumed, claim = self._assumed.get(descriptor), self._granted.get(descriptor)
        if scheme == "tcp" and assumed is not None:
            self._on_not_http(assumed)
        if claim is not None and claim.scheme != scheme:
            self._corrections.append(replace(claim, scheme=scheme))

    def _chosen_port(self, port: int) -> int:
        """Port to bind: that of ``--port`` for the program's first HTTP port, else ``port``.

        A port that is bound at several addresses is one port; port 0 is another one each time.
        """
        with self._lock:
            first = self._first_port is None
            if first:
                self._first_port = port
        # Port 0 again is another port.
        again = port == self._first_port and port != 0
        return self._port if self._port is not None and (first or again) else port

    def _waits(self, early: _Early) -> bool:
        """Keep a connection until its address is listened on; False where no loop can wait."""
        with self._lock:
            loops = [each.loop for each in self._registrations if not each.loop.is_closed()]
            if self._closed or not loops:
                return False
            self._early.append(early)
        loop = next((each for each in loops if each.is_running()), loops[0])
        self._adopt_early()  # its address may have been claimed in this moment, by another thread

        def give_up() -> None:
            for each in self._take_early([early]):
                each.sock.close()

        def wait() -> None:
            loop.call_later(_EARLY_PATIENCE, give_up)

        return call_in(loop, wait) or not self._take_early([early])

    def _adopt_early(self) -> None:
        """Adopt connections that waited for an address that is listened on by now."""
        ready = [each for each in self._early if self._listener_of(each.sock) is not None]
        for early in self._take_early(ready):
            if not self.adopt(early.sock, early.unread):
                early.sock.close()

    def _take_early(self, wanted: Collection[_Early]) -> list[_Early]:
        """Take the connections among ``wanted`` that still wait: each is taken once."""
        with self._lock:
            taken = [each for each in self._early if each in wanted]
            self._early = [each for each in self._early if each not in wanted]
        return taken

    def _accept(self, registration: _Registration) -> None:
        stopped = registration not in self._registrations  # before its loop came to this
        if registration.remove is None and not self._closed and not stopped:
            registration.remove = add_accept_handler(registration.sock, registration.callback)

    def _leave(self, registration: _Registration, *, final: bool = False) -> None:
        """Stop accepting, and put an unbound socket under the listening socket's descriptor."""
        accepted = registration.remove is not None
        if registration.remove is not None:
            registration.remove()
            registration.remove = None
        if registration.sock.fileno() >= 0:
            # Refused, it is held a little longer: connections there wait for the successor.
            with contextlib.ExitStack() as made, contextlib.suppress(OSError):
                placeholder = self._placeholder or made.enter_context(socket.socket(socket.AF_UNIX))
                if accepted and final:  # and nothing between: what comes behind it is reset
                    accept_rest(registration.sock, registration.callback)
                os.dup2(placeholder.fileno(), registration.sock.fileno(), inheritable=False)

    def _listener_of(self, connection: socket.socket) -> _Registration | None:
        """The registration whose address the connection came to."""
        for registration in tuple(self._registrations):
            if came_to(registration.sock, connection):
                return registration
        return None


def _scheme(server: TCPServer | None) -> str:
    """URL scheme of a server: tcp, http or https; http where there is no server yet."""
    if server is not None and not isinstance(server, HTTPServer):
        return "tcp"
    return "https" if server is not None and server.ssl_options is not None else "http"


def _stand_in(claim: Claim) -> socket.socket:
    """A socket of no address, for a program that listens while it ends."""
    family = socket.AF_INET if claim.unix_path is None else socket.AF_UNIX
    return _socket_of(socket.socket(family).detach())


def _socket_of(descriptor: int) -> socket.socket:
    sock = socket.socket(fileno=descriptor)
    sock.setblocking(False)
    return sock
