"""Set of watched folders: those that were asked for, and which below them are watched as well."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from tornkit.paths import real_path
from tornkit.serve.watching.file_state import Identity, is_below
from tornkit.serve.watching.unedited import MARKS, is_unedited_folder, is_unedited_name


@dataclass(frozen=True)
class Coverage:
    """Paths to watch. ``deep`` folders with all below them, ``flat`` ones by themselves.

    They need not exist yet. ``files`` are told of also where they look like ones that nobody
    edits. ``left_out`` says of a folder that nothing below it matters.
    """

    deep: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    left_out: Callable[[str], bool] = lambda folder: False


class Reach:
    """The coverage that was asked for, its roots, and the links that are followed."""

    def __init__(self) -> None:
        self.wanted = Coverage()
        self.roots: dict[str, Identity | None] = {}  # by name; None: there is none now
        self._linked: dict[str, str] = {}  # folders outside that links lead to: real name -> link

    def take(self, coverage: Coverage) -> set[str]:
        """Reach this coverage from now on; return the roots that it needs, known ones as well."""
        self.wanted = coverage
        return {each for each in coverage.deep | coverage.flat if not self.is_reached(each)}

    def is_deep(self, path: str) -> bool:
        """Whether a path is below a root that is watched with all below it."""
        return any(is_below(path, root) for root in self.wanted.deep)

    def forget_links(self, top: str | None = None) -> None:
        """Forget the followed links that lie below a folder, or all of them."""
        for target in [t for t, link in self._linked.items() if top is None or is_below(link, top)]:
            del self._linked[target]

    def is_reached(self, path: str) -> bool:
        """Whether a folder is watched because one above it is, with all below it."""
        return any(
            is_below(path, base) and path != base and self._is_way(base, path)
            for root in self.wanted.deep
            for base in {root, real_path(root)}
        )

    def _is_way(self, base: str, path: str) -> bool:
        """Whether `FolderWatch` gets from ``base`` down to ``path``: none between is left out."""
        place = base
        for name in path[len(base) :].strip(os.sep).split(os.sep):  # noqa: PTH206 - text
            place = os.path.join(place, name)  # noqa: PTH118 - text
            if (
                is_unedited_name(name)
                or self.wanted.left_out(place)
                or os.path.islink(place)  # noqa: PTH114 - text
                or self.is_unedited(place)
            ):
                return False
        return True

    def is_wanted(self, path: str, name: str) -> bool:
        """Whether to go into a folder that was found in another."""
        if path in self.roots:
            return True
        if is_unedited_name(name) or self.wanted.left_out(path):
            return False
        return not os.path.islink(path) or self._may_follow(path)  # noqa: PTH114 - many

    def _may_follow(self, link: str) -> bool:
        """Whether a link to a folder leads out to one that is not watched, nor above one that is.

        What is watched already is told of by its real name, and loops end here.
        """
        target = real_path(link)
        known = [real_path(root) for root in self.wanted.deep] + [
            real for real, by in self._linked.items() if by != link
        ]
        if any(is_below(target, each) or is_below(each, target) for each in known):
            return False
        self._linked[target] = link
        return True

    @staticmethod
    def is_unedited(folder: str) -> bool:
        """Whether a folder has the mark of one that nobody edits, an environment's say."""
        marks = [mark for mark in MARKS if os.path.lexists(os.path.join(folder, mark))]  # noqa: PTH118 - text
        return is_unedited_folder(folder, marks)
