"""Cache of a project's warm modules on disk, so that its first start is a warm one.

Names of modules in a file of the user's cache, nothing else. It is a hint: every module is watched
again while it is imported, and a file that is missing, broken or a week old means a cold start,
from which everything is learned anew (what is no longer used is forgotten that way). Such a start
is told what can be foreseen instead (`tornkit.serve.nursery.import_scan`). A file or folder that
another user has made or can write to is not believed, and not written to
(`tornkit.serve.private_files`).
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from json import dumps, loads
from pathlib import Path

from tornkit.serve.private_files import NotPrivate, PrivateFolder

_KEPT_FOR = 7 * 24 * 3600  # seconds
_MOST_MODULES = 20_000
_MOST_BYTES = 4 << 20


class WarmCache:
    """Cache file with the names of the modules that one application imports, under one interpreter.

    ``folder`` is None without a cache. ``otherwise`` is asked where nothing is known.
    ``on_refused`` is told, once, why a file or folder is not believed.
    """

    def __init__(
        self,
        application: str,
        folder: Path | None,
        otherwise: Callable[[], tuple[str, ...]] = tuple,
        on_refused: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._otherwise = otherwise
        self._on_refused = on_refused
        self._told = False
        self._folder = folder
        key = "\0".join((application, sys.executable, sys.version))
        name = f"warm-{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
        self._name = f"{name}.json"

    def modules(self) -> tuple[str, ...]:
        """Names of the modules to warm, in the order of their import; none if nothing is known."""
        return self._kept() or self._otherwise()

    def _kept(self) -> tuple[str, ...]:
        if self._folder is None:
            return ()
        try:
            with PrivateFolder(self._folder, make=False) as folder:
                read, written_at = folder.read(self._name, _MOST_BYTES)
            if time.time() - written_at > _KEPT_FOR:
                return ()
            content = loads(read)
        except NotPrivate as error:
            self._refuse(error)
            return ()
        except (OSError, ValueError, RecursionError):
            return ()
        if not isinstance(content, list) or len(content) > _MOST_MODULES:
            return ()
        names = (name for name in content if isinstance(name, str))
        # Another version of tornkit may have written it, whose own modules are not there any more.
        return tuple(name for name in names if name.partition(".")[0] != "tornkit")

    def remember(self, modules: Iterable[str]) -> None:
        """Write names of modules to the cache, for the next start; not if it can't be written."""
        if self._folder is None:
            return
        try:
            with PrivateFolder(self._folder) as folder:
                folder.write(self._name, dumps(list(modules)).encode())
        except NotPrivate as error:
            self._refuse(error)
        except OSError:
            pass  # no such place, no space, no permission: the next start is a cold one

    def _refuse(self, error: NotPrivate) -> None:
        if not self._told:
            self._told = True
            self._on_refused(str(error))


def cache_folder() -> Path | None:
    """Cache folder: ``$XDG_CACHE_HOME/tornkit`` or ``~/.cache/tornkit``; None without a home.

    A path that is not absolute counts as none (XDG Base Directory Specification).
    """
    root = os.environ.get("XDG_CACHE_HOME", "")
    if root.startswith("/"):
        return Path(root) / "tornkit"
    if os.environ.get("HOME") == "":  # which `Path.home` takes for the root folder
        return None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ".cache" / "tornkit" if home.is_absolute() else None
