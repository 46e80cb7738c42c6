"""Message of a worker that is ready, on all that it has loaded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tornado.web import Application

from tornkit.serve.sources import sources
from tornkit.serve.warm_imports.userfiles import (
    folders_of,
    other_modules,
    own_modules,
    user_files,
)
from tornkit.serve.wire.messages import Ready
from tornkit.serve.worker.digests import digests


def ready_message(
    applications: Iterable[Application],
    watched: Iterable[str],
    digest_key: str,
    platform: dict[str, Any] | None = None,
) -> Ready:
    """The `Ready` of this process.

    ``watched`` are the files that the program gave to `tornado.autoreload.watch`; ``digest_key``
    is the supervisor's, in hexadecimal; ``platform`` is `tornkit.engine.activity.summary`.
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
        digests=digests(made, bytes.fromhex(digest_key)),
        names=sources.names(states),
        platform=platform or {},
    )


def _folders(applications: Iterable[Application]) -> tuple[str, ...]:
    """Folders in which the applications keep templates and static files."""
    named = [folders_of(application.settings) for application in applications]
    return tuple(sorted(set().union(*named)))
