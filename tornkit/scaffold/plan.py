"""Plan of a project: the files that its answers give, rendered from this package's data.

A template's file name says how it becomes the project's: ``.tmpl`` is dropped and the text is
rendered (`tornkit.scaffold.rendering`); ``dot-`` in front becomes a dot; ``PACKAGE`` becomes the
package's name; anything else is copied byte for byte. So no tool takes a template for
the code that it will be. A template that renders to white space alone gives no file, unless it
has no statements: an ``__init__.py`` is empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Any

from tornkit.scaffold import answers, catalogue, names, rendering
from tornkit.scaffold.answers import Answers

_TEMPLATE_SUFFIX = ".tmpl"
_DOT_PREFIX = "dot-"
_PACKAGE = "PACKAGE"


@dataclass(frozen=True)
class PlannedFile:
    """One file of the project: its path within it, and its bytes."""

    path: PurePosixPath
    content: bytes
    private: bool = False
    """Only its owner may read it."""

    @property
    def executable(self) -> bool:
        """Whether the file is a script: it begins with ``#!``, as archives keep no modes."""
        return self.content.startswith(b"#!")

    @property
    def mode(self) -> int:
        """Permissions of the file, before the user's umask is applied."""
        if self.private:
            return 0o600
        return 0o777 if self.executable else 0o666


@dataclass(frozen=True)
class Plan:
    """Plan of a project: the ``files``, sorted by path, to be made under ``root``."""

    answers: Answers
    shown: str
    """The folder as the user typed it, for messages and for ``cd``."""
    root: Path
    files: tuple[PlannedFile, ...]

    def show(self, path: PurePosixPath | str) -> str:
        """Path as seen from where the user stands: ``app.py`` -> ``path/to/demo/app.py``."""
        return str(Path(self.shown, path))


def plan(target: str, template: str, features: frozenset[str], requirement: str) -> Plan:
    """The files of a new project at ``target``: a name, or a path that ends in one.

    Reads only this package's data. Raises UsageError for a bad name.
    """
    root = names.folder_of(target)
    given = Answers(names.parse(root.name), template, features, requirement)
    return Plan(given, str(Path(target)), root, files_of(given, templates()))


def templates() -> Traversable:
    """The folder of this version's templates."""
    return resources.files("tornkit.scaffold") / "templates"


def files_of(given: Answers, source: Traversable) -> tuple[PlannedFile, ...]:
    """Render a project's files, ``.tornkit.toml`` too, from its answers and ``source``'s layers.

    :raises KeyError: ``source``, of an earlier version, lacks the template or a feature.
    """
    found = {PurePosixPath(answers.FILE): given.dump().encode()}
    for layer in catalogue.layers(given.template, given.features, _catalogue_in(source)):
        for path, data in files_in(source.joinpath(*layer.split("/")), PurePosixPath()):
            target, content = _made_of(path, data, given)
            if content is None:
                found.pop(target, None)
            else:
                found[target] = content
    return tuple(PlannedFile(path, found[path]) for path in sorted(found))


def _catalogue_in(source: Traversable) -> dict[str, Any] | None:
    listed = source / catalogue.FILE
    if not listed.is_file():
        return None
    found: dict[str, Any] = json.loads(listed.read_text(encoding="utf-8"))
    return found


def files_in(folder: Traversable, base: PurePosixPath) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Every file below ``folder``, by its path from ``base``."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        # Real dot files are spelled "dot-": these are a desktop's or an editor's droppings.
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from files_in(entry, base / entry.name)
        else:
            yield base / entry.name, entry.read_bytes()


def _made_of(
    path: PurePosixPath, data: bytes, given: Answers
) -> tuple[PurePosixPath, bytes | None]:
    target = PurePosixPath(*(_target_name(part, given) for part in path.parts))
    if path.suffix != _TEMPLATE_SUFFIX:
        return target, data
    text = data.decode()
    rendered = rendering.render(text, given.values, str(path))
    left_out = text.strip() and not rendered.strip()
    return target.with_suffix(""), None if left_out else rendered.encode()


def _target_name(part: str, given: Answers) -> str:
    part = part.replace(_PACKAGE, given.name.package)
    return "." + part.removeprefix(_DOT_PREFIX) if part.startswith(_DOT_PREFIX) else part
