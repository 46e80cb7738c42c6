"""The tree of files."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.nasty_text import FILE_NAME, disobedient
from tornkit.cli.projects.tree import tree


def drawn(root: str, **notes: str) -> list[str]:
    return tree(root, {PurePosixPath(path): note for path, note in notes.items()}).plain.split("\n")


def test_folders_first_and_notes_in_a_column() -> None:
    assert drawn("demo", **{"z.py": "merged", "a/b/c.py": "", "a/d.py": "kept", "b.py": ""}) == [
        "demo/",
        "├── a/",
        "│   ├── b/",
        "│   │   └── c.py",
        "│   └── d.py  kept",
        "├── b.py",
        "└── z.py      merged",
    ]


def test_no_files() -> None:
    assert drawn("/") == ["/"]


def test_a_terminal_obeys_no_name() -> None:
    lines = drawn(FILE_NAME, **{FILE_NAME: "x"})
    assert len(lines) == 2
    assert disobedient("".join(lines)) == set()
