"""Quotas as control groups of both versions write them down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tornkit.serve.supervisor import cpus
from tornkit.serve.supervisor.cpus import cgroup_quota, usable_cpus


class Tree:
    """A fake ``/proc/self/cgroup`` and ``/sys/fs/cgroup``."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "cgroup"
        self.root = folder / "fs"
        self.root.mkdir()

    def is_in(self, *lines: str) -> None:
        self.proc.write_text("".join(f"{line}\n" for line in lines))

    def v2(self, path: str, content: str) -> None:
        self._write(self.root / path / "cpu.max", content)

    def v1(self, mount: str, path: str, quota: object, period: object = 100_000) -> None:
        self._write(self.root / mount / path / "cpu.cfs_quota_us", f"{quota}\n")
        self._write(self.root / mount / path / "cpu.cfs_period_us", f"{period}\n")

    def _write(self, file: Path, content: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def quota(self) -> float | None:
        return cgroup_quota(self.proc, self.root)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


# ---- version 2 ----


@pytest.mark.parametrize(
    ("content", "quota"),
    [
        ("200000 100000\n", 2.0),
        ("150000 100000\n", 1.5),
        ("5000 100000\n", 0.05),
        ("25000 50000\n", 0.5),
        ("max 100000\n", None),
        ("", None),
        ("max", None),
        ("lots 100000\n", None),
        ("1000 0\n", None),
        ("1 2 3\n", None),
    ],
)
def test_v2(tree: Tree, content: str, quota: float | None) -> None:
    tree.is_in("0::/app")
    tree.v2("app", content)
    assert tree.quota() == quota


def test_v2_tightest_of_the_nested(tree: Tree) -> None:
    tree.is_in("0::/a/b/c")
    tree.v2("", "900000 100000")
    tree.v2("a", "300000 100000")
    tree.v2("a/b", "max 100000")
    tree.v2("a/b/c", "400000 100000")
    assert tree.quota() == 3.0
    tree.v2("a/b/c", "100000 100000")
    assert tree.quota() == 1.0
    tree.v2("a/other", "10000 100000")
    assert tree.quota() == 1.0


def test_v2_in_a_container_sees_its_own_group_as_the_root(tree: Tree) -> None:
    tree.is_in("0::/")
    tree.v2("", "250000 100000")
    assert tree.quota() == 2.5


def test_v2_whose_path_is_not_there(tree: Tree) -> None:
    """The host's path, in a container that has not its own namespace."""
    tree.is_in("0::/system.slice/docker-abc.scope")
    tree.v2("", "250000 100000")
    assert tree.quota() == 2.5


def test_nothing_above_the_mount_is_read(tree: Tree) -> None:
    tree.is_in("0::/app")
    (tree.root.parent / "cpu.max").write_text("1000 100000")
    assert tree.quota() is None


# ---- version 1 ----


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
def test_v1(tree: Tree, mount: str) -> None:
    tree.is_in("5:memory:/app", "4:cpu,cpuacct:/app", "1:name=systemd:/app")
    tree.v1(mount, "app", 150_000)
    assert tree.quota() == 1.5


def test_v1_tightest_of_the_nested(tree: Tree) -> None:
    tree.is_in("4:cpu:/a/b")
    tree.v1("cpu", "a/b", -1)
    tree.v1("cpu", "a", 200_000, 50_000)
    tree.v1("cpu", "", 800_000)
    assert tree.quota() == 4.0


@pytest.mark.parametrize(
    ("quota", "period"), [(-1, 100_000), (0, 100_000), ("x", 100_000), ("", ""), (1000, 0)]
)
def test_v1_without_a_limit(tree: Tree, quota: object, period: object) -> None:
    tree.is_in("4:cpu:/")
    tree.v1("cpu", "", quota, period)
    assert tree.quota() is None


def test_other_controllers_do_not_count(tree: Tree) -> None:
    tree.is_in("4:cpuset:/", "5:cpuacct:/")
    tree.v1("cpuset", "", 1000)
    tree.v1("cpu", "", 1000)
    assert tree.quota() is None


def test_both_versions_mounted(tree: Tree) -> None:
    tree.is_in("4:cpu,cpuacct:/app", "0::/app")
    tree.v1("cpu,cpuacct", "app", 300_000)
    tree.v2("app", "200000 100000")
    assert tree.quota() == 2.0


# ---- neither ----


def test_no_cgroups(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path / "none", tmp_path / "neither") is None


@pytest.mark.parametrize("line", ["", "garbage", "0:", "::", "a:b", "4:cpu"])
def test_garbage(tree: Tree, line: str) -> None:
    tree.is_in(line)
    assert tree.quota() is None


# ---- workers ----


@pytest.mark.parametrize(
    ("content", "affinity", "count"),
    [
        ("max 100000", 8, 8),
        ("400000 100000", 8, 4),
        ("150000 100000", 8, 2),
        ("5000 100000", 8, 1),
        ("0 100000", 8, 1),
        ("800000 100000", 2, 2),
        ("800000 100000", 1, 1),
    ],
)
def test_usable(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, content: str, affinity: int, count: int
) -> None:
    monkeypatch.setattr(cpus, "_affinity", lambda: affinity)
    tree.is_in("0::/app")
    tree.v2("app", content)
    assert usable_cpus(tree.proc, tree.root) == count


def test_affinity_counts(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 9}, raising=False)
    assert usable_cpus(tree.proc, tree.root) == 3


def test_a_system_without_affinity(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cpus(tree.proc, tree.root) == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cpus(tree.proc, tree.root) == 1


def test_this_machine() -> None:
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)
