"""A server that takes part in a comparison: what to install, and which command to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.harness.case import Case


@dataclass(frozen=True, kw_only=True)
class Server:
    """One line of a comparison.

    ``command`` is run in the folder of the application, with its places filled: ``{bin}`` is the
    environment's, ``{port}`` and ``{aux}`` are free ports.
    """

    name: str
    title: str
    command: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    # The packages whose versions say what was measured.
    packages: tuple[str, ...] = ()
    is_rival: bool = True
    # The names of the cases that it takes part in; None: all.
    cases: frozenset[str] | None = None

    def command_line(self, bin_folder: Path, port: int, aux: int = 0) -> list[str]:
        """The command with its places filled."""
        return [part.format(bin=bin_folder, port=port, aux=aux) for part in self.command]

    def takes_part_in(self, case: Case) -> bool:
        """Whether it has ready-made parts for the case."""
        return self.cases is None or case.name in self.cases
