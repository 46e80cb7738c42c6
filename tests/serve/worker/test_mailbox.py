"""A worker's mailbox: grants for those that ask, a queue for the rest."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import Claim, Drain, Go, Grant, Message, Offer, Refresh
from tornkit.serve.worker.mailbox import Mailbox, Offers

pytestmark = pytest.mark.usefixtures("no_leaks")


class Scene:
    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.supervisor = Channel(theirs)
        self.channel = Channel(ours)
        self.told: list[Message] = []
        self.mailbox = Mailbox(self.channel, self.on_mail)

    def on_mail(self) -> None:
        while (mail := self.mailbox.take()) is not None:
            self.told.append(mail[0])

    def close(self) -> None:
        self.channel.close()
        self.supervisor.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.close()


def test_what_comes_before_a_grant_is_acted_on_once_it_is_there(scene: Scene) -> None:
    scene.supervisor.send(Go())
    scene.supervisor.send(Grant(1, "no"))
    assert scene.mailbox.ask(Claim())[0] == Grant(1, "no")
    assert scene.told == [Go()]


def test_what_was_read_behind_a_grant_is_acted_on(scene: Scene) -> None:
    """No loop would be told of it: the descriptor is silent."""
    scene.supervisor.send(Grant())
    scene.supervisor.send(Drain(1.0, successor=True))
    scene.mailbox.ask(Claim())
    assert scene.told == [Drain(1.0, successor=True)]


def test_threads_that_ask_at_once_get_their_own_grants(scene: Scene) -> None:
    def supervise() -> None:
        for _ in range(40):
            claim, _ = scene.supervisor.receive()
            assert isinstance(claim, Claim)
            scene.supervisor.send(Refresh())
            scene.supervisor.send(Grant(claim.port))

    found: list[tuple[int, int]] = []

    def ask(port: int) -> None:
        for number in range(port, port + 10):
            grant, _ = scene.mailbox.ask(Claim(port=number))
            assert isinstance(grant, Grant)
            found.append((number, grant.errno))

    def look() -> None:  # as a loop does, which is told that there is something
        while not over.is_set():
            scene.mailbox.read()

    over = threading.Event()
    _run(
        supervise,
        *(lambda port=port: ask(port) for port in (100, 200, 300, 400)),
        until=over,
        beside=look,
    )
    assert len(found) == 40
    assert all(asked == granted for asked, granted in found)
    scene.on_mail()
    assert scene.told == [Refresh()] * 40


def _run(*works: Callable[[], None], until: threading.Event, beside: Callable[[], None]) -> None:
    looking = threading.Thread(target=beside)
    threads = [threading.Thread(target=work) for work in works]
    for thread in (looking, *threads):
        thread.start()
    for thread in threads:
        thread.join(20)
    until.set()
    looking.join(20)


class Interrupted(Exception):
    pass


def test_the_grant_of_a_claim_that_was_given_up_is_nobodys(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal handler may raise while a program listens."""

    def interrupted() -> tuple[Message, list[int]]:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(scene.channel, "receive", interrupted)
        with pytest.raises(Interrupted):
            scene.mailbox.ask(Claim())
    with socket.socket() as sock:
        scene.supervisor.send(Grant(), [sock.fileno()])
    scene.supervisor.send(Grant(2, "the second"))
    assert scene.mailbox.ask(Claim())[0] == Grant(2, "the second")


def test_the_end_is_told(scene: Scene) -> None:
    scene.supervisor.close()
    with pytest.raises(ChannelClosed):
        scene.mailbox.ask(Claim())
    with pytest.raises(ChannelClosed):
        scene.mailbox.read()


def test_descriptors_come_with_a_grant(scene: Scene) -> None:
    with socket.socket() as sock:
        scene.supervisor.send(Grant(), [sock.fileno()])
    _, [descriptor] = scene.mailbox.ask(Claim())
    os.close(descriptor)


# ---- what is offered ----

HERE, THERE = Claim(port=80, backlog=5), Claim(port=81, address="::1")


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.fixture
def descriptors() -> Iterator[list[int]]:
    made = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
    yield made
    for each in filter(is_open, made):
        os.close(each)


@pytest.fixture
def offers(descriptors: list[int]) -> Offers:
    """Two descriptors for one address, and one for another."""
    offers = Offers()
    offers.add([Offer(HERE, 2), Offer(THERE, 1)], descriptors)
    return offers


def test_each_is_taken_once(offers: Offers, descriptors: list[int]) -> None:
    assert offers.take(THERE) == descriptors[2:]
    assert offers.take(HERE) == descriptors[:2]
    assert offers.take(HERE) is None
    assert offers.settle() == (THERE, HERE)


def test_another_backlog_is_the_same_address(offers: Offers, descriptors: list[int]) -> None:
    """As it is for the supervisor, which is told what was claimed."""
    claim = Claim(port=80, backlog=7, scheme="https")
    assert offers.take(claim) == descriptors[:2]
    assert offers.settle() == (claim,)


def test_what_is_not_taken_is_closed(offers: Offers, descriptors: list[int]) -> None:
    offers.take(HERE)
    assert offers.settle() == (HERE,)
    assert [is_open(each) for each in descriptors] == [True, True, False]
    assert offers.take(THERE) is None
    assert offers.settle() == (HERE,)


def test_the_supervisor_is_asked_for_the_rest_alone(
    scene: Scene, offers: Offers, descriptors: list[int]
) -> None:
    scene.mailbox.offers = offers
    assert scene.mailbox.ask(HERE) == (Grant(), descriptors[:2])
    scene.supervisor.send(Grant(98, "taken"))
    assert scene.mailbox.ask(HERE) == (Grant(98, "taken"), [])
    assert scene.supervisor.receive() == (HERE, [])
