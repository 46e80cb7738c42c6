"""Plays one story after another on one event loop."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from tests.serve.stories.story import Fault, Story
from tests.serve.stories.worker import in_one_process

LOOPS = ("asyncio", "uvloop")


def tell(first: int, count: int, kind: str) -> Iterator[tuple[int, str]]:
    """Play stories; the number of each that did not end well, and why."""
    loop = _new_loop(kind)
    before = _descriptors()
    with (
        in_one_process(),
        # It would make this process the parent of strangers' orphans.
        mock.patch("tornkit.serve.supervisor.supervisor.become_reaper"),
        # No process of a story is there to be looked at; only this machine's, for a long time.
        mock.patch("tornkit.serve.supervisor.holdings._PROC", Path("/nowhere")),
    ):
        logger = logging.getLogger("tornado")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            for number in range(first, first + count):
                story = Story(number, loop)
                try:
                    story.play()
                except Fault as fault:
                    yield number, f"{fault} ({', '.join(story.happened)}; {story.code})"
                except Exception:  # noqa: BLE001 - whatever is raised is a fault
                    yield number, traceback.format_exc()
                after = _descriptors()
                if after != before:
                    yield number, f"{after - before} descriptors are left open"
                    before = after
        finally:
            logger.setLevel(level)
            loop.close()


def _descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def _new_loop(kind: str) -> asyncio.AbstractEventLoop:
    if kind == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()
