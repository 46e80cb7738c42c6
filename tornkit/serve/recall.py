"""What was warm the last time this project was served, so that the first start is a warm one.

Names of modules in a file of the user's cache, nothing else. It is a hint: every module is watched
again while it is imported, and a file that is missing, broken or a week old means a cold start,
from which everything is learned anew (what is no longer used is forgotten that way). Such a start
is told what can be foreseen instead (`tornkit.serve.foresight`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_KEPT_FOR = 7 * 24 * 3600  # seconds
_MOST_MODULES = 20_000


class Recall:
    """The file of one application under one interpreter; ``folder`` is None without a cache.

    ``otherwise`` is asked where nothing is known.
    """

    def __init__(
        self,
        application: str,
        folder: Path | None,
        otherwise: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._otherwise = otherwise
        key = "\0".join((application, sys.executable, sys.version))
        name = f"warm-{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
        self._path = None if folder is None else folder / f"{name}.json"

    def modules(self) -> tuple[str, ...]:
        """The names, in the order of their import; none where nothing is known."""
        return self._kept() or self._otherwise()

    def _kept(self) -> tuple[str, ...]:
        if self._path is None:
            return ()
        try:
            if time.time() - self._path.stat().st_mtime > _KEPT_FOR:
                return ()
            content = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return ()
        if not isinstance(content, list) or len(content) > _MOST_MODULES:
            return ()
        return tuple(name for name in content if isinstance(name, str))

    def remember(self, modules: Iterable[str]) -> None:
        """Keep them for the next time. Without a cache that can be written: do without."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._path.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(list(modules)))
            new.replace(self._path)


def cache_folder() -> Path | None:
    """``$XDG_CACHE_HOME/tornkit`` or ``~/.cache/tornkit``; None where there is no home."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    if root.startswith("/"):
        return Path(root) / "tornkit"
    try:
        return Path.home() / ".cache" / "tornkit"
    except RuntimeError:
        return None
