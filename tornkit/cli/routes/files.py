"""Files of the user's, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` into the file that ``path`` leads to; its mode and links to it stay.

    :raises OSError: it can't be written; then it is as it was.
    """
    real = path.resolve()
    mode = real.stat().st_mode & 0o7777 if real.exists() else _usual_mode()
    if real.exists() and not os.access(real, os.W_OK):  # a rename would not ask
        raise PermissionError(13, "it is not writable")
    descriptor, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)  # by descriptor: a link could be put under its name
            os.fsync(file.fileno())
        Path(name).replace(real)
    except BaseException:  # a Ctrl-C, too: no half-written file stays
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _usual_mode() -> int:
    """Mode that a new file usually gets; `tempfile` gives access to its owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
