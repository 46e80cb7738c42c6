"""The socket of `tornkit status`, without a server behind it."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tornkit.errors import TornkitError
from tornkit.serve.control import ControlSocket, ask_all, control_folder
from tornkit.serve.loop.loop import Loop

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(20)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return control_folder()


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def answers_of(loop: Loop, folder: Path) -> list[dict[str, Any]]:
    """Ask in a thread, while the loop turns."""
    answers: list[dict[str, Any]] = []

    def ask() -> None:
        answers.extend(ask_all(folder))
        loop.wake()

    asking = threading.Thread(target=ask)
    asking.start()
    while asking.is_alive():
        loop.at(loop.now() + 0.05, lambda: None)
        loop.turn(no_signal)
    asking.join()
    return answers


def no_signal(number: int) -> None:
    raise AssertionError(f"signal {number}")


def test_the_folder(folder: Path, tmp_path: Path) -> None:
    assert folder == tmp_path / "tornkit"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert control_folder() == folder, "once more"


@pytest.mark.parametrize("runtime", [None, "", "gone"])
def test_the_folder_without_a_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str | None
) -> None:
    if runtime is None:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    else:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime and str(tmp_path / runtime))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert control_folder() == tmp_path / f"tornkit-{os.getuid()}"


def make_open(path: Path) -> None:
    path.mkdir()
    path.chmod(0o750)


def make_link(path: Path) -> None:
    real = path.with_name("real")
    real.mkdir(mode=0o700)
    path.symlink_to(real)


@pytest.mark.parametrize("make", [make_open, make_link])
def test_a_folder_that_is_not_to_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    make(tmp_path / "tornkit")
    with pytest.raises(TornkitError, match="is not this user's alone; remove it"):
        control_folder()


def make_file(path: Path) -> None:
    path.write_text("mine")


def test_a_file_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    make_file(tmp_path / "tornkit")
    with pytest.raises(TornkitError, match="is in the way of a folder; remove it, or set XDG_"):
        control_folder()
    assert (tmp_path / "tornkit").read_text() == "mine"


def make_relative(path: Path) -> str:
    os.chdir(path.parent)
    return path.name


def make_writable(path: Path) -> str:
    path.chmod(0o770)
    return str(path)


def make_no_folder(path: Path) -> str:
    make_file(path / "x")
    return str(path / "x")


def make_another_users(path: Path) -> str:
    if os.geteuid() != 0:
        pytest.skip("makes a folder of another user's")
    os.chown(path, 65534, 65534)
    return str(path)


@pytest.mark.parametrize("make", [make_relative, make_writable, make_no_folder, make_another_users])
def test_a_runtime_folder_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], str]
) -> None:
    """XDG Base Directory Specification; and ``su`` keeps the variable of who called it."""
    monkeypatch.chdir(tmp_path)
    runtime, temporary = tmp_path / "runtime", tmp_path / "temporary"
    runtime.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", make(runtime))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert control_folder() == temporary / f"tornkit-{os.geteuid()}"
    assert not (runtime / "tornkit").exists()


def test_a_temporary_folder_where_others_can_replace_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o777)
    with pytest.raises(TornkitError, match="is open to other users; close it, or set XDG_"):
        control_folder()
    tmp_path.chmod(0o1777)
    assert control_folder().parent == tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a folder of another user's")
def test_another_user_was_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    squatted = tmp_path / f"tornkit-{os.geteuid()}"
    squatted.mkdir(mode=0o700)
    os.chown(squatted, 65534, 65534)
    with pytest.raises(
        TornkitError, match="another user; have it removed, or set XDG_RUNTIME_DIR to"
    ):
        control_folder()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.ENOTDIR])
def test_no_folder_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(TornkitError, match=os.strerror(number)):
        control_folder()


def test_no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", fail)
    with pytest.raises(TornkitError, match="No usable temporary directory"):
        control_folder()


def test_what_is_no_socket_is_left_alone(folder: Path) -> None:
    """To connect to a file is refused as by a dead server, and follows a link."""
    with socket.socket(socket.AF_UNIX) as died:
        died.bind(str(folder.parent / "elsewhere"))
    (folder / "1.sock").write_text("mine")
    (folder / "2.sock").symlink_to(folder.parent / "elsewhere")
    (folder / "3.sock").mkdir()
    os.mkfifo(folder / "4.sock")
    (folder / "5.sock").symlink_to("5.sock")
    assert list(ask_all(folder)) == []
    assert len(list(folder.iterdir())) == 5
    assert (folder.parent / "elsewhere").exists()


def test_what_a_dead_server_has_left_is_removed(folder: Path) -> None:
    for name in ("1.sock", "1.bus", "2.bus"):
        with socket.socket(socket.AF_UNIX) as died:
            died.bind(str(folder / name))
    assert list(ask_all(folder)) == []
    assert [each.name for each in folder.iterdir()] == ["2.bus"]


def test_another_user_is_not_believed(
    folder: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = ControlSocket(folder / "1.sock", lambda: {"pid": 1})
    control.open(loop)
    monkeypatch.setattr("tornkit.serve.control.peer_uid", lambda sock: os.geteuid() + 1)
    assert answers_of(loop, folder) == []
    control.close()


def test_another_user_is_not_answered(
    folder: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def snapshot() -> dict[str, Any]:
        raise AssertionError("asked")

    control = ControlSocket(folder / "1.sock", snapshot)
    control.open(loop)
    monkeypatch.setattr("tornkit.serve.user_socket.peer_uid", lambda sock: os.geteuid() + 1)
    assert answers_of(loop, folder) == []
    control.close()


@pytest.mark.parametrize("answer", [b"[]", b"3", b"{}", b'{"pid": "x"}', b"[" * 100_000, b"\xff"])
def test_an_answer_of_another_shape(folder: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as broken:
        broken.bind(str(folder / "1.sock"))
        broken.listen()

        def reply() -> None:
            with broken.accept()[0] as connection:
                connection.sendall(answer)

        answering = threading.Thread(target=reply)
        answering.start()
        assert list(ask_all(folder)) == []
        answering.join()


def test_what_took_its_place_stays(folder: Path, loop: Loop) -> None:
    """Temporary files are cleaned up, and another may have its own there by the end."""
    path = folder / "1.sock"
    control = ControlSocket(path, lambda: {"pid": 1})
    control.open(loop)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        control.close()
        assert path.exists()


def test_who_connects_is_answered(folder: Path, loop: Loop) -> None:
    count = iter(range(9))
    control = ControlSocket(folder / "1.sock", lambda: {"pid": 1, "asked": next(count)})
    control.open(loop)
    assert stat.S_IMODE((folder / "1.sock").stat().st_mode) == 0o600
    assert answers_of(loop, folder) == [{"pid": 1, "asked": 0}]
    assert answers_of(loop, folder) == [{"pid": 1, "asked": 1}]
    control.close()
    control.close()
    assert list(folder.iterdir()) == []


def test_one_that_does_not_read_is_not_waited_for(folder: Path, loop: Loop) -> None:
    large = {"pid": 1, "text": "x" * 3_000_000}
    control = ControlSocket(folder / "1.sock", lambda: large)
    control.open(loop)
    with socket.socket(socket.AF_UNIX) as sleeper, socket.socket(socket.AF_UNIX) as other:
        sleeper.connect(str(folder / "1.sock"))
        began = time.monotonic()
        for _ in range(3):
            loop.wake()
            loop.turn(no_signal)
        assert time.monotonic() - began < 0.5
        assert answers_of(loop, folder) == [large], "others are answered meanwhile"
        other.connect(str(folder / "1.sock"))  # goes away before it was answered
        other.close()
        for _ in range(3):
            loop.wake()
            loop.turn(no_signal)
        received = 0
        sleeper.settimeout(10)
        while received < 3_000_000:
            loop.wake()
            loop.turn(no_signal)
            received += len(sleeper.recv(1 << 20))
    control.close()


def test_one_that_never_reads_is_left_after_a_while(
    folder: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornkit.serve.control._SEND_TIMEOUT", 0.0)
    control = ControlSocket(folder / "1.sock", lambda: {"text": "x" * 3_000_000})
    control.open(loop)
    with socket.socket(socket.AF_UNIX) as sleeper:
        sleeper.connect(str(folder / "1.sock"))
        for _ in range(3):
            loop.wake()
            loop.turn(no_signal)
        sleeper.settimeout(10)
        while sleeper.recv(1 << 20):
            pass
    control.close()


def test_several_servers_and_one_that_died(folder: Path, loop: Loop) -> None:
    both = [
        ControlSocket(folder / "2.sock", lambda: {"pid": 2}),
        ControlSocket(folder / "1.sock", lambda: {"pid": 1}),
    ]
    for control in both:
        control.open(loop)
    with socket.socket(socket.AF_UNIX) as died:
        died.bind(str(folder / "3.sock"))
    assert answers_of(loop, folder) == [{"pid": 1}, {"pid": 2}]
    assert sorted(path.name for path in folder.iterdir()) == ["1.sock", "2.sock"]
    for control in both:
        control.close()


def test_an_answer_that_is_none_is_passed_over(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as broken:
        broken.bind(str(folder / "1.sock"))
        broken.listen()

        def hang_up() -> None:
            broken.accept()[0].close()

        answering = threading.Thread(target=hang_up)
        answering.start()
        assert list(ask_all(folder)) == []
        answering.join()


def test_a_socket_of_one_that_died_is_replaced(folder: Path, loop: Loop) -> None:
    with socket.socket(socket.AF_UNIX) as died:
        died.bind(str(folder / "1.sock"))
    control = ControlSocket(folder / "1.sock", lambda: {"pid": 1})
    control.open(loop)
    assert answers_of(loop, folder) == [{"pid": 1}]
    control.close()


def test_a_place_that_can_not_be_had_does_no_harm(tmp_path: Path, loop: Loop) -> None:
    control = ControlSocket(tmp_path / "no such folder" / "1.sock", dict)
    control.open(loop)
    control.close()
    assert list(ask_all(tmp_path / "no such folder")) == []
