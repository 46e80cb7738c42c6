"""Check that all workers have the same cookie secret and routes (`tornkit.serve.worker.digests`).

Workers of one generation run the same code in the same environment: what differs between them was
made by chance. Between generations lies an edit, and it may be what was edited. So a change with a
reload says nothing where several workers agree on it; where there is but one, that edits it would
have to be edited twice in a row to be taken for chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tornkit.serve.reporter import Reporter
from tornkit.serve.workforce.generation import Generation

# Made by chance it would be a different one after each reload. An edit of the routes, again and
# again, is what reloads are for.
_KEPT_OVER_RELOADS = ("cookie_secret",)
_BY_CHANCE = 2  # changes in a row, with one worker


class Consistency:
    """Warner of settings that differ between workers or reloads, once for each setting."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._served: Mapping[str, str] = {}  # digests of the generation that served last
        self._changes: Counter[str] = Counter()  # in a row
        self._warned: set[str] = set()

    def ready(self, generation: Generation, digests: Mapping[str, str]) -> None:
        """Compare the digests of a worker that has started with the others of its generation."""
        for name, digest in digests.items():
            if generation.digests.setdefault(name, digest) != digest:
                self._warn(name, between_workers=True)

    def serves(self, generation: Generation, workers: int) -> None:
        """Warn if, with one worker, a setting has changed at each of two take-overs in a row."""
        for name in _KEPT_OVER_RELOADS:
            digests = self._served.get(name), generation.digests.get(name)
            changed = None not in digests and digests[0] != digests[1]
            self._changes[name] = self._changes[name] + 1 if changed and workers == 1 else 0
            if self._changes[name] == _BY_CHANCE:
                self._warn(name, between_workers=False)
        self._served = generation.digests

    def _warn(self, name: str, *, between_workers: bool) -> None:
        if name not in self._warned:
            self._warned.add(name)
            self._reporter.differs(name, between_workers=between_workers)
