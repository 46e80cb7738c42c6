"""A socket that only this user's processes can open: who gets in, and what is left of it."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tornkit.serve.user_socket import UserSocket


class ListenedTo:
    """In the place of a loop: what it would listen to, and call."""

    def __init__(self) -> None:
        self.found: list[tuple[socket.socket, Callable[[], None]]] = []

    def listen(self, sock: socket.socket, on_readable: Callable[[], None]) -> None:
        self.found.append((sock, on_readable))

    def accept(self) -> None:
        self.found[0][1]()


@pytest.fixture
def loop() -> Any:
    return ListenedTo()


@pytest.fixture
def taken(no_leaks: None) -> Iterator[list[socket.socket]]:
    """Connections that were taken."""
    found: list[socket.socket] = []
    yield found
    for sock in found:
        sock.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


@pytest.fixture
def opened(path: Path, taken: list[socket.socket], loop: Any) -> Iterator[UserSocket]:
    made = UserSocket(path, taken.append)
    made.open(loop)
    yield made
    made.close()


@pytest.fixture
def client(path: Path, opened: UserSocket) -> Iterator[socket.socket]:
    """One that has connected."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.setblocking(False)
        sock.connect(str(path))
        yield sock


@pytest.mark.usefixtures("opened")
class TestOpen:
    def test_it_is_this_users_alone(self, path: Path) -> None:
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600

    def test_it_never_blocks(self, loop: Any) -> None:
        ((sock, _),) = loop.found
        assert sock.getblocking() is False

    def test_who_connected_is_taken(
        self, client: socket.socket, loop: Any, taken: list[socket.socket]
    ) -> None:
        loop.accept()
        (sock,) = taken
        client.send(b"hello")
        assert sock.recv(9) == b"hello"

    def test_several_may_wait(self, path: Path, loop: Any, taken: list[socket.socket]) -> None:
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect(str(path))
        for _ in waiting:
            loop.accept()
        assert len(taken) == 3
        for each in waiting:
            each.close()

    def test_who_went_away_meanwhile_is_none(self, loop: Any, taken: list[socket.socket]) -> None:
        loop.accept()
        assert taken == []


@pytest.mark.parametrize(
    ("peer", "is_taken"),
    [("this user", True), ("root", True), ("not known", True), ("another", False)],
)
def test_who_gets_in(
    client: socket.socket,
    loop: Any,
    taken: list[socket.socket],
    monkeypatch: pytest.MonkeyPatch,
    peer: str,
    is_taken: bool,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    uid = {"this user": 1000, "root": 0, "not known": None, "another": 1001}[peer]
    monkeypatch.setattr("tornkit.serve.user_socket.peer_uid", lambda sock: uid)
    loop.accept()
    assert len(taken) == is_taken
    if not is_taken:
        assert client.recv(9) == b"", "it is closed"


def leave_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as died:
        died.bind(str(path))


def leave_file(path: Path) -> None:
    path.write_text("")


def leave_link(path: Path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("leave", [leave_socket, leave_file, leave_link])
def test_what_was_left_there_is_replaced(
    path: Path, loop: Any, leave: Callable[[Path], None]
) -> None:
    leave(path)
    made = UserSocket(path, lambda sock: None)
    made.open(loop)
    assert stat.S_ISSOCK(path.lstat().st_mode)
    made.close()
    assert not path.parent.joinpath("elsewhere").exists()


def no_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return path / "s"


def a_folder_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path.mkdir()
    return path


def too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return path.with_name("s" * 200)


def no_permission(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def chmod(self: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", chmod)
    return path


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("prepare", [no_folder, a_folder_there, too_long, no_permission])
def test_where_it_can_not_be_had_all_else_goes_on(
    path: Path,
    loop: Any,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path, pytest.MonkeyPatch], Path],
) -> None:
    made = UserSocket(prepare(path, monkeypatch), lambda sock: None)
    made.open(loop)
    assert loop.found == []
    made.close()


class TestCloseOfUserSocket:
    def test_its_file_is_removed_once(self, path: Path, opened: UserSocket) -> None:
        opened.close()
        assert not path.exists()
        leave_file(path)
        opened.close()
        assert path.exists()

    def test_nothing_is_removed_that_was_not_opened(self, path: Path) -> None:
        leave_socket(path)
        UserSocket(path, lambda sock: None).close()
        assert path.exists()

    @pytest.mark.parametrize("leave", [leave_socket, leave_file, leave_link, Path.mkdir])
    def test_what_took_its_place_stays(
        self, path: Path, opened: UserSocket, leave: Callable[[Path], None]
    ) -> None:
        path.rename(path.with_name("its inode is not free"))
        leave(path)
        opened.close()
        assert path.is_symlink() or path.exists()

    def test_a_file_that_is_gone_is_no_matter(self, path: Path, opened: UserSocket) -> None:
        path.unlink()
        opened.close()

    def test_a_file_that_can_not_be_removed_is_no_matter(
        self, path: Path, opened: UserSocket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unlink(self: Path, missing_ok: bool = False) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", unlink)
            opened.close()
        with socket.socket(socket.AF_UNIX) as late, pytest.raises(ConnectionRefusedError):
            late.connect(str(path))

    def test_who_was_taken_stays(
        self, client: socket.socket, opened: UserSocket, loop: Any, taken: list[socket.socket]
    ) -> None:
        loop.accept()
        opened.close()
        taken[0].send(b"hello")
        assert client.recv(9) == b"hello"
