"""What the tests of this folder share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.serve.scripted import World

_OWN_DESCRIPTORS = Path("/proc/self/fd")


def _open_descriptors() -> dict[str, str]:
    found = {}
    for entry in _OWN_DESCRIPTORS.iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except FileNotFoundError:  # the listing's own
            continue
    return found


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fail where a test leaves a descriptor open that was not open before."""
    if not _OWN_DESCRIPTORS.is_dir():
        pytest.skip("counts descriptors by way of /proc")
    gc.collect()
    before = _open_descriptors()
    yield
    # Not the other way round: a watcher's thread closes its own some time after its test.
    assert _open_descriptors().items() <= before.items()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A supervisor's surroundings, for a script (see `tests.serve.scripted`)."""
    from tests.serve.scripted import World

    # It would make this process the parent of strangers' orphans, for the rest of the run.
    monkeypatch.setattr("tornkit.serve.supervisor.supervisor.become_reaper", lambda: None)
    world = World()
    yield world
    world.listeners.close()
    world.loop.close()
