"""Number of workers that ``auto`` means: the CPUs that this process may really use.

The machine's count is wrong twice: in a container with a quota, and under ``taskset``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

from tornkit import linux

_PROC_CGROUP = linux.PROC / "self/cgroup"
_CGROUP_ROOT = Path("/sys/fs/cgroup")


def usable_cpus(proc_cgroup: Path = _PROC_CGROUP, cgroup_root: Path = _CGROUP_ROOT) -> int:
    """Number of CPUs that this process may use: the lesser of its affinity and its cgroup's quota.

    The quota is rounded up; the number is at least 1.
    """
    quota = cgroup_quota(proc_cgroup, cgroup_root)
    affinity = _affinity()
    return affinity if quota is None else max(1, min(affinity, math.ceil(quota)))


def _affinity() -> int:
    if linux.USED and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cgroup_quota(proc_cgroup: Path, cgroup_root: Path) -> float | None:
    """CPUs that the cgroup grants (may be a fraction), None where it sets no limit.

    Version 2 keeps ``cpu.max`` ("quota period" or "max period") in each folder of the hierarchy,
    and the tightest one counts; version 1 keeps ``cpu.cfs_quota_us`` (-1: none).
    """
    try:
        lines = proc_cgroup.read_text().splitlines()
    except OSError:
        return None
    quotas: list[float] = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not controllers:
            quotas += _quotas_upwards(cgroup_root, path, _quota_v2)
        elif "cpu" in controllers.split(","):
            for mount in (cgroup_root / controllers, cgroup_root / "cpu"):
                quotas += _quotas_upwards(mount, path, _quota_v1)
    return min(quotas, default=None)


def _quotas_upwards(mount: Path, path: str, read: Callable[[Path], float | None]) -> list[float]:
    folder = mount / path.lstrip("/")
    folders = [folder, *folder.parents]
    inside = [place for place in folders if place == mount or mount in place.parents]
    return [quota for place in inside if (quota := read(place)) is not None]


def _quota_v2(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
        return None if quota <= 0 else quota / period
    except (OSError, ValueError, ZeroDivisionError):
        return None
