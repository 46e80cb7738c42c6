"""Answers that a project was made from, kept in its ``.tornkit.toml``.

`tornkit update` and `tornkit add` read them: with a version's templates they give the very files
that `tornkit new` wrote.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornkit import __version__
from tornkit.errors import UsageError
from tornkit.scaffold import catalogue, names

FILE = ".tornkit.toml"
_HEAD = """\
# What this project was made from. `tornkit update` and `tornkit add` read it: keep it, and
# change nothing by hand.
"""


@dataclass(frozen=True)
class Answers:
    """Answers that decide a project's files, together with the templates of ``version``.

    ``requirement`` is how the project asks for tornkit: a range, or ``tornkit @ URL`` where
    tornkit came from elsewhere than an index.
    """

    name: names.ProjectName
    template: str
    features: frozenset[str]
    requirement: str
    version: str = __version__
    kept: tuple[str, ...] = ()
    """Files that were there before the project and stayed as they were: not the templates'."""

    @property
    def values(self) -> dict[str, Any]:
        """The names that templates may use."""
        return {
            "name": self.name.name,
            "package": self.name.package,
            "title": self.name.title,
            "template": self.template,
            "features": self.features,
            "requirement": self.requirement,
            "version": self.version,
        }

    def dump(self) -> str:
        """The text of ``.tornkit.toml``."""
        # JSON's strings and lists of strings are TOML's.
        settings = {
            "version": self.version,
            "name": self.name.name,
            "template": self.template,
            "with": sorted(self.features),
            "requirement": self.requirement,
            **({"kept": sorted(self.kept)} if self.kept else {}),
        }
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()
        ]
        return _HEAD + "\n".join(lines) + "\n"


def read(folder: Path) -> Answers:
    """The answers of the project in ``folder``.

    :raises UsageError: there are none, or they are not as `Answers.dump` writes them.
    """
    path = folder / FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no {FILE} in {folder}, so it is no project of tornkit new (--project names "
            "another folder)"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from None
    return _checked(table, path)


def _checked(table: Mapping[str, Any], path: Path) -> Answers:
    texts = {key: table.get(key) for key in ("version", "name", "template", "requirement")}
    features, kept = table.get("with", []), table.get("kept", [])
    wrong = [key for key, value in texts.items() if not isinstance(value, str)]
    wrong += [key for key, value in (("with", features), ("kept", kept)) if not _are_texts(value)]
    if wrong:
        raise UsageError(
            f"{path}: {wrong[0]} is not as tornkit wrote it; take back the change of this file"
        )
    if texts["template"] not in catalogue.TEMPLATES:
        raise UsageError(f"{path}: this tornkit has no template {texts['template']!r}")
    if unknown := [each for each in features if each not in catalogue.FEATURES]:
        raise UsageError(f"{path}: this tornkit has no addition {unknown[0]!r}")
    return Answers(
        name=names.spelled(str(texts["name"])),
        template=str(texts["template"]),
        features=frozenset(features),
        requirement=str(texts["requirement"]),
        version=str(texts["version"]),
        kept=tuple(kept),
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
