"""Listening sockets: bound once, owned by the supervisor from the first bind to the last exit.

Workers *claim* an address and are handed descriptors. On Linux each slot has a SO_REUSEPORT
socket of its own, made here and inherited by every successor in the slot: the kernel spreads
connections evenly (one shared descriptor goes last in, first out under epoll), and a connection
that waits in a socket's backlog outlives the worker that would have taken it. Elsewhere, and for
Unix sockets, the slots share one socket: there SO_REUSEPORT does not balance.

SO_REUSEPORT would also let two servers of one user share a port unnoticed. So the first bind of
an address is tried without it, and says that the port is taken.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from tornkit import linux
from tornkit.errors import BindError
from tornkit.serve.sockets.port_owner import owner_of
from tornkit.serve.wire.messages import Claim

BALANCED = linux.USED


class CannotBind(BindError):
    """`BindError` with an ``errno``, which goes back to the program that asked to listen."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.errno = number


@dataclass
class _Listener:
    """One claimed address and its sockets: by slot, or under slot 0 for all."""

    claim: Claim
    sockets: dict[int, list[socket.socket]] = field(default_factory=dict)
    generations: set[int] = field(default_factory=set)  # that have claimed it
    inherited: bool = False
    port: int = 0  # that it had before it was closed for a while
    file: tuple[int, int] | None = None  # device and inode of a Unix socket's

    @property
    def is_shared(self) -> bool:
        """Whether all slots have the same sockets."""
        return not BALANCED or self.claim.unix_path is not None or self.inherited

    def key(self, slot: int) -> int:
        return 0 if self.is_shared else slot


