"""``[tool.tornkit]`` in the nearest pyproject.toml.

Reads, never writes; knows nothing of what the keys mean (the command line does).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tornkit.errors import UsageError


def find_pyproject(start: Path) -> Path | None:
    """The nearest pyproject.toml in ``start`` (a folder) or above it."""
    for folder in (start, *start.parents):
        candidate = folder / "pyproject.toml"
        if candidate.is_file():
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
