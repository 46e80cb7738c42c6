"""Protocol of the supervisor's messages to the person; their looks are decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tornkit.serve.wire.messages import Failed
from tornkit.serve.wire.warmth import Warmth


@dataclass(frozen=True)
class Banner:
    """Facts of a start: the application, its addresses, its workers, the watched folders.

    ``everywhere``: it listens on every address of the machine, not on this machine's own alone;
    ``only_ipv6``: on every one of IPv6. ``platform`` is `tornkit.engine.activity.summary` of a
    worker; ``generation`` is the one that serves;
    ``keys``: letters that are typed are read.
    """

    label: str
    urls: tuple[str, ...]
    everywhere: bool
    workers: int
    pid: int
    watched: tuple[str, ...]
    polling: bool
    only_ipv6: bool = False
    platform: Mapping[str, Any] = field(default_factory=dict)
    generation: int = 0
    keys: bool = False


class Reporter(Protocol):
    """Receiver of the supervisor's messages, in the order of events. Times are in seconds.

    A *generation* is the workers that were started from the same state of the files.
    """

    def serving(self, banner: Banner) -> None:
        """The first generation serves."""

    def also_serving(self, urls: Sequence[str]) -> None:
        """Addresses that are served by now and were not when ``serving`` was told."""

    def warmed(self, warmth: Warmth) -> None:
        """Workers are forked with these imports done from now on."""

    def reloading(self, changed: Sequence[str]) -> None:
        """A change of files was seen, and a new generation is starting."""

    def still_starting(self, seconds: float) -> None:
        """A generation has been starting for so many ``seconds``."""

    def reloaded(self, generation: int, took: float) -> None:
        """The new generation serves."""

    def files_changed(self, paths: Sequence[str]) -> None:
        """Templates or static files have changed, and the workers know it."""

    def failed(self, failure: Failed, *, old_serves: bool, waiting: bool) -> None:
        """A generation can't start. ``waiting``: the next edit starts another."""

    def makes_room(self, what: str) -> None:
        """A start failed as the old generation holds ``what``: that ends, then another is tried."""

    def held(self, what: str, *, by_sibling: bool) -> None:
        """A start failed, maybe as the old generation, or a sibling worker, holds ``what``."""

    def helpers_ended(self, helpers: Sequence[str]) -> None:
        """Processes that the serving code had started ended while another generation failed."""

    def program_ended(self, slot: int, pid: int, *, waiting: bool) -> None:
        """The last worker that serves has exited with status 0, without being told to.

        ``waiting``: the next edit starts it again; else the server ends with it.
        """

    def serves_by_itself(self, label: str) -> None:
        """An application has turned out to be a program, and is started as one."""

    def worker_died(self, slot: int, pid: int, how: str, delay: float) -> None:
        """A serving worker died; another starts after ``delay``."""

    def not_alike(self, slot: int, path: str) -> None:
        """A worker like the others can't be started: they have loaded an older state of this file.

        All are started anew; where that fails, the others go on without it.
        """

    def none_serves(self) -> None:
        """Every worker has died, and another could not start: connections wait."""

    def hangs(self, slot: int, pid: int, seconds: float) -> None:
        """A worker's loop has not turned for so long; its stacks are printed, then it is killed."""

    def blocked(self, slot: int | None, seconds: float, where: str, cause: str) -> None:
        """A worker's event loop was blocked for ``seconds`` at the line ``where``, and runs again.

        ``slot`` is None where there is only one; ``cause`` is empty unless it blocks there once.
        """

    def recycles(self, slot: int, pid: int, reason: str) -> None:
        """A worker is beyond a limit; another takes its place and it finishes what it has."""

    def resized(self, workers: int) -> None:
        """The number of workers has changed."""

    def differs(self, name: str, *, between_workers: bool) -> None:
        """A setting (cookie secret, routes) differs between workers, or from reload to reload."""

    def overdue(self, pid: int, slot: int) -> None:
        """A worker did not end in time and was killed."""

    def watching_fails(self, trouble: str) -> None:
        """Files can't be watched as they should be; they are polled instead."""

    def cache_refused(self, reason: str) -> None:
        """The cache of warm modules' names is not used: other users could have written it."""

    def watches_less(self, why: str) -> None:
        """Some files are not watched: the system refused to watch them."""

    def hub_died(self) -> None:
        """The hub of `tornkit.bus` has died, and what it kept is gone."""

    def lacks(self, what: str) -> None:
        """The system refused the supervisor something (a descriptor, a process); it goes on."""

    def keys(self, keys: Iterable[tuple[str, str]]) -> None:
        """The user has asked for the list of letters that may be typed, and what each does."""

    def cleared(self) -> None:
        """The user has asked for the terminal to be cleared."""

    def stopping(self, why: str) -> None:
        """The server takes no more connections; the workers finish what they have."""

    def stopped(self) -> None:
        """Every worker has ended."""
