"""The socket of `tornkit status`, without a server behind it."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tornkit.errors import TornkitError
from tornkit.serve.control import ControlSocket, ask_all, control_folder
from tornkit.serve.loop import Loop

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
