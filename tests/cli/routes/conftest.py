from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.routes.checked import Project


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Project:
    return Project(tmp_path, monkeypatch)
