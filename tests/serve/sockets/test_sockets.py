"""Real sockets: who shares one, what a taken address says, what is left when all is closed."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from tests.serve.ipv6 import ipv6
from tornkit import linux
from tornkit.errors import BindError
from tornkit.serve.sockets import port_owner
from tornkit.serve.sockets.sockets import (
    BALANCED,
    CannotBind,
    Listeners,
)
from tornkit.serve.wire.messages import Claim

pytestmark = pytest.mark.usefixtures("no_leaks")

LOCAL = Claim(port=0, address="127.0.0.1")
balanced = pytest.mark.skipif(not BALANCED, reason="the slots share one socket here")


@pytest.fixture
def listeners() -> Iterator[Listeners]:
    listeners = Listeners()
    yield listeners
    listeners.close()


@pytest.fixture
def other_server() -> Iterator[socket.socket]:
    """Somebody else's socket, bound to a port of 127.0.0.1."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def accepts(sock: socket.socket) -> bool:
    """Whether a client that connects to its address is accepted by this very socket."""
    with socket.socket(sock.family) as client:
        client.settimeout(10)
        client.connect(sock.getsockname())
        try:
            connection, _ = sock.accept()
        except BlockingIOError:
            return False
        connection.close()
        return True


def refused(listeners: Listeners, claim: Claim) -> CannotBind:
    with pytest.raises(CannotBind) as caught:
        listeners.claim(claim, 0, 1)
    assert isinstance(caught.value, BindError)
    assert "\n" not in str(caught.value)
    assert list(listeners) == []
    return caught.value


# ---- who shares ----


def test_the_same_claim_is_the_same_socket(listeners: Listeners) -> None:
    [sock] = listeners.claim(LOCAL, 0, 1)
    assert listeners.claim(LOCAL, 0, 2) == [sock]
    assert not sock.getblocking()
    assert accepts(sock)


def test_backlog_does_not_make_another_address(listeners: Listeners) -> None:
    [sock] = listeners.claim(replace(LOCAL, backlog=128), 0, 1)
    assert listeners.claim(replace(LOCAL, backlog=5), 0, 1) == [sock]


def test_another_occurrence_is_another_port(listeners: Listeners) -> None:
    [first] = listeners.claim(LOCAL, 0, 1)
    [second] = listeners.claim(replace(LOCAL, occurrence=1), 0, 1)
    assert port_of(first) != port_of(second)


@balanced
def test_each_slot_has_a_socket_of_its_own(listeners: Listeners) -> None:
    [first] = listeners.claim(LOCAL, 0, 1)
    [second] = listeners.claim(LOCAL, 1, 1)
    [third] = listeners.claim(LOCAL, 2, 1)
    assert len({first.fileno(), second.fileno(), third.fileno()}) == 3
    assert first.getsockname() == second.getsockname() == third.getsockname()
    assert listeners.claim(LOCAL, 1, 7) == [second]


@balanced
def test_the_slots_share_the_connections(listeners: Listeners) -> None:
    socks = [listeners.claim(LOCAL, slot, 1)[0] for slot in range(2)]
    clients = []
    accepted = [0, 0]
    try:
        for _ in range(60):
            clients.append(socket.create_connection(socks[0].getsockname(), timeout=10))
        for slot, sock in enumerate(socks):
            while True:
                try:
                    connection, _ = sock.accept()
                except BlockingIOError:
                    break
                connection.close()
                accepted[slot] += 1
    finally:
        for client in clients:
            client.close()
    assert sum(accepted) == 60
    assert min(accepted) > 0  # by chance once in 2^59 runs


@balanced
def test_a_slot_of_a_claimed_port(listeners: Listeners) -> None:
    """Only the first bind asks whether somebody else is there."""
    [probe] = listeners.claim(LOCAL, 0, 1)
    port = port_of(probe)
    listeners.close()
    [first] = listeners.claim(Claim(port=port, address="127.0.0.1"), 0, 1)
    [second] = listeners.claim(Claim(port=port, address="127.0.0.1"), 1, 1)
    assert port_of(first) == port_of(second) == port


