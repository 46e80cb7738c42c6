"""Lines about what a worker runs on, and what of the engine is active there."""

from __future__ import annotations

from typing import Any

import pytest

from tornkit.cli.platforms import activity_of, described, inactive_parts, of_this_process

PLATFORM: dict[str, Any] = {
    "python": "3.13.2",
    "tornado": "6.6.1",
    "loop": "uvloop",
    "engine": "tornkit",
    "active": ["HTTP connections", "routing"],
    "inactive": [],
    "unknown": [],
    "unsupported": [],
    "known_version": True,
}
NEWER: dict[str, Any] = {
    **PLATFORM,
    "tornado": "6.7.0",
    "inactive": ["a", "b", "c", "d", "e"],
    "unknown": ["tornado.web.f"],
    "known_version": False,
}


def test_all_is_active() -> None:
    assert described(PLATFORM) == (
        "Python 3.13.2, Tornado 6.6.1, uvloop's loop, all 2 parts of the engine active"
    )
    assert inactive_parts(PLATFORM) is None


def test_nobody_has_told_anything() -> None:
    assert described({}) == "no worker is ready"
    assert inactive_parts({}) is None


def test_the_engine_was_not_chosen() -> None:
    own = {**PLATFORM, "engine": "tornado", "active": []}
    assert described(own) == "Python 3.13.2, Tornado 6.6.1, uvloop's loop, Tornado's own server"


def test_a_newer_tornado() -> None:
    assert activity_of(NEWER) == (
        "2 of 7 parts of the engine active; Tornado's own code serves a, b, c and 2 more: "
        "Tornado 6.7.0 has other code than this tornkit knows, in tornado.web.f; "
        "pip install --upgrade tornkit"
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"known_version": True}, "somebody has changed this Tornado 6.7.0, in tornado.web.f; "),
        ({"known_version": True}, "; pip install --force-reinstall tornado==6.7.0"),
        ({"unknown": []}, ": this tornkit does not know Python 3.13.2; pip install --upgrade"),
    ],
)
def test_other_reasons(more: dict[str, Any], words: str) -> None:
    assert words in str(inactive_parts({**NEWER, **more}))


def test_this_process() -> None:
    python, tornado, loop = of_this_process().splitlines()
    assert python.startswith("Python 3.")
    assert tornado.startswith("Tornado 6.")
    assert loop.startswith("loop: asyncio's (")
