"""The plugin's own fixtures, with an application of the tests in the project's place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.testing.applications import make_app
from tornkit.engine import speedups
from tornkit.testing.loop_thread import LoopThread


@pytest.fixture(scope="module", autouse=True)
def _speedups_end_with_the_module() -> Iterator[None]:
    """Other tests of this process look at Tornado as it is."""
    yield
    speedups.uninstall()


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = {each.name for each in set(threading.enumerate()) - before}
    assert not {name for name in left if "tornkit" in name or "asyncio" in name}


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the application; a module overrides them."""
    return {}


@pytest.fixture
def tornkit_app(settings: dict[str, Any]) -> Callable[[], object]:
    return lambda: make_app(**settings)


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()