@ipv6
def test_port_0_is_one_port_for_all_families_and_slots(listeners: Listeners) -> None:
    everywhere = Claim(port=0)
    by_slot = [listeners.claim(everywhere, slot, 1) for slot in range(3)]
    assert [{sock.family for sock in sockets} for sockets in by_slot] == [
        {socket.AF_INET, socket.AF_INET6}
    ] * 3
    ports = {port_of(sock) for sockets in by_slot for sock in sockets}
    assert len(ports) == 1
    assert 0 not in ports


@ipv6
def test_family_is_respected(listeners: Listeners) -> None:
    [sock] = listeners.claim(Claim(port=0, family=socket.AF_INET6), 0, 1)
    assert sock.family == socket.AF_INET6
    assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def test_iterating_shows_one_socket_for_each_address(listeners: Listeners) -> None:
    [first] = listeners.claim(LOCAL, 0, 1)
    listeners.claim(LOCAL, 1, 1)
    [second] = listeners.claim(replace(LOCAL, occurrence=1), 0, 1)
    assert list(listeners) == [first, second]


# ---- what can't be had ----


def test_taken_port(listeners: Listeners, other_server: socket.socket) -> None:
    port = port_of(other_server)
    error = refused(listeners, Claim(port=port, address="127.0.0.1"))
    assert error.errno == errno.EADDRINUSE
    taken = re.escape(f"port {port} of 127.0.0.1 is taken")
    who = rf" by pid {os.getpid()} \(.*\); stop it" if linux.USED else "; stop what .*"
    assert re.fullmatch(rf"{taken}{who}, or choose another with --port", str(error))


