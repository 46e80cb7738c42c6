"""The answer of one run: what a child prints and its parent reads."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Failure:
    """One test that did not do what it should; ``why`` is a traceback or a sentence."""

    test: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """Everything that is known of one run.

    ``loop_class`` and ``servers`` prove the run: which loop the tests really had, how many servers
    of the class under test were given sockets, and how many connections Tornado's own code served
    all the same. ``stray`` is what came to standard error, where Tornado's tests leave nothing:
    unclosed transports, exceptions in destructors, tasks that were destroyed.
    """

    server: str
    loop: str
    loop_class: str = ""
    ran: int = 0
    passed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    stray: tuple[str, ...] = ()
    servers: int = 0
    served_by_tornado: int = 0
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether everything passed, but for the exceptions that the list names."""
        return self.ran > 0 and not (self.failures or self.stale or self.stray)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self) | {"good": self.is_good}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        """The inverse of ``to_json``; ValueError where the text is something else."""
        fields = json.loads(text)
        fields.pop("good")
        fields["stale"] = tuple(fields["stale"])
        fields["stray"] = tuple(fields["stray"])
        fields["failures"] = tuple(Failure(**each) for each in fields["failures"])
        return cls(**fields)


def as_text(outcome: Outcome, longest: int = 30) -> str:
    """A few lines for a person; of each traceback the last ``longest`` lines."""
    skipped = sum(outcome.skipped.values())
    lines = [
        f"{outcome.server} on {outcome.loop_class or outcome.loop}: {outcome.ran} tests, "
        f"{outcome.passed} passed, {skipped} skipped, {len(outcome.excused)} excused, "
        f"{len(outcome.failures)} failed, in {outcome.seconds:.1f} s",
        f"  servers started {outcome.servers}, "
        f"connections served by Tornado's own code {outcome.served_by_tornado}",
    ]
    for failure in outcome.failures:
        lines.append(f"\nfailed: {failure.test}")
        lines += [f"  {line}" for line in failure.why.splitlines()[-longest:]]
    lines += [f"\nfails by the list of exceptions, but passes: {test}" for test in outcome.stale]
    if outcome.stray:
        lines.append("\nwritten to standard error:")
        lines += [f"  {line}" for line in outcome.stray[-longest:]]
    return "\n".join(lines)
