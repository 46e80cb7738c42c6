"""Servers that answer, and what is published there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What the servers answer."""
    answers: list[dict[str, Any]] = []
    monkeypatch.setattr("tornkit.serve.control.control_folder", lambda: tmp_path)
    monkeypatch.setattr("tornkit.serve.control.ask_all", lambda folder: iter(answers))
    return answers


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, servers: list[dict[str, Any]]) -> list[Any]:
    """Channels and values that were published."""
    found: list[Any] = []

    async def publish(server: Any, channel: str, value: Any) -> str:
        found.append((channel, value))
        return "e-1"

    monkeypatch.setattr("tornkit.cli.bus.publishing._publish", publish)
    servers.append({"pid": 1})
    return found
