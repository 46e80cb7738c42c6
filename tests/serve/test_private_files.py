"""What other users have left, made or can change is neither believed nor written to."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tornkit.serve.private_files import NotPrivate, PrivateFolder, is_secure_parent

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(20)]

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes files of another user's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "tornkit"


def test_is_made_for_this_user_alone(folder: Path) -> None:
    mask = os.umask(0)
    try:
        with PrivateFolder(folder) as opened:
            opened.write("x", b"1")
    finally:
        os.umask(mask)
    assert (mode(folder.parent), mode(folder), mode(folder / "x")) == (0o700, 0o700, 0o600)


def test_is_not_made_to_read(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PrivateFolder(folder, make=False)
    assert not folder.parent.exists()


def test_what_was_written_is_read(folder: Path) -> None:
    with PrivateFolder(folder) as opened:
        opened.write("x", b"old")
        opened.write("x", b"new")
        assert opened.read("x", 3) == (b"new", (folder / "x").stat().st_mtime)
        with pytest.raises(OSError, match="File too large"):
            opened.read("x", 2)
    assert [each.name for each in folder.iterdir()] == ["x"]


def make_file(path: Path) -> None:
    path.write_text("mine")


def make_link(path: Path) -> None:
    real = path.with_name("real")
    real.mkdir(mode=0o700)
    path.symlink_to(real)


def make_dangling_link(path: Path) -> None:
    path.symlink_to(path.with_name("gone"))


def make_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def make_open(path: Path) -> None:
    path.mkdir()
    path.chmod(0o711)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def standing(path: Path) -> tuple[object, ...]:
    """Tell the folders around ``path``, and what it is, without the time it was last read."""
    it = path.lstat()
    return (
        sorted(os.walk(path.parent)),
        (it.st_ino, it.st_mode, it.st_uid, it.st_gid, it.st_size, it.st_mtime_ns, it.st_ctime_ns),
    )


@pytest.mark.parametrize(
    "make",
    [make_file, make_link, make_dangling_link, make_link_to_itself, make_open, make_pipe],
)
@pytest.mark.parametrize("wanted", [True, False])
def test_what_stands_in_its_place_stays(
    folder: Path, make: Callable[[Path], None], wanted: bool
) -> None:
    folder.parent.mkdir()
    make(folder)
    before = standing(folder)
    with pytest.raises(NotPrivate, match=r"; remove it$"):
        PrivateFolder(folder, make=wanted)
    assert standing(folder) == before


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO])
def test_what_is_the_machines_fault_is_not_in_the_way(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    PrivateFolder(folder).close()

    def fail(*arguments: object, **named: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        with pytest.raises(OSError, match=os.strerror(number)):
            PrivateFolder(folder)


@as_root
@pytest.mark.parametrize("make", [make_file, make_link, make_open])
def test_another_users(folder: Path, make: Callable[[Path], None]) -> None:
    folder.parent.mkdir()
    make(folder)
    if not folder.is_symlink():
        folder.chmod(0o700)
    os.chown(folder, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(NotPrivate, match="belongs to another user"):
        PrivateFolder(folder)


@as_root
def test_root_leaves_nothing_in_the_home_of_another(folder: Path) -> None:
    folder.parent.mkdir()
    os.chown(folder.parent, NOBODY, NOBODY)
    with pytest.raises(NotPrivate, match="root leaves nothing there"):
        PrivateFolder(folder)
    assert not folder.exists()


class TestFiles:
    @pytest.fixture
    def opened(self, folder: Path) -> Iterator[PrivateFolder]:
        with PrivateFolder(folder) as opened:
            yield opened

    def test_a_link_is_not_followed(self, opened: PrivateFolder, folder: Path) -> None:
        outside = folder.parent / "outside"
        outside.write_text("theirs")
        (folder / "x").symlink_to(outside)
        with pytest.raises(OSError, match="symbolic link") as caught:
            opened.read("x", 100)
        assert caught.value.errno == errno.ELOOP
        opened.write("x", b"mine")
        assert outside.read_text() == "theirs"
        assert (folder / "x").is_symlink() is False
        assert opened.read("x", 100)[0] == b"mine"

    def test_a_hard_link_is_replaced(self, opened: PrivateFolder, folder: Path) -> None:
        outside = folder.parent / "outside"
        outside.write_text("theirs")
        os.link(outside, folder / "x")
        opened.write("x", b"mine")
        assert outside.read_text() == "theirs"

    def test_a_pipe_is_not_waited_for(self, opened: PrivateFolder, folder: Path) -> None:
        os.mkfifo(folder / "x")
        with pytest.raises(NotPrivate, match="no file of this user's alone"):
            opened.read("x", 100)

    @pytest.mark.parametrize("bits", [0o620, 0o602])
    def test_others_can_write_to_it(self, opened: PrivateFolder, folder: Path, bits: int) -> None:
        opened.write("x", b"1")
        (folder / "x").chmod(bits)
        with pytest.raises(NotPrivate):
            opened.read("x", 100)
        opened.write("x", b"2")
        assert opened.read("x", 100)[0] == b"2", "it is replaced"

    @as_root
    def test_another_users_file(self, opened: PrivateFolder, folder: Path) -> None:
        opened.write("x", b"1")
        os.chown(folder / "x", NOBODY, NOBODY)
        with pytest.raises(NotPrivate):
            opened.read("x", 100)

    def test_a_folder_in_a_files_place(self, opened: PrivateFolder, folder: Path) -> None:
        (folder / "x").mkdir()
        with pytest.raises(NotPrivate):
            opened.read("x", 100)
        with pytest.raises(IsADirectoryError):
            opened.write("x", b"1")
        assert [each.name for each in folder.iterdir()] == ["x"]

    def test_a_full_disk_leaves_what_was_there(
        self, opened: PrivateFolder, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened.write("x", b"old")

        def full(*arguments: object, **named: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full)
            with pytest.raises(OSError, match="No space left"):
                opened.write("x", b"new")
        assert [each.name for each in folder.iterdir()] == ["x"]
        assert opened.read("x", 100)[0] == b"old"

    def test_it_stays_the_folder_that_was_looked_at(
        self, opened: PrivateFolder, folder: Path
    ) -> None:
        """Whatever its path leads to by now."""
        moved = folder.with_name("moved")
        folder.rename(moved)
        make_link(folder)
        opened.write("x", b"1")
        assert (moved / "x").read_bytes() == b"1"
        assert list((folder.parent / "real").iterdir()) == []

    def test_several_at_once(self, opened: PrivateFolder, folder: Path) -> None:
        threads = [
            threading.Thread(target=opened.write, args=("x", bytes([65 + number]) * 10_000))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        content, _ = opened.read("x", 10_000)
        assert len(content) == 10_000
        assert len(set(content)) == 1
        assert [each.name for each in folder.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("bits", "secure"),
    [(0o700, True), (0o755, True), (0o775, True), (0o1777, True), (0o777, False), (0o702, False)],
)
def test_parents(tmp_path: Path, bits: int, secure: bool) -> None:
    tmp_path.chmod(bits)
    assert is_secure_parent(tmp_path) is secure
    tmp_path.chmod(0o700)


@as_root
def test_parents_of_others(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    assert not is_secure_parent(tmp_path)
    tmp_path.chmod(0o1777)
    assert is_secure_parent(tmp_path)


@as_root
def test_as_another_user(folder: Path) -> None:
    """Really: a process of nobody's before a folder of root's, and then behind it."""
    shared = Path("/tmp") / f"tornkit-test-{os.getpid()}"  # others can enter it
    shared.mkdir()
    shared.chmod(0o1777)
    script = (
        "import os, sys; from pathlib import Path; from tornkit.serve.private_files import *\n"
        f"os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)\n"
        "try:\n    PrivateFolder(Path(sys.argv[1])).write('x', b'1')\n"
        "except NotPrivate as error: print(error)\n"
    )

    def nobody(place: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script, str(place)],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return done.stdout + done.stderr

    try:
        (shared / "roots").mkdir(mode=0o700)
        assert (
            nobody(shared / "roots")
            == f"{shared / 'roots'} belongs to another user; have it removed\n"
        )
        assert nobody(shared / "theirs") == ""
        with pytest.raises(NotPrivate, match="belongs to another user"):
            PrivateFolder(shared / "theirs")
    finally:
        shutil.rmtree(shared)
