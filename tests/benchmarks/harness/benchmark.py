"""A comparison as the harness runs it: servers, cases, rounds, and how one measurement is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from tests.benchmarks import cores
from tests.benchmarks.cores import Cores
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Stage

S = TypeVar("S", bound=Server)
C = TypeVar("C", bound=Case)
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Benchmark(ABC, Generic[S, C, R]):
    """One comparison, with the options of one run."""

    # Names its logs and its temporary folder.
    name: ClassVar[str]
    # The applications: the servers run in a copy of this folder. None: in an empty one.
    apps: ClassVar[Path | None] = None
    # Packages that the applications need besides the servers'.
    requirements: ClassVar[tuple[str, ...]] = ()
    # Programs of the system whose versions belong to the figures.
    programs: ClassVar[tuple[str, ...]] = ()
    # Whether all servers are up during a round, each started once; or each for its measurement.
    together: ClassVar[bool] = False
    # Whether a server that failed is measured again, in the next case and round.
    tries_again: ClassVar[bool] = True

    servers: tuple[S, ...]
    cases: tuple[C, ...]
    rounds: int = 1
    cores: Cores = field(default_factory=cores.two)

    @abstractmethod
    def settings(self) -> dict[str, object]:
        """Plain values that a reader of the figures has to know."""

    def prepare(self, folder: Path) -> None:
        """Put into the copy of the applications what is not in the repository."""

    @abstractmethod
    def measure(self, server: S, case: C, stage: Stage) -> Sample[R]:
        """Measure once. MeasurementFailed ends it, and is the sample's error."""
