"""Policy for Python's cyclic garbage collector: full collections are short, in idle moments.

A full collection looks at every object of the process: 6 ms with Tornado alone, 100 ms for each
half a million objects that a program holds, while 64 clients wait for their turn. Nearly all of it
was made when the application was loaded and lives as long as the process. So a `Collector`

- *freezes* what there is once the application serves (`gc.freeze`): full collections then look only
  at what was made since, a hundredth of it;
- *thaws* it, collects it all, and freezes what is left, when the process has grown by a quarter:
  what was frozen and has become garbage since is found, by the measure that Python itself has;
- *collects* what was made since, if that is much, before Python does: Python's rule is a growth by
  a quarter, here an eighth is enough.

The first is done before the first request, but with --reload, where a person waits for that; what
is left, in an idle moment (`attend`), when the loop has slept and no request is under way. The
first two are due some day also where there is none (nothing is collected before it is frozen then,
which would take 20 ms); the third is not, for Python's own rule stays in force: no threshold is
changed, so threads, forks and a loop that is blocked have the garbage of each collected as ever,
and a program that leaks cycles needs no more memory than by itself.

A program that has chosen anything of this by itself (`gc.disable`, `gc.set_threshold`, `gc.freeze`,
`gc.set_debug`) keeps it: nothing is done. One that looks at all objects, to find a leak, is shown
all of them: the frozen are thawed for good. So they are at the end of the process, whose last
collection calls the finalizers of what is left.
"""

from __future__ import annotations

import atexit
import enum
import gc
import resource
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tornado.ioloop import IOLoop

_FIRST, _INTERVAL = 0.1, 0.5  # seconds to the first look at what is due, and between two
_QUIET = 0.002  # seconds that the loop has to sleep for its moment to be an idle one
_BUSY = 0.25  # the share of them that it may be awake, for the look itself
_PATIENCE = 4  # looks that found no idle moment, before what can't be left is done nevertheless
_MANY = 10_000  # objects; to look at fewer takes 2 ms at most
_SOON = 8  # Python collects all when that has grown by a quarter
_GROWTH, _LEAST_GROWTH = 1.25, 16 << 20  # what was frozen is looked at after both; bytes
_USUAL = (gc.get_threshold(), gc.get_debug())  # before there is a program to change them
_HIDING = ("get_objects", "get_referrers")  # don't see what is frozen


class Due(enum.Enum):
    """Action for the next idle moment; its value tells whether it is done without one, too."""

    NOTHING = "nothing", False
    FREEZE = "freeze", True
    THAW = "thaw", True
    COLLECT = "collect", False

    @property
    def cannot_be_left(self) -> bool:
        return self.value[1]


class Load(Protocol):
    """The requests of this process; see `tornkit.engine.draining.Connections`."""

    @property
    def requests(self) -> int:
        """Requests received in all."""

    @property
    def in_flight(self) -> int:
        """Requests received and not answered."""


