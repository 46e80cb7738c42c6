"""Arrangement of a project's files with those that its folder has already.

Lists of lines (``.gitignore``) are merged, README and licence stay the user's, equal files are
equal. Any other is in the way: nothing is written, unless the user says which is to give way.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from tornkit.errors import ConflictError, UsageError
from tornkit.scaffold import answers, env_file, line_lists
from tornkit.scaffold.plan import Plan, PlannedFile
from tornkit.scaffold.writing import Changes

# What a repository has that was just made; a template's own would say less.
_THE_USERS = frozenset({"readme.md", "license", "license.md", "license.txt"})


class FileFate(StrEnum):
    """Fate of one planned file; the value is for people to read."""

    NEW = "new"
    SAME = "as it is"
    MERGED = "merged"
    KEPT = "yours is kept"
    OVERWRITTEN = "overwritten"
    IN_THE_WAY = "yours is in the way"


class Manner(StrEnum):
    """Way to deal with a file that stands in the place of a planned one."""

    REFUSE = "refuse"
    OVERWRITE = "--force"
    KEEP = "--skip-existing"


@dataclass(frozen=True)
class Arrangement:
    """A project's files, each with its fate, and the changes that follow."""

    fates: Mapping[PurePosixPath, FileFate]
    changes: Changes

    def having(self, fate: FileFate) -> tuple[PurePosixPath, ...]:
        return tuple(path for path, each in self.fates.items() if each is fate)

    def check(self) -> None:
        """Raise ConflictError, with all of them, if any file is in the way."""
        found = self.having(FileFate.IN_THE_WAY)
        if found:
            count = "1 file is" if len(found) == 1 else f"{len(found)} files are"
            raise ConflictError(
                f"{count} in the way, so nothing was written (--force overwrites, "
                "--skip-existing keeps yours)",
                tuple(self.changes.show(path) for path in found),
            )


def arranged(plan: Plan, manner: Manner = Manner.REFUSE) -> Arrangement:
    """Compare a planned project, and its ``.env``, with the files that its folder has already.

    :raises UsageError: the folder has a project of tornkit's.
    """
    here = answers.FILE
    if manner is not Manner.OVERWRITE and os.path.lexists(plan.root / here):
        raise UsageError(
            f"{plan.shown} is a project already ({here}): tornkit add and tornkit update change it"
        )
    secret = env_file.env_file(plan.files)
    planned = (*plan.files, secret) if secret else plan.files
    fates, files = beside(plan.root, planned, manner)
    kept = [str(path) for path, fate in fates.items() if fate is FileFate.KEPT]
    recorded = dataclasses.replace(
        plan.answers, kept=tuple(each for each in kept if each != str(env_file.PATH))
    )
    files = [
        PlannedFile(file.path, recorded.dump().encode()) if str(file.path) == here else file
        for file in files
    ]
    return Arrangement(fates, Changes(plan.root, plan.shown, tuple(files)))


def beside(
    root: Path, planned: Iterable[PlannedFile], manner: Manner
) -> tuple[dict[PurePosixPath, FileFate], list[PlannedFile]]:
    """Return the fate of each planned file, by path, and the files that are to be written."""
    fates: dict[PurePosixPath, FileFate] = {}
    files: list[PlannedFile] = []
    for file in sorted(planned, key=lambda each: each.path):
        found = _content(root / file.path)
        fate = _fate(file, root, found, manner)
        content = file.content
        if fate is FileFate.MERGED and found is not None:
            content = line_lists.united(file.path, found, content)
            fate = FileFate.SAME if content == found else fate
        fates[file.path] = fate
        if fate in (FileFate.NEW, FileFate.MERGED, FileFate.OVERWRITTEN):
            files.append(dataclasses.replace(file, content=content))
    return fates, files


def _content(place: Path) -> bytes | None:
    """Bytes of an ordinary file; None for anything else, or nothing."""
    if place.is_symlink() or not place.is_file():
        return None
    return place.read_bytes()


def _fate(file: PlannedFile, root: Path, found: bytes | None, manner: Manner) -> FileFate:
    if not os.path.lexists(root / file.path):
        return FileFate.NEW
    if file.private:
        return FileFate.KEPT
    if found == file.content:
        return FileFate.SAME
    if found is not None and line_lists.is_line_list(file.path):
        return FileFate.MERGED
    if manner is Manner.OVERWRITE:
        return FileFate.OVERWRITTEN
    if manner is Manner.KEEP or str(file.path).lower() in _THE_USERS:
        return FileFate.KEPT
    return FileFate.IN_THE_WAY
