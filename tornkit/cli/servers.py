"""Servers of this user that run, for the commands that ask or use one."""

from __future__ import annotations

from typing import Any

from tornkit.errors import TornkitError, UsageError

NONE_RUNS = "no server runs; start one with tornkit serve"


def running(pid: int | None) -> list[dict[str, Any]]:
    """Status of each server of this user that runs, or of that with the supervisor ``pid``."""
    from tornkit.serve.control import ask_all, control_folder

    return [one for one in ask_all(control_folder()) if pid in (None, one["pid"])]


def the_one(pid: int | None) -> dict[str, Any]:
    """Status of the only server that runs, or of that with the supervisor ``pid``.

    :raises TornkitError: there is none.
    :raises UsageError: there are several.
    """
    found = running(pid)
    if not found:
        raise TornkitError(NONE_RUNS if pid is None else f"no server has the supervisor {pid}")
    if len(found) > 1:
        named = ", ".join(f"--pid {one['pid']} ({one.get('app')})" for one in found)
        raise UsageError(f"{len(found)} servers run; say which: {named}")
    return found[0]


def other_version(server: dict[str, Any]) -> str:
    """Message that a server is of another version of tornkit."""
    version = str(server.get("tornkit", "unknown"))
    return f"supervisor {server['pid']} is of another version of tornkit: {version}"
