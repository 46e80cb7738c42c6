"""Fixtures of tests that serve a generated project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import certificate, make_certificate
from tests.integration.serve import Serve

__all__ = ["certificate", "make_certificate", "serve"]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers in a folder of their own, and stops them at the end."""
    starter = Serve(tmp_path)
    try:
        yield starter
    finally:
        starter.close()