class Listeners:
    """Listening sockets of every address that workers have claimed."""

    def __init__(self, inherited: Sequence[socket.socket] = ()) -> None:
        """Take sockets that another process has bound (`tornkit.serve.sockets.systemd`).

        All slots share ``inherited``, where a claim is for their address.
        """
        self._listeners: dict[Claim, _Listener] = {}
        self._inherited = tuple(inherited)
        self._tell: Callable[[socket.socket], None] = lambda sock: None

    def claim(self, claim: Claim, slot: int, generation: int) -> list[socket.socket]:
        """Listening sockets of an address for one slot; bound now, unless they are there already.

        :raises CannotBind: taken, privileged, no such address.
        """
        key = claim.place  # asking again with another backlog is the same address
        listener = self._listeners.get(key) or _Listener(claim)
        inherited = [sock for sock in self._inherited if _is_at(sock, claim)]
        if inherited:
            listener.sockets[0], listener.inherited = inherited, True
        own = listener.key(slot)
        if own not in listener.sockets:
            listener.sockets[own] = self._bind(listener)
        self._listeners[key] = listener
        listener.generations.add(generation)
        return listener.sockets[own]

    def held(self, slot: int, generation: int) -> Iterator[tuple[Claim, list[socket.socket]]]:
        """Each claim of a generation's, with the sockets that a slot has for it by now."""
        for listener in self._listeners.values():
            sockets = listener.sockets.get(listener.key(slot))
            if sockets and generation in listener.generations:
                yield listener.claim, sockets

    def claim_held(self, claim: Claim, slot: int, generation: int) -> bool:
        """Note that a generation claims sockets that its slot has already, and with which scheme.

        False where the slot has no such sockets.
        """
        listener = self._listeners.get(claim.place)
        if listener is None or not listener.sockets.get(listener.key(slot)):
            return False
        listener.claim = replace(listener.claim, scheme=claim.scheme)
        listener.generations.add(generation)
        return True

    def close_until_claimed(self, generation: int) -> None:
        """Close ``generation``'s sockets until they are claimed again, port 0 as the same port.

        But for what a later one has claimed, and for what was inherited, which nobody could bind
        again: clients wait in its backlog.
        """
        for listener in self._listeners.values():
            ended = max(listener.generations) <= generation
            if ended and not listener.inherited and listener.sockets:
                if listener.claim.unix_path is None:
                    listener.port = next(iter(listener.sockets.values()))[0].getsockname()[1]
                self._close(listener)
                listener.sockets.clear()

    def _bind(self, listener: _Listener) -> list[socket.socket]:
        claim = listener.claim
        if claim.unix_path is not None:
            sock = _bind_unix(claim.unix_path, claim.unix_mode, claim.backlog)
            listener.file = socket_identity(claim.unix_path)
            return [sock]
        if not listener.sockets:
            if listener.port != claim.port == 0:
                with contextlib.suppress(CannotBind):  # another has it by now
                    return _bind_tcp(replace(claim, port=listener.port))
            return _bind_tcp(claim)
        # Another slot of the same address: exactly where the first one is.
        first = next(iter(listener.sockets.values()))
        sockets: list[socket.socket] = []
        try:
            for sock in first:
                sockets.append(_bind_beside(sock, claim.backlog))
        except OSError as error:
            for sock in sockets:
                sock.close()
            shown = _shown(claim)
            raise CannotBind(_explain(error, claim, shown), error.errno or 0) from None
        return sockets

    def has_unclaimed(self, generation: int) -> bool:
        """Whether an address is there that no worker of ``generation`` or a later one claimed."""
        return any(max(each.generations) < generation for each in self._listeners.values())

    def release_before(self, generation: int) -> None:
        """Close sockets that no worker of ``generation`` or a later one has claimed.

        A socket that nobody accepts from would leave its clients waiting.
        """
        for key, listener in list(self._listeners.items()):
            if max(listener.generations) < generation:
                del self._listeners[key]
                self._close(listener)

    def forget(self, generation: int) -> None:
        """Close sockets that no other generation has claimed: this one could not start."""
        for key, listener in list(self._listeners.items()):
            listener.generations.discard(generation)
            if not listener.generations:
                del self._listeners[key]
                if not listener.inherited:  # another claim may be for it, and nobody can bind it
                    self._close(listener)

    def in_slot(self, slot: int) -> list[socket.socket]:
        """The sockets that a slot has for itself; none where all share them."""
        return [
            sock
            for listener in self._listeners.values()
            if not listener.is_shared
            for sock in listener.sockets.get(slot, ())
        ]

    def before_close(self, tell: Callable[[socket.socket], None]) -> None:
        """Have ``tell`` called with each socket that is about to be closed."""
        self._tell = tell

    def _close(self, listener: _Listener) -> None:
        for sockets in listener.sockets.values():
            for sock in sockets:
                self._tell(sock)
                sock.close()
        _remove_file(listener)

    def close(self) -> None:
        """Close all, and remove the files of Unix sockets.

        The workers accept whoever has connected, and close their own descriptors of the same
        sockets. Where those are shared with nobody else, nobody connects any more.
        """
        for listener in self._listeners.values():
            if listener.claim.unix_path is None and not listener.inherited:
                for sock in chain(*listener.sockets.values()):
                    linux.drop_handshakes(sock)
            self._close(listener)
        self._listeners.clear()

    def __iter__(self) -> Iterator[socket.socket]:
        """One socket for each address, for showing where it is."""
        return (sock for sock, _ in self.with_schemes())

    def with_schemes(self) -> Iterator[tuple[socket.socket, str]]:
        """Sockets of one slot for each address, each with the scheme that is spoken there."""
        for listener in self._listeners.values():
            for sockets in listener.sockets.values():
                yield from ((sock, listener.claim.scheme) for sock in sockets)
                break


def _is_at(sock: socket.socket, claim: Claim) -> bool:
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return claim.unix_path is not None and name == claim.unix_path
    return claim.unix_path is None and name[1] == claim.port


def _remove_file(listener: _Listener) -> None:
    """Remove a Unix socket's file; not another file that was put in its place since."""
    path = listener.claim.unix_path if not listener.inherited else None
    if path is not None and listener.file is not None and socket_identity(path) == listener.file:
        with contextlib.suppress(OSError):  # somebody else has cleaned up
            Path(path).unlink(missing_ok=True)


def socket_identity(path: str) -> tuple[int, int] | None:
    """Device and inode of a socket's file; None for an abstract name, and for any other file."""
    try:
        status = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - one call, no second look
    except (OSError, ValueError):  # ValueError: a NUL, with which abstract names begin
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISSOCK(status.st_mode) else None


