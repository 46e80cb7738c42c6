"""Servers of this user that run: all of them, or the one that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tornkit.cli.servers import NONE_RUNS, other_version, running, the_one
from tornkit.errors import TornkitError, UsageError

ONE, OTHER = {"pid": 1, "app": "a.py"}, {"pid": 2}


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What the servers answer."""
    answers: list[dict[str, Any]] = []

    def ask_all(folder: Path) -> list[dict[str, Any]]:
        assert folder == tmp_path
        return answers

    monkeypatch.setattr("tornkit.serve.control.control_folder", lambda: tmp_path)
    monkeypatch.setattr("tornkit.serve.control.ask_all", ask_all)
    return answers


def test_all_of_them_or_one(servers: list[dict[str, Any]]) -> None:
    assert running(None) == []
    servers += [ONE, OTHER]
    assert running(None) == [ONE, OTHER]
    assert running(2) == [OTHER]
    assert running(3) == running(0) == []


def test_the_only_one_is_meant(servers: list[dict[str, Any]]) -> None:
    servers.append(ONE)
    assert the_one(None) is ONE
    assert the_one(1) is ONE


def test_one_of_several_is_meant_by_its_pid(servers: list[dict[str, Any]]) -> None:
    servers += [ONE, OTHER]
    assert the_one(2) is OTHER
    with pytest.raises(UsageError) as raised:
        the_one(None)
    assert str(raised.value) == "2 servers run; say which: --pid 1 (a.py), --pid 2 (None)"


@pytest.mark.parametrize(
    ("pid", "says"), [(None, NONE_RUNS), (3, "no server has the supervisor 3")]
)
def test_none_is_meant(servers: list[dict[str, Any]], pid: int | None, says: str) -> None:
    servers += [] if pid is None else [ONE]
    with pytest.raises(TornkitError) as raised:
        the_one(pid)
    assert (str(raised.value), raised.value.exit_code) == (says, 1)


@pytest.mark.parametrize(
    ("server", "version"),
    [({"pid": 1}, "unknown"), ({"pid": 1, "tornkit": "0.1"}, "0.1"), ({"pid": 1, "tornkit": 2}, 2)],
)
def test_one_of_another_version(server: dict[str, Any], version: object) -> None:
    assert other_version(server) == f"supervisor 1 is of another version of tornkit: {version}"
