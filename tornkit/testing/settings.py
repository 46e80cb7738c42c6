"""Settings of ``[tool.tornkit.serve]`` that change how requests of a test are answered.

Those that say where and by how many processes the application is served mean nothing to a test.
The values are read as `tornkit serve` reads them, which has the last word on the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tornkit.errors import UsageError
from tornkit.pyproject import read_tool_table
from tornkit.serve.config import ENGINES, LOOPS

_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True)
class ServingSettings:
    """Settings of a test's server: engine, loop, speedups, and arguments of `HTTPServer`."""

    engine: str = "tornkit"
    loop: str = "asyncio"
    speedups: bool = True
    arguments: Mapping[str, Any] = field(default_factory=dict)


def serving_settings(project: Path) -> ServingSettings:
    """The settings in the pyproject.toml of a project.

    :raises UsageError: it can't be read, or a value makes no sense.
    """
    file = project / "pyproject.toml"
    table = read_tool_table(file).get("serve", {}) if file.is_file() else {}
    if not isinstance(table, dict):
        raise UsageError(f"{file}: [tool.tornkit.serve] has to be a table")
    given = {key.replace("-", "_"): value for key, value in table.items()}

    def refused(key: str, wanted: str) -> UsageError:
        return UsageError(f"{file}: [tool.tornkit.serve] {key} has to be {wanted}")

    for key, choices in (("engine", ENGINES), ("loop", LOOPS)):
        if given.get(key, choices[0]) not in choices:
            raise refused(key, " or ".join(choices))
    for key in ("speedups", "xheaders"):
        if not isinstance(given.get(key, True), bool):
            raise refused(key, "true or false")
    arguments: dict[str, Any] = {"xheaders": given.get("xheaders", False)}
    if downstream := given.get("trusted_downstream"):
        arguments["trusted_downstream"] = (
            [downstream] if isinstance(downstream, str) else list(downstream)
        )
    if "max_body_size" in given:
        size = _size(given["max_body_size"])
        if size is None:
            raise refused("max_body_size", "a size, as 1048576, 512k, 100M or 2G")
        arguments["max_body_size"] = size
    return ServingSettings(
        given.get("engine", ENGINES[0]),
        given.get("loop", LOOPS[0]),
        given.get("speedups", True),
        arguments,
    )


def _size(value: object) -> int | None:
    """Bytes of a size as the command line takes it; None where it is none.

    >>> _size("512k"), _size(3), _size("2 GiB"), _size("many")
    (524288, 3, 2147483648, None)
    """
    text = str(value).strip().lower().removesuffix("b").removesuffix("i")
    unit = _UNITS.get(text[-1:], 1)
    number = (text[:-1] if unit > 1 else text).strip()
    return int(number) * unit if number.isdecimal() and int(number) else None
