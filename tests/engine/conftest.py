"""The loop of each coroutine test: a new one of asyncio's, or of the kind of ``either_loop``."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.serving import PATIENCE
from tests.engine.watched_states import Step, watch_states
from tornkit.engine.states import FOLLOWERS

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=pytest.mark.thorough)])
def either_loop(request: pytest.FixtureRequest) -> LoopFactory | None:
    """Factory of a coroutine test's loop: None for the one of `asyncio.run`, then uvloop's.

    A module asks by ``pytestmark = EITHER_LOOP``. A test that is about one of them asks by
    ``@pytest.mark.parametrize("either_loop", ["uvloop"], indirect=True)``.
    """
    if request.param == "uvloop":
        factory: LoopFactory = pytest.importorskip("uvloop").new_event_loop
        return factory
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test in a loop of its own, for no longer than PATIENCE."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    given = pyfuncitem.funcargs
    arguments = {name: given[name] for name in inspect.signature(test).parameters}

    async def with_patience() -> None:
        async with asyncio.timeout(PATIENCE):
            await test(**arguments)

    factory: Any = given.get("either_loop")
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(with_patience())
    return True


@pytest.fixture
def state_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Step]]:
    """Steps from state to state that connections take; one outside the table fails the test."""
    taken = watch_states(monkeypatch)
    yield taken
    refused = {(before, after) for before, after in taken if after not in FOLLOWERS[before]}
    assert not refused
