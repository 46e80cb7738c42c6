"""Selection of codes by their beginnings: those to take and those to leave.

Nothing taken means every code that is on by default. What is taken by name is on, whatever its
default; what is left is off, whoever took it. A word that no code begins with is a mistake, not
an empty set: a misspelt ``TK21`` in a settings file must not silently switch a check off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tornkit.routing.findings.codes import ALL, CODES, FAMILIES, UNDECIDED


class UnknownCode(ValueError):
    """No code begins with this word. ``str(error)`` is the word."""


class NothingSelected(ValueError):
    """The selection leaves no code: all that was taken was left out."""


@dataclass(frozen=True)
class Wanted:
    """Codes of findings to report. ``muted``: TK000 was left out by name, not merely unasked."""

    codes: frozenset[str]
    muted: bool = False

    @property
    def families(self) -> tuple[str, ...]:
        """Families of checks to run; TK000 may come of any that runs by default."""
        of_codes = {CODES[code].family for code in self.codes}
        if None in of_codes:
            of_codes |= set(ALL)
        return tuple(family for family in FAMILIES.values() if family in of_codes)

    @property
    def checks(self) -> int:
        """Number of codes looked for, at least 1; TK000 is none: any check may end in it."""
        return len(self.codes - {UNDECIDED}) or 1

    def __contains__(self, code: str) -> bool:
        return code in self.codes


def wanted(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Wanted:
    """Codes that ``select`` and ``ignore`` leave; each word may be a list with commas.

    >>> sorted(wanted(["TK1,TK203"], ["TK102"]).codes)
    ['TK101', 'TK203']

    :raises UnknownCode: a word begins no code.
    :raises NothingSelected: no code is left.
    """
    taken = _codes(select) or {code for code, each in CODES.items() if each.by_default}
    left = _codes(ignore)
    if not taken - left:
        raise NothingSelected
    return Wanted(frozenset(taken - left), muted=UNDECIDED in left)


def words(lists: Iterable[str]) -> tuple[str, ...]:
    """Words of lists with commas, in upper case.

    ``["TK2, tk301", "TK5"]`` -> ``("TK2", "TK301", "TK5")``
    """
    return tuple(
        word for each in lists for part in each.split(",") if (word := part.strip().upper())
    )


def _codes(lists: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for word in words(lists):
        begun = {code for code in CODES if code.startswith(word)}
        if not begun:
            raise UnknownCode(word)
        found |= begun
    return found
