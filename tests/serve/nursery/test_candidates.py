"""Candidates for the next zygote: what each is to import, and what becomes of it.

How a candidate and the zygote that forks get on is shown in `test_forking_warmth`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast
from unittest.mock import Mock

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.nursery.house import HOME
from tornkit.serve.nursery.candidates import Candidates
from tornkit.serve.nursery.zygote_handle import ZygoteHandle
from tornkit.serve.wire.messages import Warm, Warmed
from tornkit.serve.wire.warmth import Warmth

ROOT = {"HOME": "/home/ann"}
MOST_TRIES = 6


class Nest:
    """Zygotes that are started and do nothing, and what is told of them."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.started: list[ZygoteHandle] = []
        self.told_to_warm: list[tuple[ZygoteHandle, Warm]] = []
        self.told: list[Warmth] = []
        self.remembered: list[list[str]] = []
        self.active: ZygoteHandle | None = None
        self.refuses = False
        self.candidates = Candidates(
            self.loop,
            self.told.append,
            cast("Any", self),
            start=self._start,
            send=lambda zygote, message: self.told_to_warm.append((zygote, message)),
            active=lambda: self.active,
            promote=self._promote,
        )

    def _start(self, environment: Mapping[str, str], modules: tuple[str, ...]) -> ZygoteHandle:
        if self.refuses:
            raise OSError("no more processes")
        self.started.append(ZygoteHandle(Mock(), environment, modules))
        return self.started[-1]

    def _promote(self, zygote: ZygoteHandle) -> None:
        self.active = zygote

    def remember(self, modules: Iterable[str]) -> None:
        """Take the place of `WarmCache`."""
        self.remembered.append(list(modules))

    def new(self) -> ZygoteHandle:
        """The candidate that was started last, which was told to warm what it was started for."""
        zygote, message = self.told_to_warm[-1]
        assert zygote is self.started[-1]
        assert message.modules == zygote.modules
        assert message.environment == zygote.environment
        return zygote

    def warmed(self, modules: int, **unsafe: str) -> None:
        """Let the newest candidate be done."""
        self.candidates.warmed(self.new(), Warmed(modules, tuple(unsafe.items())))


@pytest.fixture
def nest() -> Iterator[Nest]:
    nest = Nest()
    yield nest
    nest.loop.close()


def is_killed(zygote: ZygoteHandle) -> bool:
    signals = cast("Mock", zygote.process).signal.call_args_list
    return [number for ((number,), _) in signals] == [signal.SIGKILL]


# ---- what is to be warm ----


def test_modules_are_warmed_in_the_order_of_their_import(nest: Nest) -> None:
    nest.candidates.learn(("wave", "json"), HOME)
    assert (nest.new().modules, nest.new().environment) == (("wave", "json"), HOME)
    nest.candidates.learn(("aifc", "json", "wave"), ROOT)
    assert (nest.new().modules, nest.new().environment) == (("wave", "json", "aifc"), ROOT)
    assert is_killed(nest.started[0]), "overtaken"


def test_modules_that_the_first_zygote_warms_are_no_news(nest: Nest) -> None:
    nest.candidates.foresee(("json", "wave"))
    nest.candidates.learn(("wave",), HOME)
    assert nest.started == []
    nest.candidates.learn(("aifc",), HOME)
    assert nest.new().modules == ("json", "wave", "aifc")


def test_one_that_holds_tornado_alone_is_followed_by_a_warm_one(nest: Nest) -> None:
    nest.candidates.learn(("json",), HOME)
    nest.candidates.begin_anew(ROOT)
    first, second = nest.started
    assert is_killed(first), "warm for another environment"
    assert (second.modules, second.environment) == (("json",), ROOT)


def test_where_nothing_is_known_none_follows(nest: Nest) -> None:
    nest.candidates.begin_anew(HOME)
    assert nest.started == []


def test_one_that_the_system_refuses_is_done_without(nest: Nest) -> None:
    """Wait for news before the next try: serving is more important."""
    nest.refuses = True
    nest.candidates.learn(("json",), HOME)
    nest.refuses = False
    nest.candidates.learn(("json",), HOME)
    assert nest.started == []
    nest.candidates.learn(("wave",), HOME)
    assert nest.new().modules == ("json", "wave")


# ---- what is excluded ----


def test_a_module_that_is_different_in_a_worker_is_left_out(nest: Nest) -> None:
    nest.candidates.learn(("json", "wave"), HOME)
    nest.active = ZygoteHandle(Mock(), ROOT)
    nest.candidates.exclude({"json": "depends on the variable COLOUR"})
    first, second = nest.started
    assert is_killed(first)
    assert (second.modules, second.environment) == (("wave",), ROOT), "as the one that forks"


def test_some_of_it_may_be_known(nest: Nest) -> None:
    nest.candidates.learn(("json", "wave", "aifc"), HOME)
    nest.active = ZygoteHandle(Mock(), HOME)
    nest.candidates.exclude({"json": "a"})
    nest.candidates.exclude({"json": "a"})
    assert len(nest.started) == 2
    nest.candidates.exclude({"json": "a", "wave": "b"})
    assert nest.new().modules == ("aifc",)


def test_where_none_forks_there_is_no_environment_to_warm_for(nest: Nest) -> None:
    """Leave it to the next zygote that forks, which begins anew without the module."""
    nest.candidates.learn(("json", "wave"), HOME)
    nest.candidates.exclude({"json": "is different"})
    assert is_killed(nest.started[0])
    assert len(nest.started) == 1
    nest.candidates.begin_anew(HOME)
    assert nest.new().modules == ("wave",)


# ---- what becomes of a candidate ----


