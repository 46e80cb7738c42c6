"""Additions to a project that was made without them: `tornkit add docker`.

The files of the addition are new ones beside the user's (`tornkit.scaffold.existing`). Files that
only differ a little with it are merged as an update is (`tornkit.scaffold.updating`). All are of
the version that made the project: an addition is no update.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tornkit.errors import UsageError
from tornkit.scaffold import answers, existing, history, plan, updating
from tornkit.scaffold.answers import Answers
from tornkit.scaffold.existing import Arrangement, Manner
from tornkit.scaffold.plan import PlannedFile
from tornkit.scaffold.updating import Update
from tornkit.scaffold.writing import Changes


@dataclass(frozen=True)
class Addition:
    """Changes by which features come: their ``own`` files, and an update of the ``rest``."""

    own: Arrangement
    rest: Update

    @property
    def changes(self) -> Changes:
        """All that is to be written."""
        files = (*self.own.changes.files, *self.rest.changes.files)
        return dataclasses.replace(
            self.rest.changes, files=tuple(sorted(files, key=lambda file: file.path))
        )


def added(
    root: Path, shown: str, features: frozenset[str], manner: Manner = Manner.REFUSE
) -> Addition:
    """Work out what adds ``features`` to the project in ``root``; nothing is written.

    Of a feature that the project has already, the files that are missing are restored.

    :raises UsageError: there is no project, or its version had no such addition.
    """
    before = answers.read(root)
    place = Changes(root, shown, ())
    base, wanted, without = (
        _files(before, chosen)
        for chosen in (
            before.features,
            before.features | features,
            before.features - features,
        )
    )
    own = [file for path, file in wanted.items() if path not in without]
    fates, files = existing.beside(root, _still_to_come(root, own, base), manner)
    kept = [str(path) for path, fate in fates.items() if fate is existing.FileFate.KEPT]
    after = dataclasses.replace(
        before,
        features=before.features | features,
        kept=tuple(sorted({*before.kept, *kept})),
    )
    record = PurePosixPath(answers.FILE)
    new = {path: file for path, file in wanted.items() if path in base}
    new[record] = PlannedFile(record, after.dump().encode())
    rest = updating.update(place, (before, base.values()), (after, new.values()))
    return Addition(Arrangement(fates, dataclasses.replace(place, files=tuple(files))), rest)


def _files(given: Answers, features: frozenset[str]) -> Mapping[PurePosixPath, PlannedFile]:
    chosen = dataclasses.replace(given, features=features)
    try:
        files = plan.files_of(chosen, history.templates_of(given.version))
    except KeyError as error:
        raise UsageError(
            f"tornkit {given.version}, of which the project is, had no {error.args[0]}: "
            "run tornkit update first"
        ) from None
    return {file.path: file for file in files}


def _still_to_come(
    root: Path, own: list[PlannedFile], base: Mapping[PurePosixPath, PlannedFile]
) -> list[PlannedFile]:
    """Files of ``own`` that are to be written: not those that the project had and has still."""
    return [file for file in own if file.path not in base or not os.path.lexists(root / file.path)]
