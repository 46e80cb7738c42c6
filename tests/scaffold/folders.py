"""Folders of tests as plain data, and small projects that hang on no template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tornkit.scaffold import names
from tornkit.scaffold.answers import Answers
from tornkit.scaffold.plan import PlannedFile

Snapshot = dict[str, str | bytes]


def snapshot(folder: Path) -> Snapshot:
    """Everything below ``folder``: path -> bytes, "folder", or where a link leads."""
    found: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        kind: str | bytes
        if path.is_symlink():
            kind = f"-> {path.readlink()}"
        else:
            kind = "folder" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(folder))] = kind
    return found


def fill(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files, with their folders; returns ``folder``."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def planned(files: Mapping[str, str | bytes]) -> list[PlannedFile]:
    return [
        PlannedFile(PurePosixPath(path), text.encode() if isinstance(text, str) else text)
        for path, text in files.items()
    ]


def answers(version: str = "1.0", *features: str) -> Answers:
    return Answers(names.parse("demo"), "site", frozenset(features), "tornkit>=0", version)
