"""Resident memory of a process, as the kernel counts it (Linux; elsewhere nothing is known)."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tornkit import linux


@dataclass(frozen=True)
class Memory:
    """Memory of a process, in bytes.

    ``own``: nobody else has these pages. ``shared``: with the zygote and its other children.
    ``pss``: own, and its share of the shared; these can be added up.
    """

    own: int
    shared: int
    pss: int


def resident(pid: int) -> int:
    """Resident memory of a process in bytes, 0 where that can't be known."""
    try:
        with open(f"{linux.PROC}/{pid}/statm", "rb") as file:  # noqa: PTH123 - procfs, each second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def memory_of(pid: int) -> Memory | None:
    """Memory of a process by ``/proc/PID/smaps_rollup``, the kernel's sum over all mappings.

    None where that can't be read. Costs a millisecond.
    """
    fields: dict[str, int] = {}
    try:
        with open(f"{linux.PROC}/{pid}/smaps_rollup") as file:  # noqa: PTH123 - procfs
            for line in file:
                name, _, rest = line.partition(":")
                value = rest.split()
                if len(value) == 2 and value[1] == "kB":
                    fields[name] = int(value[0]) * 1024
    except OSError:
        return None
    own = fields.get("Private_Clean", 0) + fields.get("Private_Dirty", 0)
    shared = fields.get("Shared_Clean", 0) + fields.get("Shared_Dirty", 0)
    return Memory(own=own, shared=shared, pss=fields.get("Pss", 0))