def _peak_memory() -> int:
    """Bytes that this process has had in memory at most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Mark:
    """An object that tells whether `gc.freeze` was called since it was made.

    `gc.get_freeze_count` would say so as well, in 3.4 ms for 28,000 objects, and before a program
    is loaded nobody has the time.
    """

    @property
    def is_frozen(self) -> bool:
        """Whether it is frozen, with all objects made before; slow: looks at all other objects."""
        return id(self) not in map(id, _every_object())


def _every_object(**which: int) -> list[Any]:
    """Call the original ``gc.get_objects``, which a `Collector` replaces to notice calls."""
    get_objects: Any = getattr(gc.get_objects, "__wrapped__", gc.get_objects)
    objects: list[Any] = get_objects(**which)
    return objects


class Collector:
    """Freezing, thawing and full collections of one process: when they are due, and doing them.

    To be made before the program's own code runs: its `gc.freeze` is then noticed.
    """

    def __init__(
        self,
        module: Any = gc,
        every_object: Callable[..., list[Any]] = _every_object,
        new_mark: Callable[[], Mark] = Mark,
        peak_memory: Callable[[], int] = _peak_memory,
    ) -> None:
        self._gc = module
        self._every_object = every_object
        self._new_mark = new_mark
        self._peak_memory = peak_memory
        self._mark = new_mark()  # not frozen
        self._frozen: Mark | None = None  # with all else
        self._memory = 0  # the peak by then
        self._aside = False  # for good: the program takes care, or wants to see everything
        self._small = False  # what there was at first: to freeze it would spare nothing
        self._young = 0  # objects that the collection that is under way looks at
        self._grown = 0  # by so many objects since the last full collection
        self._old = 0  # left by that, and not frozen

    def begin(self) -> None:
        """Count objects from now on, by ``gc.callbacks``; a second call does nothing."""
        if self._on_collection in self._gc.callbacks:
            return
        self._gc.callbacks.append(self._on_collection)
        atexit.register(self.end)

    def end(self) -> None:
        """Leave everything to Python from now on."""
        self._aside = True
        if self._on_collection in self._gc.callbacks:
            self._gc.callbacks.remove(self._on_collection)
        if self._frozen is not None:
            self._frozen = None
            self._gc.unfreeze()

    def loaded(self, *, is_awaited: bool) -> None:
        """Freeze what an application has loaded now, where nobody waits for it to serve.

        Later, the garbage of requests would be frozen with it.
        """
        if not is_awaited:
            self.do(self.due())

    def due(self) -> Due:
        """Action that is due now, if this is an idle moment."""
        if self._aside or not self._is_ours():
            return Due.NOTHING
        if self._frozen is None:
            if not self._small or self._old >= _MANY:
                return Due.FREEZE
        elif self._memory_grown():
            return Due.THAW
        return Due.COLLECT if self._is_near_full_collection() else Due.NOTHING

    def do(self, due: Due, *, is_idle: bool = True) -> None:
        """Carry out an action: some milliseconds for tens of thousands of objects.

        Where no idle moment has come, what there is at first is frozen as it is, which takes none:
        the little garbage in it is found with the rest.
        """
        if due is Due.COLLECT:
            self._gc.collect()
        elif due is Due.NOTHING or self._program_froze():
            return
        elif due is Due.THAW:
            self._gc.unfreeze()
            self._freeze()
        # In a worker that was forked, most is frozen already: what is left is collected in a
        # millisecond, and stays to be seen.
        elif len(self._every_object()) < _MANY:
            self._small, self._old = True, 0
        else:
            self._freeze(collect=is_idle)

    def _freeze(self, *, collect: bool = True) -> None:
        if collect:
            self._gc.collect()
        self._gc.freeze()
        self._old = 0
        self._frozen, self._mark = self._mark, self._new_mark()
        self._memory = self._peak_memory()
        for name in _HIDING:
            self._show_all(name)

    def _is_ours(self) -> bool:
        """Whether the program has left the collector as it was."""
        collector = self._gc
        return (
            collector.isenabled() and (collector.get_threshold(), collector.get_debug()) == _USUAL
        )

    def _is_near_full_collection(self) -> bool:
        """Whether Python would soon collect all, and that would take long."""
        return (
            self._old >= _MANY
            and self._grown > self._old // _SOON
            and self._gc.get_count()[2] > self._gc.get_threshold()[2]
        )

    def _program_froze(self) -> bool:
        """Whether the program has called `gc.freeze`, or `gc.unfreeze` for objects frozen here."""
        thawed = self._frozen is not None and not self._frozen.is_frozen
        self._aside = self._aside or thawed or self._mark.is_frozen
        return self._aside

    def _memory_grown(self) -> bool:
        grown = self._peak_memory() - self._memory
        return grown > _LEAST_GROWTH and grown > self._memory * (_GROWTH - 1)

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        """Count the survivors of each middle collection, as Python's rule does by itself."""
        generation = info["generation"]
        if generation == 0:
            return
        objects = self._every_object
        if generation == 1:
            # The threshold is 0 where Python collects bit by bit, and never all at once (3.14).
            if self._old < _MANY or not self._gc.get_threshold()[2]:
                return
            if phase == "start":  # it looks at both generations
                self._young = len(objects(generation=0)) + len(objects(generation=1))
            else:
                self._grown += self._young - info["collected"]
        elif phase == "stop":
            self._grown = 0
            self._old = len(objects(generation=2))

    def _show_all(self, name: str) -> None:
        own = getattr(self._gc, name)
        if getattr(own, "shows_all", False):
            return

        @wraps(own)
        def show(*args: Any, **kwargs: Any) -> Any:
            self.end()
            return own(*args, **kwargs)

        show.shows_all = True  # type: ignore[attr-defined]
        setattr(self._gc, name, show)


class _Attendant:
    """Timer of one loop that looks for idle moments."""

    def __init__(
        self,
        collector: Collector,
        loop: IOLoop,
        load: Load,
        awake: Callable[[], float],
    ) -> None:
        self._collector = collector
        self._loop = loop
        self._load = load
        self._awake = awake
        self._missed = 0

    def begin(self, after: float = _INTERVAL) -> None:
        self._loop.call_later(after, self._look)

    def _look(self) -> None:
        due = self._collector.due()
        if due is Due.NOTHING:
            self._missed = 0
            self.begin()
        else:
            self._loop.call_later(_QUIET, self._judge, due, self._load.requests, self._awake())

    def _judge(self, due: Due, requests: int, awake: float) -> None:
        is_idle = (
            self._load.requests == requests
            and self._load.in_flight == 0
            and self._awake() - awake < _BUSY * _QUIET
        )
        self._missed += 1
        if is_idle or (due.cannot_be_left and self._missed >= _PATIENCE):
            self._missed = 0
            self._collector.do(due, is_idle=is_idle)
        self.begin()


def attend(
    collector: Collector,
    loop: IOLoop,
    load: Load,
    awake: Callable[[], float] = time.thread_time,
) -> None:
    """Have ``collector`` carry out due actions in idle moments of ``loop``, from now on.

    ``awake``: seconds of CPU time that the loop's thread has used.
    """
    collector.begin()
    _Attendant(collector, loop, load, awake).begin(_FIRST)
