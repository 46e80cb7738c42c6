"""Fixtures that the tests of nurseries share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.nursery.house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A loop and processes for a nursery (see `tests.serve.nursery.house`)."""
    with open_house(tmp_path) as house:
        yield house
