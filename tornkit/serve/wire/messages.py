"""Every message between the supervisor, its workers and its zygote.

Frozen dataclasses, of which `tornkit.serve.wire.encoding` makes bytes. File descriptors travel
beside a message (see `tornkit.serve.wire.channel`); the docstrings say how many. End of file means
that the peer died.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tornkit.appload.target import Serves


@dataclass(frozen=True)
class Lesson:
    """Facts about the user's code that are known only once it has run.

    ``serves`` is a `tornkit.appload.target.Serves`; ``not_http`` are ports that a program binds for
    servers of another protocol.
    """

    serves: str = Serves.NOT.value
    not_http: tuple[int, ...] = ()

    def and_also(self, other: Lesson) -> Lesson:
        """Lesson with the facts of both."""
        serves = self.serves if other.serves == Serves.NOT.value else other.serves
        return Lesson(serves, tuple(sorted({*self.not_http, *other.not_http})))


# ---- from the supervisor to a worker ------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """Listening sockets given with `Boot`: ``count`` descriptors, for what ``claim`` would ask.

    Its predecessor in the slot has claimed them, so it need not wait to be granted the same.
    """

    claim: Claim
    count: int


@dataclass(frozen=True)
class Prepare:
    """The first message: the worker's orders (`tornkit.serve.wire.orders.Orders`).

    It does what can be done before anybody's code is loaded, and waits for its `Boot`.
    """

    orders: dict[str, Any]


@dataclass(frozen=True)
class Boot:
    """Order to load the application now, in this slot and generation.

    One descriptor: the memory of its `tornkit.serve.wire.heartbeat`. A second one for a worker that
    is started beside others: the source files that those have loaded
    (`tornkit.serve.sources.snapshot`). With ``lobby``, one between them: the way to the hub of
    `tornkit.bus` (`tornkit.serve.hub`). Behind them all, those of ``offers``, in order.
    ``lesson`` is what earlier workers have found out. ``stands_in``: load nothing of the user's,
    and say that there is nothing yet.
    """

    slot: int
    generation: int
    lesson: Lesson = field(default_factory=Lesson)
    stands_in: bool = False
    lobby: bool = False
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True)
class Grant:
    """The answer to a `Claim`: as many descriptors of listening sockets as the address has.

    ``errno`` is not 0 where the supervisor could not bind; ``reason`` is then the line to show.
    """

    errno: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Go:
    """Accept connections from now on."""


@dataclass(frozen=True)
class Drain:
    """Accept no more, finish requests under way within ``timeout`` seconds, and exit.

    ``successor``: idle connections may move to a worker of the next generation (`Handover`).
    ``final``: the number of the signal by which the server ends, else 0. Nobody will accept where
    it did; who waits there is accepted first.
    """

    timeout: float
    successor: bool
    final: int = 0


@dataclass(frozen=True)
class Refresh:
    """A template or a static file changed: drop what is cached of it."""


@dataclass(frozen=True)
class ReopenLogs:
    """The log files were moved away: open them anew (SIGUSR1)."""


@dataclass(frozen=True)
class Adopt:
    """One descriptor: a connection accepted elsewhere, with the bytes already read from it."""

    unread: bytes


# ---- from a worker to the supervisor ------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """Request to listen, as by `tornado.netutil.bind_sockets`, or at the path ``unix_path``.

    ``occurrence`` counts one worker's equal claims of port 0: two servers get two ports. ``scheme``
    is what is spoken there, for showing where it is.
    """

    port: int = 0
    address: str | None = None
    family: int = 0
    backlog: int = 128
    flags: int | None = None
    unix_path: str | None = None
    unix_mode: int = 0o600
    occurrence: int = 0
    scheme: str = "http"

    @property
    def place(self) -> Claim:
        """The claim without its backlog and scheme, to compare it with another one.

        Two claims are for one address if these are equal.
        """
        return replace(self, backlog=0, scheme="")


@dataclass(frozen=True)
class Ready:
    """The application is loaded and its sockets are there; it waits for `Go`.

    ``files`` are the user's Python files that it runs, ``sources`` the state in which it read each
    (`tornkit.serve.sources.sources`), ``watched`` what it gave to
    `autoreload.watch`: a change of one means a restart. ``folders`` hold its templates and static
    files. ``modules`` are the names of other modules that it has imported by itself, in that
    order. ``digests`` are of what has to be the same in all workers
    (`tornkit.serve.worker.digests`).
    ``names`` leads from the names of modules to those of ``sources`` that they were loaded from.
    ``platform`` is `tornkit.engine.activity.summary`.
    ``claims`` are those for which it has taken sockets of `Boot.offers`; then those of sockets that
    were bound before their server was there, with the scheme that it speaks.
    """

    files: tuple[str, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    watched: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    digests: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    platform: dict[str, Any] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """The worker has imported more of the user's files; as in `Ready`, all of them."""

    sources: dict[str, str]
    names: dict[str, str]


