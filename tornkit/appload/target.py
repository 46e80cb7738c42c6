"""Description of the application or program to serve: plain data that travels between processes."""

from __future__ import annotations

import contextlib
import enum
import os
from dataclasses import dataclass, replace


class Kind(enum.Enum):
    """Kind of a target: tornkit loads and serves an application, a program serves by itself."""

    APPLICATION = "application"
    PROGRAM = "program"


class Serves(enum.Enum):
    """Moment at which an application's file serves by itself, which makes it a program."""

    NOT = "not"
    IMPORTED = "imported"
    CALLED = "called"


@dataclass(frozen=True)
class Target:
    """One thing to serve or to list.

    ``module`` is a dotted name and ``path`` a file (absolute); a program has exactly one of
    them, or a module with the ``attribute`` that is called, as a console script does. An
    application has a module, and a path where one is known; its ``attribute`` is None where the
    usual names are to be tried. ``import_root`` goes first on ``sys.path``; ``project`` is the
    folder whose files are the user's own; ``arguments`` are a program's.
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
        """Whether the target calls ``listen()`` by itself."""
        return self.kind is Kind.PROGRAM

    @property
    def main_file(self) -> str | None:
        """The file of a program, where it is now: through links that lead elsewhere by then."""
        if self.argv0 is not None:
            with contextlib.suppress(OSError):  # the current folder was removed
                return os.path.join(os.getcwd(), self.argv0)  # noqa: PTH109, PTH118 - as Python
        return self.path

    def as_program(self, serves: Serves) -> Target:
        """The program that an application has turned out to be."""
        if serves is Serves.NOT:
            return self
        program = replace(self, kind=Kind.PROGRAM)
        if serves is Serves.CALLED:
            return program
        if self.path is not None and self.module is not None and "." not in self.module:
            return replace(program, module=None, attribute=None)
        return replace(program, path=None, attribute=None)
