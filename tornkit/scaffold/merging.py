"""Three-way merge of files: what a person changed and what a template changed since a common base.

Lines that both left alone divide the texts. In between, a part that one side left as it was is
taken from the other; parts that both made alike are taken once; anything else is a conflict,
marked as git marks it. So each line that the person added is in the result.

difflib finds the lines in common. merge3, the one well-kept library for this, does so as well, and
its licence (GPL) would bind everything that tornkit is shipped with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Lines = Sequence[bytes]

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_YOURS, _MIDDLE, _NEW = b"<<<<<<< ", b"=======", b">>>>>>> "


@dataclass(frozen=True)
class MergedFile:
    """The bytes of a merged file, and how many conflicts are marked in it."""

    content: bytes
    conflicts: int


def is_binary(content: bytes) -> bool:
    """Whether a file has no lines to merge, by git's rule."""
    return b"\0" in content[:8000]


def has_markers(content: bytes) -> bool:
    """Whether a conflict is marked: three lines as `merged` writes them, in their order."""
    wanted = iter((_YOURS, _MIDDLE, _NEW))
    mark = next(wanted)
    for line in _lines(content):
        if line.rstrip() == mark if mark == _MIDDLE else line.startswith(mark):
            found = next(wanted, None)
            if found is None:
                return True
            mark = found
    return False


def merged(base: bytes, yours: bytes, new: bytes, label: str) -> MergedFile:
    """Merge two texts, ``yours`` and ``new``, by their common ``base``; mark conflicts.

    Line ends are those of ``yours`` where they are all alike.

    :param label: of the new side, in the markers.
    """
    as_typed = _ends_with_crlf(yours) and b"\r" not in base + new
    if as_typed:
        yours = yours.replace(b"\r\n", b"\n")
    parts: list[bytes] = []
    conflicts = 0
    for part in _parts(_lines(base), _lines(yours), _lines(new)):
        if isinstance(part, _Clash):
            conflicts += 1
            parts += part.marked(label.encode())
        else:
            parts += part
    content = b"".join(parts)
    return MergedFile(content.replace(b"\n", b"\r\n") if as_typed else content, conflicts)


def with_ends_of(content: bytes, yours: bytes) -> bytes:
    """``content`` with CRLF at the ends of lines if ``yours`` has it everywhere."""
    if _ends_with_crlf(yours) and b"\r" not in content and not is_binary(content):
        return content.replace(b"\n", b"\r\n")
    return content


def _ends_with_crlf(content: bytes) -> bool:
    return b"\n" in content and content.count(b"\n") == content.count(b"\r\n")


def _lines(content: bytes) -> list[bytes]:
    return _LINE.findall(content)


@dataclass(frozen=True)
class _Clash:
    """Conflict: lines that both sides changed, and differently."""

    yours: Lines
    new: Lines

    def marked(self, label: bytes) -> list[bytes]:
        """Lines of the conflict, with markers around those that differ between the two sides."""
        start = _common(self.yours, self.new)
        end = _common(self.yours[start:][::-1], self.new[start:][::-1])
        yours, new = (side[start : len(side) - end] for side in (self.yours, self.new))
        return [
            *_ended(self.yours[:start]),
            _YOURS + b"yours\n",
            *_ended(yours),
            _MIDDLE + b"\n",
            *_ended(new),
            _NEW + label + b"\n",
            *self.yours[len(self.yours) - end :],
        ]


def _common(one: Lines, other: Lines) -> int:
    """Number of lines at the beginning of both that are equal."""
    count = 0
    for line, like in zip(one, other, strict=False):
        if line != like:
            break
        count += 1
    return count


def _ended(lines: Lines) -> list[bytes]:
    return [line if line.endswith(b"\n") else line + b"\n" for line in lines]


def _parts(base: Lines, yours: Lines, new: Lines) -> Iterator[Lines | _Clash]:
    b = y = n = 0
    for start, its_yours, its_new, length in _unchanged(base, yours, new):
        yield _decided(base[b:start], yours[y:its_yours], new[n:its_new])
        yield base[start : start + length]
        b, y, n = start + length, its_yours + length, its_new + length


def _decided(base: Lines, yours: Lines, new: Lines) -> Lines | _Clash:
    if yours in (base, new):
        return new
    return yours if new == base else _Clash(yours, new)


def _unchanged(base: Lines, yours: Lines, new: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines that both sides left alone: where each begins in the three, and its length.

    The last run is empty, at the three ends.
    """
    mine, its = (_matches(base, side) for side in (yours, new))
    one = other = 0
    while one < len(mine) and other < len(its):
        base_one, start_one, length_one = mine[one]
        base_other, start_other, length_other = its[other]
        start = max(base_one, base_other)
        end = min(base_one + length_one, base_other + length_other)
        if start < end:
            yield start, start_one + start - base_one, start_other + start - base_other, end - start
        if base_one + length_one < base_other + length_other:
            one += 1
        else:
            other += 1
    yield len(base), len(yours), len(new), 0


def _matches(base: Lines, side: Lines) -> list[tuple[int, int, int]]:
    blocks = SequenceMatcher(None, base, side, autojunk=False).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks if block.size]
