"""Factories run loops, and use the one that is going to run them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from tornado.ioloop import IOLoop

from tornkit.appload.factory import call_as_if_running


async def setup() -> str:
    await asyncio.sleep(0)
    return "ready"


def in_new_loop() -> str:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(setup())
    finally:
        loop.close()


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    if request.param == "uvloop":
        loop = pytest.importorskip("uvloop").new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.close()
    # Of `asyncio.run` none is left; one that Tornado has wrapped would be closed by its finalizer.
    asyncio.set_event_loop(None)


@pytest.mark.parametrize(
    "run",
    [
        lambda: IOLoop.current().run_sync(setup),
        lambda: asyncio.run(setup()),
        lambda: asyncio.get_event_loop().run_until_complete(setup()),
        in_new_loop,
    ],
    ids=["run_sync", "asyncio.run", "run_until_complete", "new loop"],
)
def test_a_factory_runs_a_loop(loop: asyncio.AbstractEventLoop, run: Callable[[], str]) -> None:
    def factory() -> tuple[str, str, object]:
        return run(), run(), asyncio.get_running_loop()

    assert call_as_if_running(loop, factory) == ("ready", "ready", loop)


def test_a_factory_uses_the_running_loop(loop: asyncio.AbstractEventLoop) -> None:
    def factory() -> asyncio.Task[str]:
        assert IOLoop.current().asyncio_loop is loop  # type: ignore[attr-defined]
        return asyncio.create_task(setup())

    assert loop.run_until_complete(call_as_if_running(loop, factory)) == "ready"


def test_all_is_put_back(loop: asyncio.AbstractEventLoop) -> None:
    before = dict(vars(asyncio.events)), type(loop).run_forever

    def factory() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        call_as_if_running(loop, factory)
    assert (dict(vars(asyncio.events)), type(loop).run_forever) == before
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
