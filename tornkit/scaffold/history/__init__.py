"""Templates of earlier versions, by which `tornkit update` knows what a project began as.

``<version>.zip`` beside this file has the layers of one version and its catalogue, and
``digests.json`` what they render to, so that no later change of the renderer goes unseen. Both
are written by ``python -m tornkit.scaffold.history`` before a version is released, and never
again.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from tornkit import __version__
from tornkit.errors import TornkitError
from tornkit.scaffold import answers, catalogue, names, plan
from tornkit.scaffold.answers import Answers

DIGESTS = "digests.json"


def folder() -> Traversable:
    """The folder of the archives."""
    return resources.files("tornkit.scaffold.history")


def versions(archives: Traversable | None = None) -> list[str]:
    """Versions that have an archive, the oldest first."""
    found = [
        entry.name.removesuffix(".zip")
        for entry in (archives or folder()).iterdir()
        if entry.name.endswith(".zip")
    ]
    return sorted(found, key=order)


def order(version: str) -> tuple[int, ...]:
    """A version as numbers that compare: ``0.10.0`` after ``0.9.1``."""
    return tuple(int(each) for each in re.findall(r"\d+", version))


def templates_of(version: str, archives: Traversable | None = None) -> Traversable:
    """The layers of a version: this one's folder, or an archive.

    :raises TornkitError: it is later than this one, or no archive has it.
    """
    if version == __version__:
        return plan.templates()
    archive = (archives or folder()) / f"{version}.zip"
    if re.fullmatch(r"[0-9A-Za-z.+-]+", version) and archive.is_file():
        return opened(archive.read_bytes())
    if order(version) > order(__version__):
        raise TornkitError(
            f"the project is of tornkit {version}, and this is {__version__}: install that or a "
            "later one"
        )
    raise TornkitError(
        f"the project is of tornkit {version}, whose templates tornkit {__version__} does not have"
    )


def opened(archive: bytes) -> Traversable:
    """The layers within an archive."""
    return zipfile.Path(zipfile.ZipFile(io.BytesIO(archive)))


def archived(source: Traversable) -> bytes:
    """An archive of the layers in ``source``, and of this version's catalogue.

    Its bytes depend on theirs alone: no dates, and nothing compressed, as libraries differ in that.
    A wheel compresses it.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for path, content in sorted(_entries(source)):
            # The date is the earliest that the format has; the system is Unix, wherever made.
            entry = zipfile.ZipInfo(str(path), (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return data.getvalue()


def _entries(source: Traversable) -> Iterator[tuple[PurePosixPath, bytes]]:
    listed = source / catalogue.FILE
    yield (
        PurePosixPath(catalogue.FILE),
        listed.read_bytes() if listed.is_file() else catalogue.dump().encode(),
    )
    for path, content in plan.files_in(source, PurePosixPath()):
        if path != PurePosixPath(catalogue.FILE):
            yield path, content


def digest(source: Traversable) -> str:
    """SHA-256 over the projects that a version's layers make: each template, bare and with all."""
    listed = source / catalogue.FILE
    known = json.loads(listed.read_text() if listed.is_file() else catalogue.dump())
    found = hashlib.sha256()
    for template in sorted(known["templates"]):
        for features in ((), tuple(known["features"])):
            given = Answers(
                names.parse("a-project"), template, frozenset(features), "tornkit>=0", "0"
            )
            for file in plan.files_of(given, source):
                if str(file.path) != answers.FILE:
                    for part in (str(file.path).encode(), file.content):
                        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def recorded_digests(archives: Traversable | None = None) -> dict[str, str]:
    """The digest of each version as it was when its archive was made."""
    listed = (archives or folder()) / DIGESTS
    found: dict[str, str] = json.loads(listed.read_text()) if listed.is_file() else {}
    return found