def test_owner_of_a_port_is_not_known(
    listeners: Listeners,
    other_server: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(port_owner, "_PROC", tmp_path)  # as on macOS
    port = port_of(other_server)
    assert str(refused(listeners, Claim(port=port, address="127.0.0.1"))) == (
        f"port {port} of 127.0.0.1 is taken; stop what listens there, or choose another with --port"
    )


def test_taken_on_one_address_is_taken_for_all(
    listeners: Listeners, other_server: socket.socket
) -> None:
    error = refused(listeners, Claim(port=port_of(other_server)))
    assert error.errno == errno.EADDRINUSE
    assert "of all addresses is taken" in str(error)


@balanced
def test_taken_by_a_server_that_would_share(listeners: Listeners) -> None:
    """SO_REUSEPORT on both sides: the kernel would deal out the clients to either."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        error = refused(listeners, Claim(port=port_of(other), address="127.0.0.1"))
    assert error.errno == errno.EADDRINUSE


def test_taken_by_another_tornkit(listeners: Listeners) -> None:
    theirs = Listeners()
    [sock] = theirs.claim(LOCAL, 0, 1)
    try:
        claim = Claim(port=port_of(sock), address="127.0.0.1")
        assert refused(listeners, claim).errno == errno.EADDRINUSE
    finally:
        theirs.close()
    [ours] = listeners.claim(claim, 0, 1)  # and free again once they are gone
    assert accepts(ours)


def test_a_refused_claim_can_be_made_again(
    listeners: Listeners, other_server: socket.socket
) -> None:
    claim = Claim(port=port_of(other_server), address="127.0.0.1")
    refused(listeners, claim)
    other_server.close()
    assert accepts(listeners.claim(claim, 0, 1)[0])


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_privileged_port(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def bind(self: socket.socket, address: object) -> NoReturn:
        raise PermissionError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", bind)
    error = refused(listeners, Claim(port=80, address="127.0.0.1"))
    assert error.errno == number
    assert str(error) == (
        "port 80 of 127.0.0.1 needs privileges that this user lacks; choose one above 1023"
    )


def test_an_address_of_another_machine(listeners: Listeners) -> None:
    error = refused(listeners, Claim(port=0, address="192.0.2.1"))  # RFC 5737: nobody's
    assert error.errno == errno.EADDRNOTAVAIL
    assert str(error) == "can't listen on port 0 of 192.0.2.1: this machine has no such address"


@pytest.mark.parametrize("address", ["a..b", "\ud800", "999.999.999.999", "x" * 300])
def test_no_address_at_all(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    look_up = socket.getaddrinfo

    def without_network(host: str, *arguments: object) -> object:
        if host == "999.999.999.999":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", without_network)
    assert refused(listeners, Claim(port=0, address=address)).errno == errno.EADDRNOTAVAIL


@pytest.mark.parametrize("port", [-1, 65536, 70000])
def test_no_port_at_all(listeners: Listeners, port: int) -> None:
    error = refused(listeners, Claim(port=port, address="127.0.0.1"))
    assert error.errno == errno.EINVAL
    assert str(port) in str(error)


def _names_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, *arguments: object) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)


def _without_ipv6(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    bind = socket.socket.bind

    def ipv4_alone(self: socket.socket, address: object) -> None:
        if self.family == socket.AF_INET6:
            raise OSError(number, os.strerror(number))
        bind(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "bind", ipv4_alone)


@ipv6
def test_localhost_without_ipv6(listeners: Listeners, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers resolve localhost to ::1 and have no such address."""
    _names_both_families(monkeypatch)
    _without_ipv6(monkeypatch, errno.EADDRNOTAVAIL)
    [sock] = listeners.claim(Claim(port=0, address="localhost"), 0, 1)
    assert sock.family == socket.AF_INET


@ipv6
def test_another_name_without_ipv6(listeners: Listeners, monkeypatch: pytest.MonkeyPatch) -> None:
    _names_both_families(monkeypatch)
    _without_ipv6(monkeypatch, errno.EADDRNOTAVAIL)
    assert refused(listeners, Claim(port=0, address="example")).errno == errno.EADDRNOTAVAIL


@ipv6
def test_no_usable_family(listeners: Listeners, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_ipv6(monkeypatch, errno.EAFNOSUPPORT)
    error = refused(listeners, Claim(port=0, address="::1"))
    assert "no usable address" in str(error)


@ipv6
@balanced
def test_a_later_slot_that_fails_keeps_the_others(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of descriptors, say: one line for the worker, nothing half open, the rest goes on."""
    claim = Claim(port=0)
    first = listeners.claim(claim, 0, 1)
    with monkeypatch.context() as patched:
        _without_ipv6(patched, errno.ENOBUFS)
        with pytest.raises(CannotBind) as caught:
            listeners.claim(claim, 1, 1)
    assert caught.value.errno == errno.ENOBUFS
    assert listeners.claim(claim, 0, 1) == first
    assert len(listeners.claim(claim, 1, 1)) == 2


# ---- closing ----


def test_release_before(listeners: Listeners) -> None:
    kept, dropped = LOCAL, replace(LOCAL, occurrence=1)
    [kept_socket] = listeners.claim(kept, 0, 1)
    [dropped_socket] = listeners.claim(dropped, 0, 1)
    listeners.claim(kept, 0, 2)
    listeners.release_before(2)
    assert list(listeners) == [kept_socket]
    assert accepts(kept_socket)
    assert dropped_socket.fileno() == -1
    [again] = listeners.claim(dropped, 0, 3)
    assert again is not dropped_socket


def test_an_older_claim_does_not_make_it_older(listeners: Listeners) -> None:
    """A worker of the old generation that died is replaced while the new one boots."""
    [sock] = listeners.claim(LOCAL, 0, 5)
    listeners.claim(LOCAL, 0, 4)
    listeners.release_before(5)
    assert list(listeners) == [sock]


@pytest.mark.parametrize("chosen", [True, False])
def test_an_address_is_closed_until_it_is_claimed_again(listeners: Listeners, chosen: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        claim = Claim(port=free.getsockname()[1] if chosen else 0, address="127.0.0.1")
    place = listeners.claim(claim, 0, 1)[0].getsockname()
    listeners.claim(claim, 1, 1)
    listeners.close_until_claimed(0)
    with socket.create_connection(place):
        pass
    listeners.close_until_claimed(1)
    listeners.close_until_claimed(1)
    assert list(listeners) == []
    with pytest.raises(ConnectionRefusedError), socket.create_connection(place):
        pass
    assert listeners.claim(claim, 1, 2)[0].getsockname() == place
    assert listeners.claim(claim, 0, 2)[0].getsockname() == place
    assert not listeners.has_unclaimed(2)


def test_a_closed_port_0_that_another_has_by_now(listeners: Listeners) -> None:
    claim = Claim(port=0, address="127.0.0.1")
    place = listeners.claim(claim, 0, 1)[0].getsockname()
    listeners.close_until_claimed(1)
    with socket.create_server(place):
        assert listeners.claim(claim, 0, 2)[0].getsockname()[1] not in (0, place[1])


def test_close(listeners: Listeners) -> None:
    sockets = [*listeners.claim(LOCAL, 0, 1), *listeners.claim(LOCAL, 1, 1)]
    listeners.close()
    assert {sock.fileno() for sock in sockets} == {-1}
    assert list(listeners) == []
    listeners.close()


# ---- Unix sockets ----


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Relative, since a temporary folder's name may be longer than such a path can be."""
    monkeypatch.chdir(tmp_path)
    return "app.sock"


def test_unix_socket(listeners: Listeners, path: str) -> None:
    [sock] = listeners.claim(Claim(unix_path=path, unix_mode=0o660), 0, 1)
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o660
    assert accepts(sock)
    assert listeners.claim(Claim(unix_path=path, unix_mode=0o660), 1, 1) == [sock]
    listeners.close()
    assert not Path(path).exists()


def test_released_unix_socket_is_removed(listeners: Listeners, path: str) -> None:
    listeners.claim(Claim(unix_path=path), 0, 1)
    listeners.release_before(2)
    assert not Path(path).exists()


def test_stale_unix_socket_is_replaced(listeners: Listeners, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    assert Path(path).is_socket()
    [sock] = listeners.claim(Claim(unix_path=path), 0, 1)
    assert accepts(sock)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses")
def test_a_live_unix_socket_with_a_full_backlog_is_not_waited_for(
    listeners: Listeners, path: str
) -> None:
    with socket.socket(socket.AF_UNIX) as other, contextlib.ExitStack() as clients:
        other.bind(path)
        other.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                client = clients.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                client.connect(path)
        began = time.monotonic()
        error = refused(listeners, Claim(unix_path=path))
        assert time.monotonic() - began < 0.5
        assert str(error) == f"another server listens on the socket {path}"


def test_live_unix_socket_is_left_alone(listeners: Listeners, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        other.setblocking(False)
        error = refused(listeners, Claim(unix_path=path))
        assert error.errno == errno.EADDRINUSE
        assert str(error) == f"another server listens on the socket {path}"
        other.accept()[0].close()  # our question
        assert accepts(other)


def test_a_socket_of_another_sort_is_left_alone(listeners: Listeners, path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(path)
        assert refused(listeners, Claim(unix_path=path)).errno == errno.EADDRINUSE
        assert Path(path).is_socket()


@pytest.mark.parametrize("folder", [False, True])
def test_what_is_no_socket_is_left_alone(listeners: Listeners, path: str, folder: bool) -> None:
    if folder:
        Path(path).mkdir()
    else:
        Path(path).write_text("precious")
    error = refused(listeners, Claim(unix_path=path))
    assert error.errno == errno.EEXIST
    assert str(error) == f"{path} exists and is not a socket; choose another path"
    assert Path(path).exists()


def test_a_link_to_a_file_is_left_alone(listeners: Listeners, path: str) -> None:
    Path("precious").touch()
    Path(path).symlink_to("precious")
    assert refused(listeners, Claim(unix_path=path)).errno == errno.EEXIST
    assert Path(path).is_symlink()


def test_a_link_to_a_dead_servers_socket_is_left_alone(listeners: Listeners, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("other.sock")
    Path(path).symlink_to("other.sock")
    assert refused(listeners, Claim(unix_path=path)).errno == errno.EEXIST
    assert Path(path).is_symlink()
    assert Path("other.sock").is_socket()


def make_file(path: Path) -> None:
    path.write_text("precious")


def make_link(path: Path) -> None:
    make_file(path.with_name("precious"))
    path.symlink_to("precious")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))


@pytest.mark.parametrize("make", [make_file, make_link, make_socket])
def test_what_took_its_place_is_left_alone(
    listeners: Listeners, path: str, make: Callable[[Path], None]
) -> None:
    listeners.claim(Claim(unix_path=path), 0, 1)
    # Moved, since the next file might get the number of one that was removed.
    Path(path).rename("moved")
    make(Path(path))
    before = Path(path).lstat()
    listeners.close()
    now = Path(path).lstat()
    assert (now.st_ino, now.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_another_server_was_quicker(
    listeners: Listeners, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that start at once see the same dead server's socket; one has it replaced already."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    with socket.socket(socket.AF_UNIX) as other:
        connect = socket.socket.connect

        def then_the_other_binds(self: socket.socket, address: str) -> None:
            try:
                connect(self, address)
            finally:
                Path(path).rename("moved")
                other.bind(path)
                other.listen()

        monkeypatch.setattr(socket.socket, "connect", then_the_other_binds)
        assert refused(listeners, Claim(unix_path=path)).errno == errno.EADDRINUSE
        assert Path(path).is_socket()


@pytest.mark.parametrize("mode", [0o600, 0o666, 0o777])
def test_no_link_is_followed_to_set_the_mode(
    listeners: Listeners, path: str, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    Path("precious").touch(mode=0o600)
    bind = socket.socket.bind
    masks = []

    def then_a_link(self: socket.socket, address: str) -> None:
        bind(self, address)
        Path(path).rename("moved")
        Path(path).symlink_to("precious")

    monkeypatch.setattr(socket.socket, "bind", then_a_link)
    masks.append(os.umask(0o027))
    listeners.claim(Claim(unix_path=path, unix_mode=mode), 0, 1)
    assert os.umask(masks[0]) == 0o027, "it is put back"
    assert stat.S_IMODE(Path("precious").stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("moved").stat().st_mode) == mode


def test_no_folder_for_a_unix_socket(listeners: Listeners, path: str) -> None:
    error = refused(listeners, Claim(unix_path=f"nowhere/{path}"))
    assert error.errno == errno.ENOENT
    assert str(error) == (
        f"can't listen on the socket nowhere/{path}: there is no such folder; make it first"
    )


def test_too_long_a_path(listeners: Listeners, path: str) -> None:
    assert "too long" in str(refused(listeners, Claim(unix_path="x" * 200)))


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_no_path_at_all(listeners: Listeners, path: str, name: str) -> None:
    mode = Path().stat().st_mode
    assert refused(listeners, Claim(unix_path=name)).errno == errno.EINVAL
    assert Path().stat().st_mode == mode  # Path("") is the current folder


@balanced
def test_abstract_unix_socket(listeners: Listeners, path: str, tmp_path: Path) -> None:
    name = f"\0tornkit-test-{os.getpid()}"
    [sock] = listeners.claim(Claim(unix_path=name), 0, 1)
    assert accepts(sock)
    assert list(tmp_path.iterdir()) == []
    other = Listeners()
    assert refused(other, Claim(unix_path=name)).errno == errno.EADDRINUSE
    listeners.close()
    other.claim(Claim(unix_path=name), 0, 1)  # gone with its last descriptor
    other.close()


# ---- how it is shown ----
