"""Message of a worker that is ready, on all that it has loaded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from tornado.web import Application

from tornkit.engine import activity
from tornkit.serve.sources import sources
from tornkit.serve.warm_imports.userfiles import (
    folders_of,
    other_modules,
    own_modules,
    user_files,
)
from tornkit.serve.wire.messages import Claim, Ready
from tornkit.serve.worker.digests import digests
from tornkit.serve.worker.serving_loops import running_loop


class ReadyOrders(activity.Chosen, Protocol):
    """The supervisor's orders that `ready_message` reads."""

    @property
    def digest_key(self) -> str:
        """The supervisor's key for the digests, in hexadecimal."""


def ready_message(
    applications: Iterable[Application],
    watched: Iterable[str],
    orders: ReadyOrders,
    claims: Iterable[Claim] = (),
) -> Ready:
    """Make the `Ready` message of this process.

    ``watched`` are the files that the program gave to `tornado.autoreload.watch`; ``claims`` are
    those that were offered and taken, then those whose scheme has come to be known.
    """
    own = own_modules()
    files = user_files(own)
    states = sources.states(files)
    made = list(applications)
    return Ready(
        files=tuple(sorted(files)),
        sources=states,
        watched=tuple(sorted(str(Path(name).resolve()) for name in list(watched))),
        folders=_folders(made),
        modules=other_modules(own),
        digests=digests(made, bytes.fromhex(orders.digest_key)),
        names=sources.names(states),
        platform=activity.summary(orders, running_loop()),
        claims=tuple(claims),
    )


def _folders(applications: Iterable[Application]) -> tuple[str, ...]:
    """Folders in which the applications keep templates and static files."""
    named = [folders_of(application.settings) for application in applications]
    return tuple(sorted(set().union(*named)))
