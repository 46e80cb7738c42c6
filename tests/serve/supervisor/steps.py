"""Steps that several scripts take (see `tests.serve.scripted`)."""

from __future__ import annotations

from pathlib import Path

from tests.serve.scripted import APP, Script, World


def edit(world: World, *paths: Path) -> Script:
    """See an edit after a quiet time."""
    world.passes(10)
    world.watcher.sees(*(paths or (APP,)))
    yield


def told(world: World) -> list[str]:
    """Return the sorts of the lines since the last call."""
    return [each[0] for each in world.reporter.since()]
