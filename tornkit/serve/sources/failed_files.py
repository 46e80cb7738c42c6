"""Files that may be to blame for a failed start: the next start waits for a change of one.

A module that raised is in `sys.modules` no more, and one that was missing never was. So what is
looked at is what was read (`sources`), and what the errors themselves say.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from tornkit.ownership import is_user_file
from tornkit.serve.refusals import chain
from tornkit.serve.sources import sources


def files_of_failure(error: BaseException) -> set[str]:
    """Return the user's files that were read before an error, and those that it misses."""
    found = {path for path in sources.read() if is_user_file(path)}
    for each in chain(error):
        if isinstance(each, ModuleNotFoundError) and each.name is not None:
            found.update(_places(each.name))
        elif isinstance(each, OSError) and isinstance(each.filename, str):
            found.add(os.path.abspath(each.filename))  # noqa: PTH100 - text
    return found


def _places(module: str) -> Iterator[str]:
    """Paths at which a module of the user's would be looked for."""
    below = module.replace(".", os.sep)
    for folder in sys.path:
        base = os.path.abspath(os.path.join(folder, below))  # noqa: PTH100, PTH118 - text
        if is_user_file(base):
            yield f"{base}.py"
            yield os.path.join(base, "__init__.py")  # noqa: PTH118 - text
