"""Lines about the Python, the Tornado and the loop of a worker, and what of the engine is active.

The facts are those of `tornkit.engine.activity.summary`, which this does not import: a supervisor
has no Tornado in its memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SHOWN = 3  # names of a list, before their number is told


def of_this_process() -> str:
    """Lines for ``tornkit --version``: what a server that is started here would run on."""
    from tornkit.engine.activity import summary

    found = summary(_Defaults)
    uvloop = "with --loop uvloop: " + (_version_of("uvloop") or "not installed")
    return (
        f"Python {found['python']}\n"
        f"Tornado {found['tornado']}: {activity_of(found)}\n"
        f"loop: asyncio's ({uvloop})"
    )


class _Defaults:
    engine = "tornkit"
    speedups = True


def _version_of(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def described(platform: Mapping[str, Any]) -> str:
    """One line for a status: versions, loop, and how much of the engine is active."""
    if not platform:
        return "no worker is ready"
    versions = ", ".join(
        (
            f"Python {platform['python']}",
            f"Tornado {platform['tornado']}",
            f"{platform['loop']}'s loop",
        )
    )
    if platform["engine"] != "tornkit":
        return f"{versions}, Tornado's own server"
    return f"{versions}, {activity_of(platform)}"


def activity_of(platform: Mapping[str, Any]) -> str:
    """Text that says how many parts of the engine are active, and which are not, and why."""
    inactive = inactive_parts(platform)
    count = len(platform["active"])
    if inactive is None:
        return f"all {count} parts of the engine active"
    return f"{count} of {count + len(platform['inactive'])} parts of the engine active; {inactive}"


def inactive_parts(platform: Mapping[str, Any]) -> str | None:
    """One line: what Tornado's own code does instead, why, and the cure; None if nothing."""
    if not platform or not platform["inactive"]:
        return None
    what = f"Tornado's own code serves {_some(platform['inactive'])}"
    if not platform["unknown"]:
        return f"{what}: this tornkit does not know Python {platform['python']}; {_UPDATE}"
    version = platform["tornado"]
    why = f"Tornado {version} has other code than this tornkit knows"
    then = _UPDATE
    if platform["known_version"]:
        why = f"somebody has changed this Tornado {version}"
        then = f"pip install --force-reinstall tornado=={version}"
    return f"{what}: {why}, in {_some(platform['unknown'])}; {then}"


_UPDATE = "pip install --upgrade tornkit"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
