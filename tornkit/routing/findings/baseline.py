"""Baseline: a file of the findings that an old project accepts, as `Identity` s.

Each entry stands for one finding: the same one twice needs two. What is not in the file counts;
what is in the file and no longer found is mended, and the file can be written anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from tornkit.printable import printable_json
from tornkit.routing.findings.identity import Identity

VERSION = 1
_KEYS = frozenset(each.name for each in fields(Identity))


class BadBaseline(ValueError):
    """The text is no baseline. ``str(error)`` says why."""


@dataclass(frozen=True)
class Compared:
    """Result of a comparison with a baseline.

    ``new`` are the places, in the sequence compared, of what the baseline does not hold. ``known``
    counts the others, ``mended`` the entries that nothing was found for.
    """

    new: tuple[int, ...]
    known: int
    mended: int


def write(found: Iterable[Identity]) -> str:
    """Text of a baseline file, sorted, so that people's changes merge and a diff can be read."""
    entries = [each.as_dict() for each in sorted(found)]
    document = {"version": VERSION, "findings": entries}
    # A file's name may hold what no encoding has.
    return printable_json(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def read(text: str) -> tuple[Identity, ...]:
    """Read a baseline from the text that `write` made.

    :raises BadBaseline: it is something else, or a later tornkit's.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadBaseline(f"it is not JSON ({error})") from None
    version = document.get("version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise BadBaseline("it is JSON, but no baseline")
    if version != VERSION:
        raise BadBaseline(f"its version is {version}, and this tornkit knows {VERSION}")
    entries = document.get("findings")
    if not isinstance(entries, list):
        raise BadBaseline("it has no list of findings")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries, start=1))


def _entry(number: int, entry: Any) -> Identity:
    if (
        not isinstance(entry, dict)
        or "code" not in entry
        or not entry.keys() <= _KEYS
        or not all(isinstance(value, str) for value in entry.values())
    ):
        raise BadBaseline(f"its finding {number} is none that tornkit wrote")
    return Identity(**entry)


def compare(found: Sequence[Identity], known: Iterable[Identity]) -> Compared:
    """Compare findings with a baseline, of which each entry stands for one."""
    left = Counter(known)
    new = []
    for place, each in enumerate(found):
        if left[each] > 0:
            left[each] -= 1
        else:
            new.append(place)
    return Compared(tuple(new), known=len(found) - len(new), mended=left.total())
