"""The store on a real NATS server: several links that change the same key, and ends."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.bus.nats_play import needs_nats, parts, played
from tests.bus.nats_server import NatsBackend
from tornkit.bus.errors import BusError, Unavailable

pytestmark = needs_nats


class TestStore:
    def test_what_is_new_and_what_is_over(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = parts(backend.bus()).call_store, parts(backend.bus()).call_store
            assert await one("set", "a", "j1", 0.3, True)
            assert not await other("set", "a", "j2", None, True)
            assert await other("get", "a") == "j1"
            while await other("get", "a") is not None:
                await asyncio.sleep(0.02)
            assert await other("set", "a", "j2", None, True)
            assert not await one("delete", "a", "j1")
            assert await one("delete", "a", "j2")
            assert not await one("delete", "a", None)
            assert await one("set", "a", "j3", None, True)
            await one("set", "a", 'j"x"', None, False)
            with pytest.raises(BusError, match="no whole number"):
                await one("increment", "a", 1, None)

        played(test)

    def test_one_of_many_gets_it_and_may_renew_it(self) -> None:
        async def test(backend: NatsBackend) -> None:
            stores = [parts(backend.bus()).call_store for _ in range(4)]
            calls = [each("set", "lease", f"j{at}", 0.4, True) for at, each in enumerate(stores)]
            won = await asyncio.gather(*calls)
            assert sorted(won) == [False, False, False, True]
            mine = won.index(True)
            for _ in range(3):
                await asyncio.sleep(0.2)  # it is renewed before it ends
                assert await stores[mine]("renew", "lease", f"j{mine}", 0.4)
            assert not await stores[0]("renew", "lease", "jx", 5.0)
            while not await stores[0]("set", "lease", "jx", 5.0, True):
                await asyncio.sleep(0.02)
            assert not await stores[mine]("renew", "lease", f"j{mine}", 0.4)

        played(test)

    def test_a_count_keeps_the_end_with_which_it_began(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = parts(backend.bus()).call_store, parts(backend.bus()).call_store
            calls = [each("increment", "n", 2, 0.5) for each in [one, other] * 10]
            assert sorted(await asyncio.gather(*calls)) == list(range(2, 42, 2))
            while await one("get", "n") is not None:
                assert await other("increment", "n", 0, 60.0) in (0, 40)
                await asyncio.sleep(0.02)
                if await one("get", "n") == "j0":
                    break
            assert await one("increment", "n", 1, None) == 1

        played(test)

    def test_is_made_again_where_it_was_deleted(self) -> None:
        async def test(backend: NatsBackend) -> None:
            store = parts(backend.bus()).call_store
            await store("set", "a", "j1", None, False)
            backend.forget_all()
            with contextlib.suppress(Unavailable):
                await store("get", "a")
            while True:
                with contextlib.suppress(Unavailable):
                    assert await store("get", "a") is None
                    break

        played(test)
