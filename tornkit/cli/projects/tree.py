"""A tree of files, with what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from rich.text import Text

from tornkit.printable import printable


def tree(root: str, notes: Mapping[PurePosixPath, str]) -> Text:
    """Lines of a tree below ``root``; a note stands beside its file.

    ``demo/``, ``├── app.py``, ``└── tests/``, ``    └── test_app.py  merged``
    """
    rows = list(_rows(notes, PurePosixPath(), ""))
    width = max((len(rail) + len(name) for rail, name, note in rows if note), default=0)
    text = Text(f"{printable(root)}/".replace("//", "/"), "bold")
    for rail, name, note in rows:
        text.append(f"\n{rail}", "dim")
        text.append(name, "cyan" if name.endswith("/") else "")
        if note:
            text.append(" " * (width - len(rail) - len(name) + 2) + note, "yellow")
    return text


def _rows(
    notes: Mapping[PurePosixPath, str], folder: PurePosixPath, rail: str
) -> list[tuple[str, str, str]]:
    """Rail, name and note of each line below ``folder``; folders before files."""
    depth = len(folder.parts)
    below = [path for path in notes if path.parts[:depth] == folder.parts]
    folders = sorted({path.parts[depth] for path in below if len(path.parts) > depth + 1})
    files = sorted(path.parts[depth] for path in below if len(path.parts) == depth + 1)
    rows: list[tuple[str, str, str]] = []
    for number, name in enumerate((*folders, *files), 1):
        last = number == len(folders) + len(files)
        branch = rail + ("└── " if last else "├── ")
        if number > len(folders):
            rows.append((branch, printable(name), notes[folder / name]))
        else:
            rows.append((branch, f"{printable(name)}/", ""))
            rows += _rows(notes, folder / name, rail + ("    " if last else "│   "))
    return rows
