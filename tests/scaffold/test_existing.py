"""A new project in a folder that has files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tests.scaffold.folders import answers, fill, planned, snapshot
from tornkit.errors import ConflictError, UsageError
from tornkit.scaffold import writing
from tornkit.scaffold.answers import FILE, read
from tornkit.scaffold.existing import FileFate, Manner, arranged
from tornkit.scaffold.plan import Plan

PLANNED = {
    ".gitignore": ".env\n",
    ".env.example": "COOKIE_SECRET=\n",
    "README.md": "# Demo\n",
    "app.py": "new\n",
    "docs/README.md": "about docs\n",
}


def a_plan(root: Path) -> Plan:
    given = answers("0.1.0")
    files = planned({**PLANNED, FILE: given.dump()})
    return Plan(given, "demo", root, tuple(sorted(files, key=lambda file: file.path)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "demo"


def test_a_new_folder_has_all_of_it(root: Path) -> None:
    arrangement = arranged(a_plan(root))
    assert set(arrangement.fates.values()) == {FileFate.NEW}
    arrangement.check()
    writing.write(arrangement.changes)
    assert set(snapshot(root)) == {*PLANNED, ".env", FILE, "docs"}


def test_what_a_repository_begins_with_stays(root: Path) -> None:
    fill(
        root,
        {
            ".gitignore": "*.log\n",
            "README.md": "# Mine\n",
            "LICENSE": "mine",
            ".git/config": "git's",
            ".env": "COOKIE_SECRET=mine\n",
        },
    )
    arrangement = arranged(a_plan(root))
    arrangement.check()
    writing.write(arrangement.changes)
    found = snapshot(root)
    assert found[".gitignore"] == b"*.log\n\n.env\n"
    assert found["README.md"] == b"# Mine\n"
    assert found["LICENSE"] == b"mine"
    assert found[".git/config"] == b"git's"
    assert found[".env"] == b"COOKIE_SECRET=mine\n"
    assert found["docs/README.md"] == b"about docs\n"
    assert set(arrangement.having(FileFate.KEPT)) == {
        PurePosixPath("README.md"),
        PurePosixPath(".env"),
    }
    assert read(root).kept == ("README.md",), "an update is to leave it alone, too"


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_in_the_way_is_listed(root: Path, kind: str) -> None:
    fill(root, {"docs/README.md": "mine\n"})
    if kind == "file":
        (root / "app.py").write_text("mine\n")
    elif kind == "link":
        (root / "app.py").symlink_to("nowhere")
    else:
        (root / "app.py").mkdir()
    arrangement = arranged(a_plan(root))
    with pytest.raises(ConflictError, match="2 files are in the way") as caught:
        arrangement.check()
    assert caught.value.paths == ("demo/app.py", "demo/docs/README.md")


def test_force_overwrites_all_but_lists_and_secrets(root: Path) -> None:
    before = {".gitignore": "mine\n", "README.md": "mine", "app.py": "mine", ".env": "mine"}
    fill(root, before)
    arrangement = arranged(a_plan(root), Manner.OVERWRITE)
    arrangement.check()
    writing.write(arrangement.changes)
    found = snapshot(root)
    assert found["app.py"] == b"new\n"
    assert found["README.md"] == b"# Demo\n"
    assert found[".gitignore"] == b"mine\n\n.env\n"
    assert found[".env"] == b"mine"
    assert read(root).kept == ()


def test_skip_existing_keeps_them(root: Path) -> None:
    fill(root, {"app.py": "mine\n", "README.md": "mine\n"})
    (root / "docs").mkdir()
    (root / "docs" / "README.md").symlink_to("nowhere")
    arrangement = arranged(a_plan(root), Manner.KEEP)
    arrangement.check()
    writing.write(arrangement.changes)
    assert (root / "app.py").read_text() == "mine\n"
    assert (root / "docs" / "README.md").is_symlink()
    assert read(root).kept == ("README.md", "app.py", "docs/README.md")


def test_equal_files_are_in_nobodys_way(root: Path) -> None:
    fill(root, {"app.py": "new\n", ".gitignore": "x\n.env\n"})
    arrangement = arranged(a_plan(root))
    arrangement.check()
    assert arrangement.fates[PurePosixPath("app.py")] is FileFate.SAME
    assert arrangement.fates[PurePosixPath(".gitignore")] is FileFate.SAME


@pytest.mark.parametrize("manner", [Manner.REFUSE, Manner.KEEP])
def test_a_project_is_not_made_twice(root: Path, manner: Manner) -> None:
    writing.write(arranged(a_plan(root)).changes)
    with pytest.raises(UsageError, match="demo is a project already"):
        arranged(a_plan(root), manner)
    arranged(a_plan(root), Manner.OVERWRITE).check()
