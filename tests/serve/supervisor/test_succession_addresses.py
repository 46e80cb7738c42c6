"""Addresses over several generations: which are kept, let go and told."""

from __future__ import annotations

import pytest

from tests.serve.scripted import APP, CLAIM, FAILURE, Script, World, config, get_ready
from tornkit.serve.wire.messages import Claim, Closed, Drain, Go, Grant

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_an_address_that_the_new_generation_lacks_is_let_go(world: World) -> None:
    dropped = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [old] = world.new_workers()
        old.says(CLAIM)
        old.says(dropped)
        yield from get_ready([old])
        assert len(list(world.listeners)) == 2
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(CLAIM)
        yield from get_ready([new])
        assert old.heard() == [Grant(), Grant(), Go()]  # it might claim it still
        world.passes(0.6)
        yield
        assert old.heard() == [Drain(10.0, True)]
        assert len(list(world.listeners)) == 2
        old.dies(0)
        yield
        assert len(list(world.listeners)) == 1

    world.run(script, config())


def test_an_address_that_is_claimed_behind_ready_is_kept(world: World) -> None:
    second = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [old] = world.new_workers()
        old.says(CLAIM)
        old.says(second)
        yield from get_ready([old])
        before = [sock.getsockname() for sock in world.listeners]
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(CLAIM)
        yield from get_ready([new])
        old.heard()
        new.says(second)
        yield
        assert old.heard() == [Drain(10.0, True)]
        old.dies(0)
        yield
        assert new.heard() == [Grant(), Grant(), Go()]
        assert [sock.getsockname() for sock in world.listeners] == before

    world.run(script, config())


def test_addresses_that_come_later_are_told(world: World) -> None:
    second = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(CLAIM)
        yield from get_ready([worker])
        assert world.reporter.since() == [("serving",)]
        worker.says(second)
        yield
        assert world.reporter.since() == [("also serving", 1)]
        worker.says(second)
        yield
        assert world.reporter.since() == []
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        for number in range(3):
            new.says(Claim(port=0, address="127.0.0.1", occurrence=number))
        yield from get_ready([new])
        worker.says(Closed())
        yield
        assert world.reporter.since()[-1] == ("also serving", 1)

    world.run(script, config())


def test_what_a_failed_generation_claimed_is_let_go(world: World) -> None:
    other = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [old] = world.new_workers()
        old.says(CLAIM)
        yield from get_ready([old])
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(CLAIM)
        new.says(other)
        yield
        assert len(list(world.listeners)) == 2
        new.says(FAILURE)
        new.dies(1)
        yield
        assert len(list(world.listeners)) == 1  # a client of the other would wait for ever

    world.run(script, config())
