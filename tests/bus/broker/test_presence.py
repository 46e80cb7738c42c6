"""Who is there, and when one has come or gone."""

from __future__ import annotations

from tornkit.bus.broker.presence import Presence, Present

ANN, BOB = Present("ann", {"n": 1}, 1.0), Present("bob", None, 2.0)


def test_one_that_comes_and_goes() -> None:
    presence = Presence()
    assert presence.enter("x", "room", ANN)
    assert presence.enter("y", "room", BOB)
    assert presence.of("room") == [ANN, BOB]
    assert presence.leave("x", "room", "ann") == ANN
    assert presence.of("room") == [BOB]
    assert len(presence) == 1


def test_one_that_is_there_twice_goes_with_the_last() -> None:
    presence = Presence()
    assert presence.enter("x", "room", ANN)
    assert not presence.enter("x", "room", Present("ann", "another window", 9.0))
    assert not presence.enter("y", "room", ANN)
    assert presence.leave("x", "room", "ann") is None
    assert presence.leave("y", "room", "ann") is None
    assert presence.of("room") == [ANN]
    assert presence.leave("x", "room", "ann") == ANN
    assert len(presence) == 0


def test_one_that_was_not_there() -> None:
    presence = Presence()
    assert presence.leave("x", "room", "ann") is None
    presence.enter("x", "room", ANN)
    assert presence.leave("y", "room", "ann") is None
    assert presence.leave("x", "other", "ann") is None
    assert presence.of("room") == [ANN]


def test_a_member_that_dies_takes_those_along_that_nobody_else_speaks_for() -> None:
    presence = Presence()
    presence.enter("x", "room", ANN)
    presence.enter("x", "other", ANN)
    presence.enter("y", "other", ANN)
    presence.enter("y", "room", BOB)
    assert presence.leave_all("x") == [("room", ANN)]
    assert presence.of("room") == [BOB]
    assert presence.of("other") == [ANN]
