"""What a worker does about each message in each phase."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence

import pytest

from tornkit.serve.wire.messages import Adopt, Boot, Drain, Go, Message, Refresh, ReopenLogs
from tornkit.serve.worker.conduct import Conduct, WorkerPhase
from tornkit.serve.worker.mailbox import Mail

DRAIN = Drain(1.0, successor=True)
ADOPT = Adopt(b"")


class Scene:
    """Notes what is done."""

    def __init__(self) -> None:
        self.mail: deque[Mail] = deque()
        self.done: list[str] = []
        self.conduct = Conduct(lambda: self.mail.popleft() if self.mail else None, self)

    def comes(self, *messages: Message) -> list[str]:
        """What is done about them."""
        self.mail.extend((message, []) for message in messages)
        self.conduct.act()
        done, self.done = self.done, []
        return done

    def open(self) -> None:
        self.done.append("open")

    def drain(self, drain: Drain) -> None:
        self.done.append("drain")

    def adopt(self, message: Adopt, descriptors: Sequence[int]) -> None:
        self.done.append("adopt")

    def refresh(self) -> None:
        self.done.append("refresh")

    def reopen_logs(self) -> None:
        self.done.append("reopen")


def ready() -> Scene:
    scene = Scene()
    scene.conduct.ready()
    return scene


def test_messages_wait_until_it_has_loaded() -> None:
    scene = Scene()
    assert scene.comes(Refresh(), Go()) == []
    scene.conduct.ready()
    assert scene.done == ["refresh", "open"]
    assert scene.conduct.phase is WorkerPhase.SERVING


def test_connections_wait_for_go() -> None:
    scene = ready()
    assert scene.comes(ADOPT, Refresh(), ADOPT) == ["refresh"]
    assert scene.comes(Go()) == ["open", "adopt", "adopt"]
    assert scene.comes(ADOPT) == ["adopt"]


def test_connections_that_wait_are_drained_too() -> None:
    scene = ready()
    assert scene.comes(ADOPT, DRAIN) == ["adopt", "drain"]


def test_go_and_drain_mean_nothing_to_one_that_drains() -> None:
    scene = ready()
    assert scene.comes(DRAIN, Go(), DRAIN, ReopenLogs()) == ["drain", "reopen"]
    assert scene.conduct.phase is WorkerPhase.DRAINING


def test_what_no_supervisor_says_is_a_fault() -> None:
    with pytest.raises(AssertionError):
        ready().comes(Boot(0, 1))


def test_any_order_of_messages_does_each_thing_once() -> None:
    """Nothing is forgotten, whenever the worker gets ready in between."""
    messages: tuple[Message, ...] = (Go(), DRAIN, ADOPT, Refresh())
    for order in itertools.permutations(messages):
        for moment in range(len(order) + 1):
            scene = Scene()
            done = scene.comes(*order[:moment])
            scene.conduct.ready()
            done += scene.done
            scene.done = []
            done += scene.comes(*order[moment:])
            drained_first = order.index(DRAIN) < order.index(Go())
            wanted = {"drain", "adopt", "refresh"} | (set() if drained_first else {"open"})
            assert (set(done), len(done)) == (wanted, len(wanted)), (order, moment)
