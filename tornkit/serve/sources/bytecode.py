"""Keeps Python from running stale bytecode of a file that was saved twice in one second.

A ``.pyc`` counts as current when the source's modification time, *in whole seconds*, and its
length are those that it was made from (PEP 552 leaves that as it was). Two saves in one second
that do not change the length, `1` to `2`, and the second is never run. So nothing is written for
a source that may still be saved again within its second.
"""

from __future__ import annotations

import os
import time
from importlib.machinery import SourceFileLoader

_SETTLED_AFTER = 2.0  # seconds; file systems of older times count in twos


def cache_only_settled_sources() -> None:
    """Write bytecode only of sources unchanged for two seconds, from now on."""
    set_data = SourceFileLoader.set_data

    def settled_set_data(
        self: SourceFileLoader, path: str, data: bytes, *, _mode: int = 0o666
    ) -> None:
        try:
            age = time.time() - os.stat(self.path).st_mtime  # noqa: PTH116 - once for each import
        except OSError:
            return
        if age >= _SETTLED_AFTER:
            set_data(self, path, data, _mode=_mode)

    SourceFileLoader.set_data = settled_set_data  # type: ignore[method-assign,assignment]
