"""Changes that bring a project's files from one state of the templates to another.

Three states of each file decide: ``base``, as the project began, from the recorded answers and
that version's templates; ``new``, as it would begin now; and the user's, in the folder. A file
that the user never touched becomes the new one; a file that both changed is merged
(`tornkit.scaffold.merging`); one that the user deleted stays deleted.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from tornkit import __version__
from tornkit.errors import ConflictError
from tornkit.scaffold import answers, history, line_lists, merging, plan, requirement
from tornkit.scaffold.answers import Answers
from tornkit.scaffold.plan import PlannedFile
from tornkit.scaffold.writing import Changes

_RECORD = PurePosixPath(answers.FILE)


class UpdateOutcome(StrEnum):
    """Result for one file; the value is for people to read."""

    ADDED = "added"
    REPLACED = "replaced"
    MERGED = "merged"
    REMOVED = "removed"
    CONFLICT = "conflict"
    KEPT = "kept"
    """The templates dropped or replaced a file that the user has changed beyond merging."""
    LEFT_OUT = "left out"
    """The templates changed a file that the user deleted."""


@dataclass(frozen=True)
class Update:
    """Changes to a project, and the outcome for each file that has one."""

    before: Answers
    after: Answers
    outcomes: Mapping[PurePosixPath, UpdateOutcome]
    changes: Changes

    def having(self, outcome: UpdateOutcome) -> tuple[PurePosixPath, ...]:
        return tuple(path for path, each in self.outcomes.items() if each is outcome)


@dataclass(frozen=True)
class _FileUpdate:
    """Outcome of the update for one file, and its new bytes if it is to be written."""

    outcome: UpdateOutcome
    content: bytes | None = None


def to_this_version(root: Path, shown: str) -> Update:
    """The update of the project in ``root`` to this tornkit's templates.

    :raises UsageError: there is no project.
    :raises TornkitError: its version's templates are not here.
    :raises ConflictError: conflicts of an earlier update are not settled yet.
    """
    before = answers.read(root)
    after = dataclasses.replace(
        before,
        version=__version__,
        requirement=requirement.renewed(before.requirement),
    )
    base = plan.files_of(before, history.templates_of(before.version))
    if before.version == after.version:
        place = Changes(root, shown, ())
        refuse_unsettled(place, {file.path for file in base})
        return Update(before, before, {}, place)
    new = plan.files_of(after, plan.templates())
    return update(Changes(root, shown, ()), (before, base), (after, new))


def update(
    place: Changes,
    old: tuple[Answers, Iterable[PlannedFile]],
    new: tuple[Answers, Iterable[PlannedFile]],
) -> Update:
    """Work out the update of a project from ``old`` answers and files to ``new`` ones.

    :param place: the project's folder; has no changes itself.
    """
    (before, old_files), (after, new_files) = old, new
    base = {file.path: file.content for file in old_files}
    wanted = {file.path: file.content for file in new_files}
    refuse_unsettled(place, base.keys() | wanted.keys())
    label = f"tornkit {after.version}"
    if added := after.features - before.features:
        label += f" with {', '.join(sorted(added))}"
    outcomes: dict[PurePosixPath, UpdateOutcome] = {}
    files: list[PlannedFile] = []
    for path in sorted(base.keys() | wanted.keys()):
        if str(path) in after.kept:
            continue
        step = _step(place.root / path, path, base.get(path), wanted.get(path), label)
        if step is None:
            continue
        if path != _RECORD:
            outcomes[path] = step.outcome
        if step.content is not None:
            files.append(PlannedFile(path, step.content))
    removed = tuple(path for path, each in outcomes.items() if each is UpdateOutcome.REMOVED)
    changes = dataclasses.replace(place, files=tuple(files), removed=removed)
    return Update(before, after, outcomes, changes)


def refuse_unsettled(place: Changes, paths: Collection[PurePosixPath]) -> None:
    """Raise ConflictError if any of these files still has the markers of a conflict."""
    marked = [
        place.show(path)
        for path in sorted(paths)
        if (found := _yours(place.root / path)) and merging.has_markers(found)
    ]
    if marked:
        count = "1 file has" if len(marked) == 1 else f"{len(marked)} files have"
        raise ConflictError(
            f"{count} conflicts that are not settled, so nothing was written; choose from what "
            "stands between <<<<<<< and >>>>>>>, and remove the markers",
            marked,
        )


def _step(
    place: Path, path: PurePosixPath, base: bytes | None, new: bytes | None, label: str
) -> _FileUpdate | None:
    """Decide about one file; None where there is nothing to do."""
    if path == _RECORD:  # not the user's, and it has to say which templates were used
        return None if _yours(place) == new else _FileUpdate(UpdateOutcome.REPLACED, new)
    if base == new:
        return None
    if not os.path.lexists(place):
        if base is None:
            return _FileUpdate(UpdateOutcome.ADDED, new)
        return None if new is None else _FileUpdate(UpdateOutcome.LEFT_OUT)
    yours = _yours(place)
    if yours is None:  # a link or a folder of the user's
        return _FileUpdate(UpdateOutcome.KEPT)
    if new is None:
        untouched = base is not None and yours == merging.with_ends_of(base, yours)
        return _FileUpdate(UpdateOutcome.REMOVED if untouched else UpdateOutcome.KEPT)
    return _merged(path, base, yours, new, label)


def _merged(
    path: PurePosixPath, base: bytes | None, yours: bytes, new: bytes, label: str
) -> _FileUpdate | None:
    if yours == merging.with_ends_of(new, yours):
        return None
    if base is not None and yours == merging.with_ends_of(base, yours):
        return _FileUpdate(UpdateOutcome.REPLACED, merging.with_ends_of(new, yours))
    if merging.is_binary(yours + new):
        return _FileUpdate(UpdateOutcome.CONFLICT)
    found = merging.merged(base or b"", yours, new, label)
    outcome, content = UpdateOutcome.MERGED, found.content
    if found.conflicts and line_lists.is_line_list(path):
        content = line_lists.united(path, yours, new, base or b"")
    elif found.conflicts:
        outcome = UpdateOutcome.CONFLICT
    return None if content == yours else _FileUpdate(outcome, content)


def _yours(place: Path) -> bytes | None:
    """Bytes of an ordinary file; None for anything else, or nothing."""
    return place.read_bytes() if place.is_file() and not place.is_symlink() else None
