"""Candidates for the next zygote: processes that import modules ahead, until one is clean.

learn ─▶ candidate warms ─▶ clean: promoted
                         └▶ something in it is unsafe: thrown away, and the next candidate
                            goes without that
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from functools import partial

from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.warm_cache import WarmCache
from tornkit.serve.nursery.zygote_handle import ZygoteHandle
from tornkit.serve.wire.messages import Warm, Warmed
from tornkit.serve.wire.warmth import Warmth

# Candidates in a row that turned out spoiled; then what is warm stays as it is.
_MOST_TRIES = 6


class Candidates:
    """Warms one zygote after another; ``report`` is given each new `Warmth`.

    ``start(environment, modules)`` starts a zygote, ``send`` sends it a message, ``active()`` is
    the zygote that forks now, ``promote`` puts a clean candidate in its place.
    """

    def __init__(
        self,
        loop: Loop,
        report: Callable[[Warmth], None],
        warm_cache: WarmCache,
        *,
        start: Callable[[Mapping[str, str], tuple[str, ...]], ZygoteHandle],
        send: Callable[[ZygoteHandle, Warm], None],
        active: Callable[[], ZygoteHandle | None],
        promote: Callable[[ZygoteHandle], None],
    ) -> None:
        self._loop = loop
        self._report = report
        self._warm_cache = warm_cache
        self._start = start
        self._send = send
        self._active = active
        self._promote = promote
        self._current: ZygoteHandle | None = None
        self._learned: dict[str, None] = {}  # every module that a worker ever imported, in order
        self._unsafe: dict[str, str] = {}
        self._tries = 0
        self.warmth = Warmth(0, {})

    def foresee(self, modules: tuple[str, ...]) -> None:
        """Count these modules as known already: the first zygote imports them."""
        self._learned.update(dict.fromkeys(modules))

    def begin_anew(self, environment: Mapping[str, str]) -> None:
        """Start to warm a candidate; the zygote that forks meanwhile holds Tornado alone."""
        self._drop()
        self._tries = 0
        if self._learned:
            self._warm(environment)

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """Warm the modules that a good worker has imported, if any is new."""
        unknown = tuple(name for name in modules if name not in self._learned)
        if not unknown:
            self._say_that_all_is_warm()
            return
        self._learned.update(dict.fromkeys(unknown))
        self._tries = 0
        self._drop()
        self._warm(environment)

    def exclude(self, modules: Mapping[str, str]) -> None:
        """Import these modules no more before a fork; names, and why."""
        if modules.keys() <= self._unsafe.keys():
            return  # the other workers of a generation find the same
        self._unsafe.update(modules)
        self._tries = 0
        self._drop()
        active = self._active()
        if active is not None:
            self._warm(active.environment)

    def _say_that_all_is_warm(self) -> None:
        """Report, once, that an application imports nothing that the first zygote has not."""
        active = self._active()
        holds = active.holds if active is not None and self._current is None else 0
        if holds and self.warmth == Warmth(0, {}):
            self.warmth = Warmth(holds, {})
            self._loop.soon(partial(self._report, self.warmth))

    def _warm(self, environment: Mapping[str, str]) -> None:
        modules = tuple(name for name in self._learned if name not in self._unsafe)
        try:
            self._current = self._start(environment, modules)
        except OSError:
            return  # no process, no descriptor: what serves is more important
        self._tries += 1
        self._send(self._current, Warm(modules, dict(environment)))

    def _drop(self) -> None:
        if self._current is not None:
            candidate, self._current = self._current, None
            candidate.process.signal(signal.SIGKILL)

    def warmed(self, zygote: ZygoteHandle, message: Warmed) -> None:
        """Promote a candidate that has imported its modules, or kill it if any is unsafe."""
        if zygote is not self._current:
            return
        self._current = None
        if not message.unsafe:
            self._promote(zygote)
            self._say_warm(message.modules)
            return
        zygote.process.signal(signal.SIGKILL)
        self._blame(dict(message.unsafe), zygote.environment)

    def first_warmed(self, message: Warmed) -> None:
        """Note the modules that the first zygote, which was no candidate, has imported."""
        self._unsafe.update(message.unsafe)
        if not message.unsafe:
            self._say_warm(message.modules)

    def ended(self, zygote: ZygoteHandle) -> None:
        """Note that a zygote has ended, which may be the candidate."""
        if zygote is not self._current:
            return
        self._current = None
        if zygote.trying is not None:
            self._blame({zygote.trying: "ends the process"}, zygote.environment)

    def _blame(self, unsafe: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._unsafe.update(unsafe)
        if self._tries < _MOST_TRIES:
            self._warm(environment)
        else:
            active = self._active()  # as it was, with what it holds
            self.warmth = Warmth(
                self.warmth.modules if active is not None and active.modules else 0,
                dict(self._unsafe),
            )
            self._report(self.warmth)

    def _say_warm(self, modules: int) -> None:
        self.warmth = Warmth(modules, dict(self._unsafe))
        self._report(self.warmth)
        if modules:
            self._warm_cache.remember(name for name in self._learned if name not in self._unsafe)