def _bind_tcp(claim: Claim) -> list[socket.socket]:
    """Bind every address of a name, as `tornado.netutil.bind_sockets`; IPv6 in its own socket.

    :raises CannotBind:
    """
    shown = _shown(claim)
    if not 0 <= claim.port <= 65535:  # bind() has an OverflowError for it, which is no OSError
        raise CannotBind(f"can't listen on {shown}: ports are 0 to 65535", errno.EINVAL)
    try:
        found = socket.getaddrinfo(
            claim.address or None,
            claim.port,
            claim.family,
            socket.SOCK_STREAM,
            0,
            socket.AI_PASSIVE if claim.flags is None else claim.flags,
        )
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CannotBind(f"can't listen on {shown}: {reason}", errno.EADDRNOTAVAIL) from None
    sockets: list[socket.socket] = []
    port = claim.port
    try:
        for family, _, _, _, sockaddr in sorted(set(found), key=lambda entry: entry[0]):
            place = (sockaddr[0], port, *sockaddr[2:])
            sock = _bind_first(family, place, claim)
            if sock is not None:
                port = sock.getsockname()[1]  # port 0: the same one for IPv4 and IPv6
                sockets.append(sock)
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise CannotBind(_explain(error, claim, shown), error.errno or 0) from None
    if not sockets:
        raise CannotBind(f"can't listen on {shown}: no usable address", errno.EADDRNOTAVAIL)
    return sockets


def _bind_first(
    family: socket.AddressFamily, place: tuple[object, ...], claim: Claim
) -> socket.socket | None:
    """Bind an address that is free; None where a name's IPv6 address does not exist here."""
    try:
        if BALANCED and claim.port != 0:
            _bound(family, place, reuse_port=False).close()  # raises where it is taken
        sock = _bound(family, place, reuse_port=BALANCED)
    except OSError as error:
        # Containers often resolve localhost to ::1 and have no IPv6; Tornado passes over it too.
        if error.errno == errno.EAFNOSUPPORT or (
            error.errno == errno.EADDRNOTAVAIL
            and claim.address == "localhost"
            and family == socket.AF_INET6
        ):
            return None
        raise
    sock.listen(claim.backlog)
    return sock


def _bind_beside(first: socket.socket, backlog: int) -> socket.socket:
    sock = _bound(socket.AddressFamily(first.family), first.getsockname(), reuse_port=True)
    sock.listen(backlog)
    return sock


def _bound(
    family: socket.AddressFamily, place: tuple[object, ...], *, reuse_port: bool
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            # One socket for each family, everywhere the same (tornado.netutil.bind_sockets).
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(place)
    except BaseException:  # raised again, a Ctrl-C too: no socket stays open
        sock.close()
        raise
    return sock


def _bind_unix(path: str, mode: int, backlog: int) -> socket.socket:
    """Bind a Unix socket. A file that a dead server left is removed, a living server's is not.

    :raises CannotBind:
    """
    # Empty, Linux would choose an abstract name; and Path("") is the current folder.
    if not path or "\0" in path[1:]:
        raise CannotBind(f"can't listen on the socket {path!r}: not a path", errno.EINVAL)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if not path.startswith("\0"):
            _remove_stale(path)
        sock.setblocking(False)
        # By the mask, not by a chmod behind it, which would follow a link that has been put there.
        mask = os.umask(0o777 & ~mode)
        try:
            sock.bind(path)
        finally:
            os.umask(mask)
        sock.listen(backlog)
    except CannotBind:
        sock.close()
        raise
    except OSError as error:
        sock.close()
        reason = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            reason = "there is no such folder; make it first"
        raise CannotBind(f"can't listen on the socket {path}: {reason}", error.errno or 0) from None
    return sock


def _remove_stale(path: str) -> None:
    found = socket_identity(path)
    if found is None:
        if not os.path.lexists(path):
            return
        raise CannotBind(f"{path} exists and is not a socket; choose another path", errno.EEXIST)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # one whose backlog is full is not waited for
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            # Its server is gone. Another that starts now may have seen the same, and be quicker.
            if socket_identity(path) == found:
                Path(path).unlink(missing_ok=True)
        except BlockingIOError:
            raise CannotBind(
                f"another server listens on the socket {path}", errno.EADDRINUSE
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotBind(
                f"can't listen on the socket {path}: {reason}", errno.EADDRINUSE
            ) from None
        else:
            raise CannotBind(f"another server listens on the socket {path}", errno.EADDRINUSE)


def _shown(claim: Claim) -> str:
    return f"port {claim.port} of {claim.address or 'all addresses'}"


def _explain(error: OSError, claim: Claim, shown: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            owner = owner_of(claim.port)
            taken = (
                "taken; stop what listens there" if owner is None else f"taken by {owner}; stop it"
            )
            return f"{shown} is {taken}, or choose another with --port"
        case errno.EACCES | errno.EPERM:
            return f"{shown} needs privileges that this user lacks; choose one above 1023"
        case errno.EADDRNOTAVAIL:
            return f"can't listen on {shown}: this machine has no such address"
        case _:
            return f"can't listen on {shown}: {error.strerror or error}"
