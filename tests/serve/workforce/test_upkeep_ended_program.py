"""Upkeep where the program ends by itself: none is started again, and what follows from that."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tests.serve.scripted import APP, CLAIM, FAILURE, Script, World, config, get_ready
from tests.serve.workforce.crew import Crew, open_crew, told
from tornkit.serve.wire.messages import Go

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    """Upkeep with a reload on each edit, unless the test says otherwise."""
    with open_crew(**getattr(request, "param", {})) as crew:
        yield crew


def test_a_program_that_ends_in_good_order_is_over(crew: Crew) -> None:
    first, second = crew.serve(2)
    second.dies(0)
    crew.loop.passes()
    booting = crew.new_worker()
    first.dies(0)
    crew.settles()
    assert crew.reporter.since()[-1] == ("program ended", 0, "waiting")
    assert not booting.alive
    assert crew.team.world.new_workers() == []
    assert not crew.upkeep.is_wanted(crew.generation, 0)
    assert crew.finished == 0, "an edit is awaited"


@pytest.mark.parametrize("crew", [{"reload": False}], indirect=True)
def test_where_no_edit_is_awaited_it_ends_the_server(crew: Crew) -> None:
    [process] = crew.serve(1)
    process.dies(0)
    crew.loop.passes()
    assert crew.reporter.since() == [("program ended", 0)]
    assert crew.finished == 1


@pytest.mark.parametrize("crew", [{"reload": False}], indirect=True)
def test_where_another_generation_boots_that_decides(crew: Crew) -> None:
    """A signal had asked for the other one."""
    [process] = crew.serve(1, claim=True)
    crew.begin()
    process.dies(0)
    crew.loop.passes()
    assert crew.finished == 0
    assert len(list(crew.listeners)) == 1, "what both listen on goes on to listen"


def test_one_that_was_confused_is_replaced(crew: Crew) -> None:
    """A failure that was told counts, though the process ends as if in good order."""
    [process] = crew.serve(1)
    process.says(FAILURE)
    process.dies(0)
    crew.loop.passes()
    assert crew.reporter.since() == [("died", 0, FAILURE.message, 0.0)]
    assert crew.new_worker().alive


def test_one_that_ends_before_it_serves_is_replaced(crew: Crew) -> None:
    [process] = crew.serve(1)
    process.dies(1)
    crew.loop.passes()
    crew.new_worker().dies(0)
    crew.settles()
    assert told(crew) == ["died", "none serves", "died"]
    assert crew.new_worker().alive


def test_what_a_program_listened_on_is_closed_with_it(crew: Crew) -> None:
    """Clients are refused, as without tornkit; the next start gets the same port."""
    [process] = crew.serve(1, claim=True)
    [sock] = crew.listeners
    address = sock.getsockname()
    process.dies(0)
    while process.descriptors:
        os.close(process.descriptors.pop())
    crew.loop.passes()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address):
        pass
    [again] = crew.listeners.claim(CLAIM, 0, 2)
    assert again.getsockname() == address


def test_while_it_serves_no_address_is_closed(crew: Crew) -> None:
    crew.serve(1, claim=True)
    crew.upkeep.refuse_connections()
    assert len(list(crew.listeners)) == 1
    crew.generation.has_ended = True
    crew.generations.next = crew.generation
    crew.upkeep.refuse_connections()
    assert len(list(crew.listeners)) == 1, "another is on its way"
    crew.generations.next = None
    crew.upkeep.refuse_connections()
    assert list(crew.listeners) == []


# ---- in a server ----


class TestAProgramThatEndsByItself:
    def test_is_not_started_again_before_an_edit(self, world: World) -> None:
        def script() -> Script:
            [worker] = yield from world.serve()
            worker.dies(0)
            yield
            assert world.reporter.since() == [("program ended", 0, "waiting")]
            world.passes(100)
            yield
            assert world.new_workers() == []
            world.watcher.sees(APP)
            yield
            [new] = world.new_workers()
            yield from get_ready([new])
            assert new.heard() == [Go()]
            new.dies(1)
            yield
            assert len(world.new_workers()) == 1, "what dies otherwise is replaced as ever"

        world.run(script, config())

    def test_ends_the_server_where_no_edit_is_awaited(self, world: World) -> None:
        def script() -> Script:
            [worker] = yield from world.serve()
            worker.dies(0)
            yield
            raise AssertionError("it has ended")

        assert world.run(script, config(reload=False)) == 0
        assert world.reporter.since() == [("program ended", 0), ("stopped",)]

    def test_one_of_two_is_replaced(self, world: World) -> None:
        def script() -> Script:
            first, second = yield from world.serve()
            first.dies(0)
            yield
            assert world.reporter.since() == [("died", 0, "exited with status 0", 0.0)]
            [new] = world.new_workers()
            second.dies(0)
            yield
            assert world.reporter.since() == [("program ended", 1, "waiting")]
            assert not new.alive, "it would end as well"
            world.passes(100)
            yield
            assert world.new_workers() == []

        world.run(script, config(2))

    def test_while_another_generation_starts(self, world: World) -> None:
        def script() -> Script:
            [old] = yield from world.serve()
            world.passes(10)
            world.watcher.sees(APP)
            yield
            [new] = world.new_workers()
            old.dies(0)
            yield
            yield from get_ready([new])
            assert new.heard() == [Go()]
            world.passes(100)
            yield
            assert world.new_workers() == []

        world.run(script, config())
