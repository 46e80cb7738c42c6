"""Forks of a zygote that is warm: how it comes to be, and a start with what was warm before."""

from __future__ import annotations

import signal

import pytest

from tests.serve.nursery.forks import born, forked, learn, numbers, spawn, want
from tests.serve.nursery.house import HOME, House
from tests.serve.scripted import NO_PID
from tornkit.serve.wire.messages import Fork, Forked, Trying, Warm, Warmed
from tornkit.serve.wire.warmth import Warmth

pytestmark = pytest.mark.usefixtures("no_leaks")

DEADLINE = 10.0  # seconds for the answer to a request

# ---- what is warm ----


def test_a_clean_candidate_takes_over(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    candidate = learn(house, forking, "json", "decimal")
    assert candidate.heard() == [Warm(("json", "decimal"))]
    candidate.says(Trying("json"), Trying("decimal"), Warmed(214))
    house.turn()
    assert house.told == [forking.warmth] == [Warmth(214, {})]
    assert not house.started[0].killed
    candidate.says(forked(2))
    assert born(house, forking, 1) == [NO_PID + 1002]
    assert len(house.started) == 2


def test_nothing_new_is_nothing_to_warm(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    candidate = learn(house, forking, "json")
    assert learn(house, forking, "json") is candidate
    assert learn(house, forking, "json", "wave") is not candidate
    assert candidate.killed, "overtaken"
    assert house.new().heard() == [Warm(("json", "wave"))]


def test_an_application_of_tornado_alone_is_warm_from_the_start(house: House) -> None:
    house.will_fork.append(Forked((NO_PID + 1001, NO_PID + 1002), modules=280))
    forking = house.forking()
    assert born(house, forking, 2) == [NO_PID + 1001, NO_PID + 1002]
    forking.learn((), HOME)
    assert house.told == [], "never from within another call"
    forking.learn((), HOME)
    house.turn()
    assert house.told == [forking.warmth] == [Warmth(280, {})]
    assert [each.role for each in house.started] == ["zygote"]
    candidate = learn(house, forking, "json")
    candidate.says(Warmed(285))
    house.turn()
    assert house.told[1:] == [Warmth(285, {})]


def test_what_the_other_worker_has_imported_is_waited_for(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1, 2)
    learn(house, forking, "json").says(Warmed(281))
    forking.learn((), HOME)
    house.turn()
    assert house.told == [Warmth(281, {})]


def test_a_spoiled_candidate_is_thrown_away_and_the_next_goes_without(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    spoiled = learn(house, forking, "json", "grpc", "client")
    spoiled.says(Warmed(99, (("grpc", "starts a thread"), ("client", "imports grpc"))))
    house.turn()
    assert spoiled.killed
    assert house.told == []
    clean = house.new()
    assert clean.heard() == [Warm(("json",))]
    clean.says(Warmed(90))
    house.turn()
    assert house.told == [forking.warmth]
    assert forking.warmth.modules == 90
    assert forking.warmth.culprits() == {"grpc": "starts a thread"}
    assert house.warm_cache.modules() == ("json",)


def test_a_candidate_that_dies_blames_what_it_tried(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    candidate = learn(house, forking, "json", "bomb")
    candidate.says(Trying("json"), Trying("bomb"))
    candidate.theirs.close()
    forking.reaped(candidate.pid, -signal.SIGSEGV)
    house.new().says(Warmed(80))
    house.turn()
    assert forking.warmth == Warmth(80, {"bomb": "ends the process"})


def test_it_gives_up_after_some_spoiled_candidates(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    names = [f"module_{number}" for number in range(20)]
    learn(house, forking, *names)
    for name in names:
        house.new().says(Warmed(1, ((name, "starts a thread"),)))
        house.turn()
        if house.told:
            break
    assert 3 <= len(forking.warmth.unsafe) <= 10
    assert forking.warmth.modules == 0
    assert not house.started[0].killed, "the first one serves on"


def test_what_a_worker_finds_different_is_warm_no_more(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    forking.learn(("parcel", "other"), HOME)
    assert house.new().heard() == [Warm(("parcel", "other"))]
    forking.exclude({"parcel": "depends on the variable COLOUR"})
    assert house.new().heard() == [Warm(("other",))]
    candidate = house.new()
    forking.exclude({"parcel": "depends on the variable COLOUR"})  # of the other worker
    assert house.new() is candidate
    candidate.says(Warmed(7))
    house.turn()
    assert house.told == [Warmth(7, {"parcel": "depends on the variable COLOUR"})]
    assert house.warm_cache.modules() == ("other",)


# ---- a first start with what was warm the last time ----


@pytest.fixture
def warm_house(house: House) -> House:
    """A house whose last server had two modules warm."""
    house.warm_cache.remember(["json", "grpc"])
    return house


def test_the_first_zygote_is_warm_before_it_forks(warm_house: House) -> None:
    forking = warm_house.forking()
    births = want(forking)
    zygote = warm_house.new()
    assert zygote.heard() == [Warm(("json", "grpc")), Fork(HOME)]
    zygote.says(Warmed(190), forked(1))
    warm_house.turn()
    assert numbers(births) == [1]
    assert warm_house.told == [forking.warmth] == [Warmth(190, {})]
    forking.learn(("grpc", "json"), HOME)
    warm_house.turn()
    assert warm_house.started == [zygote], "no news"


def test_a_first_zygote_that_is_spoiled_is_done_without(warm_house: House) -> None:
    """Ask one that holds Tornado alone for its workers, and warm another behind it."""
    forking = warm_house.forking()
    births = want(forking)
    spoiled = warm_house.new()
    warm_house.will_fork.append(forked(1))
    spoiled.says(Warmed(190, (("grpc", "starts a thread"),)))
    warm_house.turn()
    assert numbers(births) == [1]
    assert spoiled.killed
    _, bare, candidate = warm_house.started
    assert bare.heard() == [Fork(HOME)]
    assert candidate.heard() == [Warm(("json",))]
    candidate.says(Warmed(80))
    warm_house.turn()
    assert warm_house.told == [Warmth(80, {"grpc": "starts a thread"})]
    assert warm_house.warm_cache.modules() == ("json",)


def test_a_first_zygote_that_was_given_up_is_not_told_of(warm_house: House) -> None:
    """Ignore its word, which comes late: another one forks, and holds Tornado alone."""
    forking = warm_house.forking()
    births = want(forking)
    slow = warm_house.new()
    warm_house.will_fork.append(forked(1))
    warm_house.loop.passes(DEADLINE)
    assert slow.killed
    slow.says(Warmed(190))
    warm_house.turn()
    assert numbers(births) == [1]
    assert warm_house.told == []
    assert forking.warmth == Warmth(0, {})


def test_only_the_first_zygote_is_started_so(warm_house: House) -> None:
    """Zygotes that follow are warmed with the modules that were learned since."""
    forking = warm_house.forking()
    births = want(forking)
    warm_house.new().says(Warmed(190), forked(1))
    warm_house.turn()
    warm_house.warm_cache.remember(["wave"])
    warm_house.will_fork.append(forked(2))
    forking.spawn(1, {"HOME": "/home/ann"}, births)
    warm_house.turn()
    assert numbers(births) == [1, 2]
    _, bare, candidate = warm_house.started
    assert bare.heard() == [Fork({"HOME": "/home/ann"})]
    assert candidate.heard() == [Warm(("json", "grpc"))]
