"""What is to be served, as plain data that travels between processes."""

from __future__ import annotations

import contextlib
import enum
import os
from dataclasses import dataclass


class Kind(enum.Enum):
    """An application is loaded and served by tornkit; a program serves by itself."""

    APPLICATION = "application"
    PROGRAM = "program"


@dataclass(frozen=True)
class Target:
    """One thing to serve or to list.

    ``module`` is a dotted name and ``path`` a file (absolute); a program has exactly one of
    them, an application always a module and a path where one is known. ``attribute`` is None
    where the usual names are to be tried. ``import_root`` goes first on ``sys.path``;
    ``project`` is the folder whose files are the user's own; ``arguments`` are a program's.
    ``argv0`` is ``sys.argv[0]`` of a program that is a file, None for its path: as the person
    typed it, and as seen from the current folder.
    """

    kind: Kind
    label: str
    import_root: str
    project: str
    module: str | None = None
    path: str | None = None
    attribute: str | None = None
    arguments: tuple[str, ...] = ()
    argv0: str | None = None

    @property
    def is_program(self) -> bool:
        """Whether it calls ``listen()`` by itself."""
        return self.kind is Kind.PROGRAM

    @property
    def main_file(self) -> str | None:
        """The file of a program, where it is now: through links that lead elsewhere by then."""
        if self.argv0 is not None:
            with contextlib.suppress(OSError):  # the current folder was removed
                return os.path.join(os.getcwd(), self.argv0)  # noqa: PTH109, PTH118 - as Python
        return self.path
