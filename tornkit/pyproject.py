"""``[tool.tornkit]`` in the nearest pyproject.toml.

Reads, never writes; knows nothing of what the keys mean (the command line does).
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from tornkit.errors import UsageError
from tornkit.paths import is_readable_place


def find_pyproject(start: Path) -> Path | None:
    """The nearest pyproject.toml in ``start`` (a folder) or above it."""
    for folder in (start, *start.parents):
        candidate = folder / "pyproject.toml"
        if is_readable_place(candidate):
            return candidate
    return None


def read_tool_table(path: Path) -> dict[str, Any]:
    """The table ``[tool.tornkit]`` of one file, empty where there is none.

    :raises UsageError: the file is not TOML, can't be read, or the table is no table.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    tool = document.get("tool", {})
    table = tool.get("tornkit", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{path}: [tool.tornkit] has to be a table")
    return table


def line_of(path: Path, table: str, key: str) -> int | None:
    """The line that sets ``key`` in the table ``[table]``; None where it is not found.

    For messages: tomllib keeps no lines. Hyphens and underscores count alike, as in the command
    line's settings. ``serve.port = 1`` below ``[tool.tornkit]`` and ``[tool.tornkit.serve]``, for
    the key ``serve``, are found as well; an inline table is not.
    """
    wanted = _parts(f"{table}.{key}")
    folder: list[str] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):  # it was read a moment ago; the line is an extra
        return None
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            folder = found = _parts(header[1])
        elif setting := _SETTING.match(line):
            found = [*folder, *_parts(setting[1])]
        else:
            continue
        if found[: len(wanted)] == wanted:
            return number
    return None


_HEADER = re.compile(r"\s*\[+([^]]+)\]")
_SETTING = re.compile(r"\s*([\w.\-'\" ]+?)\s*=")


def _parts(dotted: str) -> list[str]:
    return [part.strip(" '\"").replace("-", "_") for part in dotted.split(".")]


def project_version(start: Path) -> str | None:
    """``[project] version`` of the nearest pyproject.toml; None where none says it.

    :param start: a folder, from which it is looked for upwards.
    """
    path = find_pyproject(start)
    if path is None:
        return None
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    version = project.get("version") if isinstance(project, dict) else None
    return version if isinstance(version, str) else None
