"""The process behind a port, from a ``/proc`` that the test has made."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tornkit.serve.sockets import port_owner
from tornkit.serve.sockets.port_owner import owner_of

LISTEN, ESTABLISHED = "0A", "01"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
ANY4, LOOPBACK4, ANY6 = "00000000", "0100007F", "0" * 32


class Proc:
    """A folder like ``/proc``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "net").mkdir()
        for name in ("tcp", "tcp6"):
            (folder / "net" / name).write_text(f"{HEAD} inode\n")

    def socket(
        self, inode: int, port: int, *, host: str = ANY4, state: str = LISTEN, table: str = "tcp"
    ) -> None:
        """A line as the kernel writes it."""
        with (self.folder / "net" / table).open("a") as file:
            file.write(
                f"   0: {host}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000"
                f" 00000000  1000        0 {inode} 1 0000000000000000 100 0 0 10 0\n"
            )

    def process(self, pid: int, inodes: Iterable[int], command: bytes | None = b"x\0") -> None:
        """A process that holds these sockets, beside a file."""
        descriptors = self.folder / str(pid) / "fd"
        descriptors.mkdir(parents=True)
        (descriptors / "0").symlink_to("/dev/null")
        for number, inode in enumerate(inodes, 3):
            (descriptors / str(number)).symlink_to(f"socket:[{inode}]")
        if command is not None:
            (self.folder / str(pid) / "cmdline").write_bytes(command)


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proc:
    monkeypatch.setattr(port_owner, "_PROC", tmp_path)
    return Proc(tmp_path)


def test_it_is_named_with_its_command(proc: Proc) -> None:
    proc.socket(77, 8888)
    proc.process(4711, [5, 77], b"python\0app.py\0\0")
    assert owner_of(8888) == "pid 4711 (python app.py)"


@pytest.mark.parametrize(
    ("host", "table"), [(ANY4, "tcp"), (LOOPBACK4, "tcp"), (ANY6, "tcp6")], ids=str
)
def test_on_whichever_address(proc: Proc, host: str, table: str) -> None:
    proc.socket(77, 443, host=host, table=table)
    proc.process(4711, [77])
    assert owner_of(443) == "pid 4711 (x)"


def test_sockets_that_do_not_hold_the_port(proc: Proc) -> None:
    """A connection from there, one to there, and another port."""
    proc.socket(77, 8888, state=ESTABLISHED)
    proc.socket(78, 8889)
    with (proc.folder / "net" / "tcp").open("a") as file:
        file.write(
            f"   1: {LOOPBACK4}:1000 {LOOPBACK4}:22B8 {LISTEN} 0:0 00:0 0 1000 0 79 1 0 100 0 0\n"
        )
    proc.process(4711, [77, 78, 79])
    assert owner_of(8888) is None


def test_of_a_server_and_its_workers_it_is_the_server(proc: Proc) -> None:
    """Numbers are compared, not names: 999 is before 1000."""
    proc.socket(77, 8888)
    for pid in (1000, 999, 20000):
        proc.process(pid, [77], f"p{pid}".encode())
    proc.process(5, [], b"init")
    assert owner_of(8888) == "pid 999 (p999)"


def test_a_system_without_ipv6(proc: Proc) -> None:
    (proc.folder / "net" / "tcp6").unlink()
    proc.socket(77, 8888)
    proc.process(4711, [77])
    assert owner_of(8888) == "pid 4711 (x)"


def test_processes_that_can_not_be_looked_into(proc: Proc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of another user, and one that ended meanwhile, hide none of the others."""
    proc.socket(77, 8888)
    proc.process(1, [77])
    proc.process(2, [77])
    proc.process(3, [77])
    (proc.folder / "4" / "fd").mkdir(parents=True)
    listdir = os.listdir

    def guarded(folder: str | Path) -> list[str]:
        if str(folder) == f"{proc.folder}/1/fd":
            raise PermissionError
        return [*listdir(folder), *(["9"] if str(folder) == f"{proc.folder}/2/fd" else [])]

    (proc.folder / "2" / "fd" / "3").unlink()  # and it lists a descriptor that is closed by now
    monkeypatch.setattr(os, "listdir", guarded)
    assert owner_of(8888) == "pid 3 (x)"


def test_its_holder_is_not_to_be_seen(proc: Proc) -> None:
    proc.socket(77, 8888)
    proc.process(4711, [5])
    assert owner_of(8888) is None


@pytest.mark.parametrize("command", [None, b"", b"\0\0"])
def test_a_process_that_tells_no_command(proc: Proc, command: bytes | None) -> None:
    proc.socket(77, 8888)
    proc.process(4711, [77], command)
    assert owner_of(8888) == "pid 4711"


def test_a_long_command_is_cut(proc: Proc) -> None:
    proc.socket(77, 8888)
    proc.socket(78, 8889)
    proc.process(4711, [77], b"p\0" + b"x" * 58)
    proc.process(4712, [78], b"p\0" + b"x" * 59)
    assert owner_of(8888) == f"pid 4711 (p {'x' * 58})"
    assert owner_of(8889) == f"pid 4712 (p {'x' * 57}…)"


def test_a_command_that_is_no_utf8(proc: Proc) -> None:
    proc.socket(77, 8888)
    proc.process(4711, [77], b"caf\xe9")
    assert owner_of(8888) == "pid 4711 (caf\udce9)"


def test_it_is_not_searched_for_ever(proc: Proc, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor's loop may be waiting."""
    proc.socket(77, 8888)
    for pid in (1, 2):
        proc.process(pid, [])
    proc.process(3, [77])
    clock = iter((0.0, 0.15, 0.25))
    monkeypatch.setattr(port_owner, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert owner_of(8888) is None
    assert next(clock, None) is None, "it looked at two"


def test_nothing_listens_and_no_process_is_looked_at(
    proc: Proc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listdir", lambda folder: pytest.fail("it was"))
    assert owner_of(8888) is None
