"""Marks for tests of what not each Tornado does that the engine knows."""

from __future__ import annotations

import sys

import pytest

from tornkit.engine.fidelity import variants

LIMITED_QUERIES = pytest.mark.skipif(
    not variants.QUERY_LIMITED, reason="this Tornado lets a query have any number of fields"
)
GUARDED_CALLBACKS = pytest.mark.skipif(
    not variants.CALLBACKS_GUARDED,
    reason="this Tornado lets a WebSocket stay open whose coroutine has failed",
)
TURNS_OF_FRAMES = pytest.mark.skipif(
    sys.maxsize == variants.FRAMES_TURN, reason="this Tornado takes all frames that are here"
)