def test_a_clean_one_takes_over_and_is_remembered(nest: Nest) -> None:
    nest.candidates.learn(("json", "wave"), HOME)
    nest.warmed(200)
    assert nest.active is nest.started[0]
    assert not is_killed(nest.started[0])
    assert nest.told == [nest.candidates.warmth] == [Warmth(200, {})]
    assert nest.remembered == [["json", "wave"]]


def test_the_word_of_one_that_was_overtaken_counts_for_nothing(nest: Nest) -> None:
    """Ignore messages that a candidate sent before it was killed."""
    nest.candidates.learn(("json",), HOME)
    overtaken = nest.new()
    nest.candidates.learn(("wave",), HOME)
    nest.candidates.warmed(overtaken, Warmed(200, (("json", "starts a thread"),)))
    nest.candidates.warmed(overtaken, Warmed(200))
    overtaken.trying = "json"
    nest.candidates.ended(overtaken)
    assert (nest.active, nest.told) == (None, [])
    assert nest.new().modules == ("json", "wave")
    assert not is_killed(nest.new())


def test_one_that_ends_while_it_imports_blames_that(nest: Nest) -> None:
    nest.candidates.learn(("json", "bomb"), HOME)
    nest.new().trying = "bomb"
    nest.candidates.ended(nest.new())
    assert nest.new().modules == ("json",)
    nest.warmed(90)
    assert nest.told == [Warmth(90, {"bomb": "ends the process"})]
    assert nest.remembered == [["json"]]


def test_one_that_ends_before_any_import_blames_none(nest: Nest) -> None:
    """Start no other: it was ended from outside, and so might be the next."""
    nest.candidates.learn(("json",), HOME)
    nest.candidates.ended(nest.new())
    assert len(nest.started) == 1
    assert nest.told == []


def spoil(nest: Nest, count: int) -> None:
    """Let so many candidates in a row find another unsafe module."""
    for _ in range(count):
        nest.warmed(1, **{nest.new().modules[0]: "starts a thread"})


def test_some_spoiled_ones_in_a_row_are_enough(nest: Nest) -> None:
    names = [f"module_{number}" for number in range(10)]
    nest.candidates.learn(tuple(names), HOME)
    spoil(nest, MOST_TRIES - 1)
    assert nest.told == []
    spoil(nest, 1)
    assert len(nest.started) == MOST_TRIES
    assert all(is_killed(zygote) for zygote in nest.started)
    assert nest.told == [Warmth(0, dict.fromkeys(names[:MOST_TRIES], "starts a thread"))]
    assert nest.remembered == [], "the next first start would find the same"


def test_what_is_warm_stays_warm_behind_spoiled_ones(nest: Nest) -> None:
    """Tell of the zygote that forks: it holds what it held, whatever the candidates came to."""
    nest.candidates.learn(("json",), HOME)
    nest.warmed(214)
    names = [f"module_{number}" for number in range(10)]
    nest.candidates.learn(tuple(names), HOME)
    for name in names[:MOST_TRIES]:
        nest.warmed(1, **{name: "starts a thread"})
    assert nest.active is nest.started[0]
    unsafe = dict.fromkeys(names[:MOST_TRIES], "starts a thread")
    assert nest.told == [Warmth(214, {}), Warmth(214, unsafe)]
    assert nest.candidates.warmth == nest.told[-1]


@pytest.mark.parametrize("news", ["learned", "excluded", "begun anew"])
def test_with_news_it_is_tried_as_often_again(nest: Nest, news: str) -> None:
    nest.active = ZygoteHandle(Mock(), HOME)
    nest.candidates.learn(tuple(f"module_{number}" for number in range(20)), HOME)
    spoil(nest, MOST_TRIES - 1)
    match news:
        case "learned":
            nest.candidates.learn(("wave",), HOME)
        case "excluded":
            nest.candidates.exclude({"module_19": "is different"})
        case _:
            nest.candidates.begin_anew(HOME)
    spoil(nest, MOST_TRIES - 1)
    assert nest.told == []
    spoil(nest, 1)
    assert len(nest.told) == 1


# ---- the first zygote, which is no candidate ----


def test_a_first_one_that_is_clean_is_as_good(nest: Nest) -> None:
    nest.candidates.foresee(("json",))
    nest.candidates.first_warmed(Warmed(190))
    assert nest.told == [nest.candidates.warmth] == [Warmth(190, {})]
    assert nest.remembered == [["json"]]


def test_a_first_one_that_is_spoiled_is_no_candidate_s_try(nest: Nest) -> None:
    nest.candidates.foresee(("json", "grpc"))
    nest.candidates.first_warmed(Warmed(190, (("grpc", "starts a thread"),)))
    assert (nest.told, nest.remembered, nest.started) == ([], [], [])
    nest.candidates.begin_anew(HOME)
    assert nest.new().modules == ("json",)


def test_an_application_of_tornado_alone(nest: Nest) -> None:
    nest.candidates.learn((), HOME)
    nest.loop.passes()
    assert nest.told == [], "no zygote has forked"
    nest.active = ZygoteHandle(Mock(), HOME, holds=280)
    nest.candidates.learn((), HOME)
    assert nest.told == [], "never from within another call"
    nest.loop.passes()
    nest.candidates.learn((), HOME)
    nest.loop.passes()
    assert nest.told == [Warmth(280, {})], "once"


def test_while_a_candidate_warms_that_is_not_all(nest: Nest) -> None:
    nest.active = ZygoteHandle(Mock(), HOME, holds=280)
    nest.candidates.learn(("json",), HOME)
    nest.candidates.learn((), HOME)
    nest.loop.passes()
    assert nest.told == []
