"""The order in which a process of tornkit's finds modules for itself: a user's folder goes last.

``python -m tornkit`` puts the current folder first on ``sys.path``, and PYTHONPATH what it names:
a ``queue.py`` there would be imported in the place of the standard library's. Imports nothing that
is not loaded when Python has started.
"""

import os
import sys

_before: list[str] | None = None


def library_first() -> None:
    """Put the standard library first on ``sys.path``, then what is installed, for now.

    Until `as_python_has_it`, for as long as no user's code is imported.
    """
    global _before  # noqa: PLW0603 - of the process
    if _before is None:
        _before = sys.path[:]
        sys.path.sort(key=_rank)


def as_python_has_it() -> None:
    """Restore the order of ``sys.path``: user's code is about to be imported."""
    global _before
    if _before is not None:
        sys.path[:], _before = _before, None


def _rank(folder: str) -> int:
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - pathlib could be the user's
    if folder.endswith(("site-packages", "dist-packages")):
        return 1
    if folder == library or folder.endswith("lib-dynload"):
        return 0
    if folder.endswith(".zip") and os.path.dirname(folder) == os.path.dirname(library):  # noqa: PTH120
        return 0
    return 2