@dataclass(frozen=True)
class Learned:
    """Message of a worker that was wrong about the user's code: kill it, start one that knows."""

    lesson: Lesson


@dataclass(frozen=True)
class Differs:
    """Warm modules that the worker can't use, and why: the program has changed their inputs.

    None of them is to be imported before a fork again.
    """

    modules: dict[str, str]


@dataclass(frozen=True)
class Failed:
    """The worker can't serve. ``kind`` is the name of a class in `tornkit.errors`.

    ``files`` are those of which a change may help (`tornkit.serve.sources.failed_files`).
    ``refused``: what it asked for that another process may hold (`tornkit.serve.refusals`).
    ``shown`` is what a browser shows of it (`tornkit.devtools.error_data`).
    """

    kind: str
    message: str
    traceback: str = ""
    files: tuple[str, ...] = ()
    refused: str = ""
    shown: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Closed:
    """The worker accepts no more, and its idle connections are on their way: `Drain` has begun."""


@dataclass(frozen=True)
class Handover:
    """An idle connection for the worker that takes this one's place; one descriptor."""

    unread: bytes


@dataclass(frozen=True)
class Follows:
    """A browser's connection on which it is to hear of events; one descriptor.

    The response's head has been sent. ``of_server``: events of its processes and requests, for a
    page about these; else of what it serves.
    """

    of_server: bool = False


@dataclass(frozen=True)
class Answered:
    """Requests that were answered since the last one of these (`tornkit.devtools.recent.Row`)."""

    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class ErrorShown:
    """A request has failed; ``shown`` is what a browser shows of it, with an ``id``."""

    shown: dict[str, Any]


@dataclass(frozen=True)
class OpenInEditor:
    """A person wants to see the code of a failure's frame; ``frame`` counts from 0."""

    failure: str
    frame: int


# ---- from the supervisor to a hub -----------------------------------------------------------


@dataclass(frozen=True)
class HostBus:
    """The first message to a hub, and the only one. One descriptor: where members come from.

    ``limits`` are those of `tornkit.bus_limits.BusLimits`.
    """

    limits: dict[str, Any]


# ---- from the supervisor to a zygote ------------------------------------------------------


@dataclass(frozen=True)
class Warm:
    """Import these modules, in this order, and watch what each does to the process.

    ``environment`` are the variables that the workers will have, which are not quite its own
    (`tornkit.serve.wire.warmth.ONE_THREAD`): those that the modules are shown.
    """

    modules: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Fork:
    """Order to fork workers. One descriptor for each: its end of its channel.

    ``environment`` is the whole environment of the workers. ``stale``: also where a file has
    changed since its import: they are to work beside others that hold what it was.
    """

    environment: dict[str, str]
    stale: bool = False


# ---- from a zygote to the supervisor ------------------------------------------------------


@dataclass(frozen=True)
class Trying:
    """The zygote is about to import this module: if it dies now, this was why."""

    module: str


@dataclass(frozen=True)
class Warmed:
    """The zygote is done with `Warm`. ``modules`` counts those that are loaded.

    ``unsafe`` pairs each module that may not be imported before a fork with what it did. If there
    is one, this process is spoiled.
    """

    modules: int
    unsafe: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Forked:
    """The workers of a `Fork`, in the order of its descriptors.

    ``modules`` counts what they are born with.
    """

    pids: tuple[int, ...]
    modules: int = 0


@dataclass(frozen=True)
class Unfit:
    """The zygote can't fork: ``reason``; if ``stale``, that is a file changed since its import.

    With an ``errno`` the system refused this fork, and the zygote is as fit as before.
    """

    reason: str
    stale: bool = False
    errno: int = 0


@dataclass(frozen=True)
class Exited:
    """A worker of the zygote's ended; ``status`` is its exit status, or a signal's negative."""

    pid: int
    status: int


Downward = Prepare | Boot | Grant | Go | Drain | Refresh | ReopenLogs | Adopt
Upward = (
    Claim
    | Ready
    | Loaded
    | Learned
    | Differs
    | Failed
    | Closed
    | Handover
    | Follows
    | Answered
    | ErrorShown
    | OpenInEditor
)
ToZygote = Warm | Fork
FromZygote = Trying | Warmed | Forked | Unfit | Exited
Message = Downward | Upward | HostBus | ToZygote | FromZygote
