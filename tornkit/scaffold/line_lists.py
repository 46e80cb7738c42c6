"""Files that are lists of lines, such as ``.gitignore``: the lines of two make one.

The user's lines come first and stay as they are. A line that they lack is appended, under the
comment that it has.
"""

from __future__ import annotations

from pathlib import PurePosixPath

_IGNORE_FILES = frozenset({".gitignore", ".dockerignore"})
_ASSIGNMENTS = frozenset({".env.example"})


def is_line_list(path: PurePosixPath) -> bool:
    """Whether the file at ``path`` within a project is such a list."""
    return path.name in _IGNORE_FILES | _ASSIGNMENTS


def united(path: PurePosixPath, yours: bytes, ours: bytes, seen: bytes = b"") -> bytes:
    """The lines of the user's file (``yours``), then those of ``ours`` that it lacks.

    :param seen: lines that the user has had; where they are gone, they were taken out.
    """
    known = {key for line in _lines(yours) + _lines(seen) if (key := _key(path, line))}
    missing: list[str] = []
    comment: list[str] = []
    for line in _lines(ours):
        key = _key(path, line)
        if key is None:  # a comment, or the blank line that ends what it is about
            comment = [*comment, line] if line.strip() else []
        elif key not in known:
            missing += [*comment, line]
            comment = []
    if not missing:
        return yours
    end = "\r\n" if b"\r\n" in yours else "\n"
    text = yours.decode("utf-8", "surrogateescape")
    if text and not text.endswith("\n"):
        text += end
    if text.strip():
        text += end
    return (text + "".join(f"{line}{end}" for line in missing)).encode("utf-8", "surrogateescape")


def _lines(content: bytes) -> list[str]:
    return [
        line.removesuffix("\r")
        for line in content.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")
    ]


def _key(path: PurePosixPath, line: str) -> str | None:
    """Key by which lines of equal meaning are known; None for comments and blank lines."""
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    if path.name in _ASSIGNMENTS:
        return text.removeprefix("export ").partition("=")[0].strip()
    # "/build/" and "build" differ in depth and kind; either has what a project makes.
    return text.strip("/") or text
