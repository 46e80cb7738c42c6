"""Every difference that was found, in groups, with the smallest inputs that show it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.engine.differential.compare import Difference, Kind
from tests.engine.differential.explanations import EXPLANATIONS
from tests.engine.differential.pair import Judged

# One group can have several causes, so several examples are kept, and a few more tried: equal ones
# after shrinking are one cause.
EXAMPLES = 6
TRIES = 16


@dataclass
class Group:
    """Differences of one kind and detail."""

    difference: Difference
    count: int = 0
    tries: int = 0
    profiles: Counter[str] = field(default_factory=Counter)
    examples: list[Judged] = field(default_factory=list)

    @property
    def explanation(self) -> str | None:
        """Why it is as it should be; None where nobody has said so, or nobody could."""
        if self.difference.kind.is_fatal:
            return None
        signature = self.difference.signature
        return next(
            (why for pattern, why in EXPLANATIONS.items() if fnmatchcase(signature, pattern)), None
        )


class Findings:
    """Filled by several threads."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._lock = threading.Lock()

    def add(self, difference: Difference, profile: str, count: int = 1) -> bool:
        """Counts one; whether another example of its group is wanted."""
        with self._lock:
            group = self._groups.setdefault(difference.signature, Group(difference))
            group.count += count
            group.profiles[profile] += count
            if len(group.examples) >= EXAMPLES or group.tries >= TRIES:
                return False
            group.tries += 1
            return True

    def add_example(self, difference: Difference, example: Judged) -> None:
        """Keeps an example, unless its bytes are there already, with any profile."""
        with self._lock:
            examples = self._groups[difference.signature].examples
            if example.case.data not in [each.case.data for each in examples]:
                examples.append(example)

    def unexplained(self, *kinds: Kind) -> int:
        """How many differences of these kinds nobody has explained."""
        with self._lock:
            return sum(
                group.count
                for group in self._groups.values()
                if group.difference.kind in kinds and not group.explanation
            )

    def groups(self) -> list[Group]:
        """Worst first, and the most frequent first among equals."""
        order = list(Kind)
        with self._lock:
            return sorted(
                self._groups.values(),
                key=lambda group: (order.index(group.difference.kind), -group.count),
            )

    @property
    def is_clean(self) -> bool:
        """Whether everything that differs is explained."""
        return all(group.explanation for group in self.groups())
