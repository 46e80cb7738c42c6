"""A standby process: it imports, waits, and is a worker.

Real ones: `tests/integration/test_zygote.py`.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.scripted import TARGET
from tornkit import seams
from tornkit.serve.config import ServeConfig
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.warm_imports.tornado_first import WITH_TORNADO
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.encoding import decode, encode
from tornkit.serve.wire.messages import Warm
from tornkit.serve.wire.orders import Orders
from tornkit.serve.wire.processes import command
from tornkit.serve.worker import entry
from tornkit.serve.zygote import standby_process

pytestmark = pytest.mark.usefixtures("no_leaks")

PREPARE = decode(encode(Orders.of(TARGET, ServeConfig()).message()))  # as it arrives
HELD = {b"/lib/wave.py": (1, 2)}


class Executed(Exception):
    """The process is another program's from here on."""


class Scene:
    """A process that stands by, and its supervisor. ``calls`` is what was done, in order."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.descriptor = ours.detach()
        self.channels: list[Channel] = []  # its own
        self.supervisor = Channel(theirs)
        self.calls: list[Any] = []
        self.stale: str | None = None
        self.has_imported = threading.Event()

    def main(self) -> None:
        standby_process.main(self.descriptor)

    # ---- Warming, warm_modules.current ----

    def __call__(self, *, about_to: object, environment: object) -> Scene:
        assert environment is os.environ
        self.inputs = {"wave": "inputs"}
        return self

    def warm(self, modules: tuple[str, ...]) -> None:
        self.calls.append(("warms", *modules))

    def hide(self, before: frozenset[str], inputs: object) -> None:
        assert (before, inputs) == (WITH_TORNADO, self.inputs)
        self.calls.append("hides")

    def begin(self) -> None:
        self.calls.append("begins")

    # ---- the others ----

    def channel(self, sock: socket.socket) -> Channel:
        self.channels.append(Channel(sock))
        return self.channels[-1]

    def remember(self) -> None:
        self.calls.append("remembers")
        self.has_imported.set()

    def changed(self, held: object) -> str | None:
        assert held is HELD
        assert select.select(self.channels, [], [], 0)[0], "nobody wants it yet"
        self.calls.append("looks")
        return self.stale

    def become_worker(self, channel: Channel) -> None:
        self.calls.append("lives")
        assert channel.receive()[0] == PREPARE

    def execute(self, path: str, words: list[str]) -> None:
        self.calls.append((path, words))
        raise Executed


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene()
    for name, value in (
        ("Channel", scene.channel),
        ("Warming", scene),
        ("fingerprint", lambda: HELD),
        ("changed", scene.changed),
        ("remember_what_is_held", scene.remember),
    ):
        monkeypatch.setattr(standby_process, name, value)
    monkeypatch.setattr(warm_modules, "current", scene)
    monkeypatch.setattr(seams, "prepare", lambda: scene.calls.append("prepares"))
    monkeypatch.setattr(entry, "main_on", scene.become_worker)
    monkeypatch.setattr(os, "execv", scene.execute)
    yield scene
    for channel in (scene.supervisor, *scene.channels):
        channel.close()


WARM = ["prepares", ("warms", "wave", "json"), "hides", "begins", "remembers"]


def wanted_later(scene: Scene) -> threading.Thread:
    """Have it wanted only once it has done all it can do before."""

    def want() -> None:
        if scene.has_imported.wait(20):
            scene.supervisor.send(PREPARE)

    scene.supervisor.send(Warm(("wave", "json")))
    thread = threading.Thread(target=want)
    thread.start()
    return thread


def test_it_waits_and_is_a_worker(scene: Scene) -> None:
    thread = wanted_later(scene)
    scene.main()
    thread.join()
    assert scene.calls == [*WARM, "looks", "lives"]


def test_one_that_is_waited_for_looks_at_no_file_again(scene: Scene) -> None:
    """It was told all at once, and what it has imported is a moment old."""
    scene.stale = "/lib/wave.py"
    scene.supervisor.send(Warm(("wave", "json")))
    scene.supervisor.send(PREPARE)
    scene.main()
    assert scene.calls == [*WARM, "lives"]


def test_with_stale_imports_it_is_a_worker_without_any(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It executes its own command, but for the role; its orders still stand in the socket."""
    monkeypatch.setattr(sys, "orig_argv", command("standby", 7))
    scene.stale = "/lib/wave.py"
    thread = wanted_later(scene)
    with pytest.raises(Executed):
        scene.main()
    thread.join()
    assert scene.calls == [*WARM, "looks", (sys.executable, command("worker", 7))]
    (channel,) = scene.channels
    assert channel.receive()[0] == PREPARE


def test_the_supervisor_is_gone(scene: Scene) -> None:
    scene.supervisor.close()
    scene.main()
    assert scene.calls == ["prepares"]
