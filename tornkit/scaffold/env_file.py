"""The ``.env`` of a new project: its ``.env.example`` with a secret of its own.

It belongs to one installation, not to the project: git ignores it, only its owner may read it,
`tornkit update` knows nothing of it, and nothing ever shows or overwrites it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import PurePosixPath

from tornkit.scaffold.plan import PlannedFile

PATH = PurePosixPath(".env")
_EXAMPLE = PurePosixPath(".env.example")
_SECRET = re.compile(r"^(COOKIE_SECRET|POSTGRES_PASSWORD)=[ \t]*$", re.MULTILINE)
_BYTES = 48
_HEAD = "# Settings of this installation, which git ignores. .env.example says what there is.\n"


def env_file(files: Iterable[PlannedFile]) -> PlannedFile | None:
    """The ``.env`` for a project of these files; None for one that needs no secret."""
    example = next((file.content for file in files if file.path == _EXAMPLE), b"")
    text, count = _SECRET.subn(
        lambda found: f"{found[1]}={secrets.token_urlsafe(_BYTES)}", example.decode()
    )
    if not count:
        return None
    # The first paragraph says what the example is for.
    _, _, settings = text.partition("\n\n")
    return PlannedFile(PATH, f"{_HEAD}\n{settings}".encode(), private=True)
