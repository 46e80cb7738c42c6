"""Addresses that workers claim, and connections that move between them."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from tests.serve.scripted import APP, CLAIM, FakeWorker, Script, World, config, get_ready
from tests.serve.workforce.team import Journal, Team, team
from tornkit.serve.wire.messages import Adopt, Drain, Grant, Handover
from tornkit.serve.workforce.generation import Generation

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def crew() -> Iterator[Team]:
    with team() as crew:
        yield crew


@pytest.fixture
def journal(crew: Team) -> Journal:
    journal = Journal()
    crew.workforce.connect(journal)
    return journal


@pytest.fixture
def generation() -> Generation:
    return Generation(1, (), 0.0)


# ---- addresses ----


def test_a_claim(crew: Team, journal: Journal, generation: Generation) -> None:
    [process] = crew.start(generation, [0])
    process.says(CLAIM)
    crew.loop.passes()
    assert process.heard() == [Grant()]
    assert journal.since() == [("claimed", 0)]


@pytest.mark.parametrize(
    ("error", "grant"),
    [
        (
            OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
            Grant(
                errno.EMFILE,
                f"can't listen: {os.strerror(errno.EMFILE)}; raise the limit (ulimit -n)",
            ),
        ),
        (OSError("no name"), Grant(0, "can't listen: no name")),
    ],
    ids=["descriptors", "no number"],
)
def test_a_claim_for_which_the_system_lacks_something(
    crew: Team,
    journal: Journal,
    generation: Generation,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    grant: Grant,
) -> None:
    def claim(*_: object) -> list[socket.socket]:
        raise error

    [process] = crew.start(generation, [0])
    monkeypatch.setattr(crew.listeners, "claim", claim)
    process.says(CLAIM)
    crew.loop.passes()
    assert process.heard() == [grant]
    assert journal.since() == []


def test_the_granted_descriptor_is_the_listening_socket(world: World) -> None:
    [sock] = world.listeners.claim(CLAIM, 0, 0)

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(CLAIM)
        yield
        assert worker.heard() == [Grant()]
        with socket.socket(fileno=os.dup(worker.descriptors[0])) as granted:
            assert granted.getsockname() == sock.getsockname()

    world.run(script, config())


def test_a_worker_that_ends_is_granted_nothing(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        yield from get_ready([new])
        old.says(CLAIM)
        yield
        assert old.heard() == [Drain(10.0, True), Grant(errno.ECANCELED, "the worker ends")]
        assert len(list(world.listeners)) == 0

    world.run(script, config())


# ---- connections on the move ----


def hand_over(process: FakeWorker) -> socket.socket:
    """Have a worker let go of a connection; return its client."""
    client, connection = socket.socketpair()
    with connection:
        process.says(Handover(b"GET "), connection.fileno())
    return client


def test_a_connection_whose_descriptor_did_not_arrive(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    first, second = crew.serve(generation, 2)
    first.says(Handover(b"GET "))
    crew.loop.passes()
    [(lacks, text)] = crew.reporter.since()
    assert lacks == "lacks"
    assert text.startswith("a connection between two workers is lost; raise the limit")
    assert second.heard() == []


def test_connections_go_to_each_that_serves_in_its_turn(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    processes = crew.serve(generation, 2)
    for turn in range(3):
        client, connection = socket.socketpair()
        client.close()
        crew.workforce.pass_on(connection, turn)
        assert connection.fileno() == -1
    assert [process.heard() for process in processes] == [[Adopt(b"")] * 2, [Adopt(b"")]]


def test_one_that_does_not_read_gets_none(
    crew: Team, journal: Journal, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pass over a worker that is stopped or stuck, unless all are."""
    first, second = crew.serve(generation, 2)
    stuck = {first.process.channel}
    channel_type = type(first.process.channel)
    monkeypatch.setattr(channel_type, "wants_write", property(lambda self: self in stuck))
    for turn in range(2):
        client, connection = socket.socketpair()
        client.close()
        crew.workforce.pass_on(connection, turn)
    assert (first.heard(), second.heard()) == ([], [Adopt(b"")] * 2)
    stuck.add(second.process.channel)
    client, connection = socket.socketpair()
    client.close()
    crew.workforce.pass_on(connection, 0)
    assert first.heard() == [Adopt(b"")]


def test_where_none_serves_a_connection_is_closed(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    [process] = crew.start(generation, [0])
    client, connection = socket.socketpair()
    with client:
        crew.workforce.pass_on(connection, 0)
        client.setblocking(False)
        assert client.recv(1) == b""
    assert not crew.workforce.serves
    assert process.heard() == []


def test_a_connection_is_handed_to_another_slot_where_its_own_has_none(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    first, second = crew.serve(generation, 2)
    with hand_over(second) as client:
        crew.loop.passes()
        assert first.heard() == [Adopt(b"GET ")]
        os.write(first.descriptors[0], b"answer")
        assert client.recv(9) == b"answer"
