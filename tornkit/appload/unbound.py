"""Listening sockets that are bound to nothing, for a process that only looks at a program.

`tornkit routes` runs user code, and that code may listen by any way there is: Tornado's, asyncio's,
a metrics server in a thread, a socket of its own. Each comes down to ``bind`` and ``listen`` of
`socket.socket`, so these are replaced, for TCP. ``bind`` notes the address, which ``getsockname``
then tells; ``listen`` puts a socket that no client can find behind the same descriptor, so that
whoever polls it or accepts on it waits. A UDP socket that names a port is not bound either: nothing
comes to it, and the port may be that of the program itself, which serves meanwhile.

asyncio removes the file of a Unix socket before it listens there, which may be the one on which the
program serves; it is given a socket that seems to listen instead.

Left alone are other Unix sockets, which `multiprocessing` talks through, UDP sockets that leave the
port to the system, as each that sends does, and what listens in C.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

Address = Any
"""Socket address as `socket.socket.getsockname` has it; its shape is the family's."""

_FAMILIES = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - told, not bound
_BROADCAST = "255.255.255.255"
_FIRST_PORT = 49152  # of those that systems give to whoever asks for port 0 (RFC 6335)

_bind = socket.socket.bind
_listen = socket.socket.listen
_accept = socket.socket.accept
_getsockname = socket.socket.getsockname
_setsockopt = socket.socket.setsockopt
_create_unix_server = asyncio.SelectorEventLoop.create_unix_server


class Unbound:
    """Sockets whose ``bind`` and ``listen`` are intercepted, so that they only seem to listen.

    ``on_listen`` is called when a socket listens. Sockets are known by the inode behind the
    descriptor: a socket that is duplicated, or wrapped for TLS, is another object.
    """

    def __init__(self, on_listen: Callable[[], None] = lambda: None) -> None:
        self._on_listen = on_listen
        self._addresses: dict[int, Address] = {}
        self._listening: set[int] = set()
        self._ports = itertools.count(_FIRST_PORT)
        self._told = threading.local()

    def install(self) -> Callable[[], None]:
        """Replace the methods of `socket.socket`, and return the function that puts them back."""
        unbound = self

        def bind(self: socket.socket, address: Address, /) -> None:
            if self.family in _FAMILIES and (
                self.type == socket.SOCK_STREAM
                or (self.type == socket.SOCK_DGRAM and _names_a_port(address))
            ):
                unbound.bind(self, address)
            else:
                _bind(self, address)

        def listen(self: socket.socket, backlog: int = 0, /) -> None:
            if self.type == socket.SOCK_STREAM and (
                self.family in _FAMILIES or unbound.is_listening(self)
            ):
                unbound.listen(self)
            else:
                _listen(self, backlog)

        def getsockname(self: socket.socket) -> Address:
            address = unbound.address(self)
            return _getsockname(self) if address is None else address

        def accept(self: socket.socket) -> tuple[socket.socket, Address]:
            if unbound.is_listening(self):
                _wait_in_vain(self)
            return _accept(self)

        def setsockopt(self: socket.socket, *option: Any) -> None:
            if not unbound.is_listening(self):  # it is of another family than it seems
                _setsockopt(self, *option)

        replaced = (bind, listen, getsockname, accept, setsockopt)
        before = {each.__name__: vars(socket.socket).get(each.__name__) for each in replaced}
        for function in replaced:
            setattr(socket.socket, function.__name__, function)
        self._install_unix_server()

        def undo() -> None:
            loop = asyncio.SelectorEventLoop
            loop.create_unix_server = _create_unix_server  # type: ignore[method-assign]
            for name, method in before.items():
                if method is None:  # inherited
                    delattr(socket.socket, name)
                else:
                    setattr(socket.socket, name, method)

        return undo

    def _install_unix_server(self) -> None:
        """Replace asyncio's ``create_unix_server``, so that no file is removed or bound."""
        unbound = self

        async def create_unix_server(
            self: asyncio.SelectorEventLoop,
            protocol_factory: Callable[[], asyncio.BaseProtocol],
            path: Any = None,
            *,
            sock: socket.socket | None = None,
            **options: Any,
        ) -> asyncio.Server:
            if path is not None and sock is None:
                path, sock = None, unbound.unix_socket(os.fspath(path))
                if sys.version_info >= (3, 13):
                    options["cleanup_socket"] = False  # the file is another's
            return await _create_unix_server(self, protocol_factory, path, sock=sock, **options)

        loop = asyncio.SelectorEventLoop
        loop.create_unix_server = create_unix_server  # type: ignore[method-assign, assignment]

    def bind(self, sock: socket.socket, address: Address) -> None:
        """Note the address that a socket is to have, without binding it.

        :raises OSError, OverflowError, TypeError: as the system would, for what is no address.
        """
        host, port = address[:2]
        if not 0 <= port <= 65535:
            raise OverflowError("bind(): port must be 0-65535.")
        if _inode(sock) in self._addresses:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        host = _BROADCAST if host == "<broadcast>" else host or _FAMILIES[sock.family]
        found = socket.getaddrinfo(host, port or next(self._ports), sock.family, sock.type)
        self._addresses[_inode(sock)] = found[0][4]

    def listen(self, sock: socket.socket) -> None:
        """Make a socket seem to listen: put one that nobody can connect to in its place."""
        if not self.is_listening(sock):
            if _inode(sock) not in self._addresses:
                self.bind(sock, ("", 0))
            self._replace(sock, self._addresses.pop(_inode(sock)))
        if not getattr(self._told, "already", False):
            self._on_listen()

    def unix_socket(self, path: str) -> socket.socket:
        """Make a Unix socket that seems to listen at a path."""
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        self._replace(sock, path)
        return sock

    def quietly(self, make: Callable[..., list[socket.socket]], *args: Any, **kwargs: Any) -> Any:
        """Call a function that listens, without calling ``on_listen``."""
        self._told.already = True
        try:
            return make(*args, **kwargs)
        finally:
            self._told.already = False

    def address(self, sock: socket.socket) -> Address | None:
        """Address that a socket seems to be bound to; None if its bind was not intercepted."""
        try:
            return self._addresses.get(_inode(sock))
        except OSError:  # closed: the system's own answer says so
            return None

    def is_listening(self, sock: socket.socket) -> bool:
        """Whether a socket seems to listen."""
        try:
            return _inode(sock) in self._listening
        except OSError:
            return False

    def _replace(self, sock: socket.socket, address: Address) -> None:
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(sock.gettimeout() is None)
            os.dup2(ours.fileno(), sock.fileno(), inheritable=sock.get_inheritable())
        theirs.detach()  # and stays open: its end could be read
        self._addresses[_inode(sock)] = address
        self._listening.add(_inode(sock))


def _names_a_port(address: Address) -> bool:
    """Whether an address has a port other than 0; False also for what is no address at all."""
    return isinstance(address, tuple) and len(address) > 1 and address[1] != 0


def _inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def _wait_in_vain(sock: socket.socket) -> None:
    """Block as ``accept`` does, for a client that never comes.

    :raises OSError: the socket does not block, or for so long; or it was closed.
    """
    timeout = sock.gettimeout()
    if timeout == 0:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    select.select([sock], [], [], timeout)
    if timeout is not None:
        raise TimeoutError("timed out")
