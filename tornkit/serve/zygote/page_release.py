"""Releases the memory pages of library files that a process has done with (Linux).

To import pandas touches 12 MiB of the text of its extension modules, which are in memory on a
zygote's account for as long as it lives; a zygote runs hardly any of it again. The kernel is told
so: it keeps the pages as a cache, which anybody's need of memory takes first, and has them back at
a touch. Only mappings that hold nothing but the file's own bytes are let go: of one that was
written to (relocated, say) the changes would be lost.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
from collections.abc import Iterator

from tornkit import linux

_MADV_DONTNEED = 4
# Private and not writable, of a file (an inode that is not 0): from, to, path.
_MAPPING = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) r-[-x]p [0-9a-f]+ [0-9a-f:]+ [1-9]\d* +(/.*)")


def let_go() -> None:
    """Release pages that can be read from their file again; do nothing where that is not known."""
    if not linux.USED:
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    with contextlib.suppress(OSError), open(linux.PROC / "self/smaps", "rb") as file:  # noqa: PTH123
        for start, end in unwritten(file.read()):
            madvise(start, end - start, _MADV_DONTNEED)  # refused: it stays, and does no harm


def unwritten(smaps: bytes) -> Iterator[tuple[int, int]]:
    """Bounds of each read-only mapping of a file without a page of the process's own."""
    mapping: re.Match[bytes] | None = None
    for line in smaps.splitlines():
        if mapping is not None and line.startswith(b"Anonymous:"):
            if line.split()[1] == b"0":
                yield int(mapping[1], 16), int(mapping[2], 16)
            mapping = None
        elif not line[:1].isupper():
            mapping = _MAPPING.fullmatch(line)
