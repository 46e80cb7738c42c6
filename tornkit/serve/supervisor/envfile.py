"""The variables of ``--env-file``, read anew for each generation."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from pathlib import Path

from tornkit.errors import UsageError
from tornkit.paths import is_readable_place


class EnvironmentFile:
    """File of environment variables (``--env-file``); ``path`` is None where none was given."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._last: dict[str, str] = {}

    def environment(self) -> Mapping[str, str]:
        """The workers' whole environment: ours, and what the file sets and ours does not.

        While the file is away, between an editor's two steps, what it said last goes on.

        :raises UsageError: it can't be read, or has what no environment can hold.
        """
        if self._path is not None and is_readable_place(self._path):
            with contextlib.suppress(FileNotFoundError):
                self._last = _read(self._path)
        return {**self._last, **os.environ}


def _read(path: Path) -> dict[str, str]:
    from dotenv.main import DotEnv
    from dotenv.parser import parse_stream

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--env-file {path} can't be read: {error}") from None
    for line in parse_stream(io.StringIO(text)):
        if line.error:
            shown = line.original.string.strip().partition("\n")[0]
            raise UsageError(
                f"--env-file {path}, line {line.original.line}: {shown!r} is no NAME=value"
            )
    # As `load_dotenv`: what ${NAME} stands for is what the workers have as NAME.
    found = DotEnv(None, io.StringIO(text), override=False).dict()
    values = {name: value for name, value in found.items() if value is not None}
    for name, value in values.items():
        if "\0" in name + value or not name:
            raise UsageError(f"--env-file {path}: {name!r} is not for an environment")
    return values
