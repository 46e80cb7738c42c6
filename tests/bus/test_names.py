"""Names of channels, and what a pattern stands for."""

from __future__ import annotations

import fnmatch
import random
import time

import pytest

from tornkit.bus.errors import BadName
from tornkit.bus.names import MOST_BYTES, Pattern, check_channel, check_name, matches


@pytest.mark.parametrize("name", ["a", "room:1", "é" * 127, "a b", "[x]?", "{a}", "\U0001f600"])
def test_good_names(name: str) -> None:
    assert check_channel(name) == name
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "x" * (MOST_BYTES + 1), "é" * 128, "a\nb", "a\x00", "\x7f", "\x9b", "\u2028", "\ud800"],
)
def test_bad_names(name: str) -> None:
    with pytest.raises(BadName):
        check_channel(name)
    with pytest.raises(BadName):
        check_name(name)


@pytest.mark.parametrize("name", [None, 1, b"room", ["room"]])
def test_what_is_no_text(name: object) -> None:
    with pytest.raises(BadName, match="is a str"):
        check_name(name)


def test_a_pattern_is_a_type_of_its_own() -> None:
    """Names are made of what clients send: one that asks for the room ``*`` is not to hear all."""
    name = check_name(Pattern("room:*"))
    assert (name, type(name)) == ("room:*", str)
    for check in (check_channel, check_name):
        with pytest.raises(BadName, match=r"bus\.pattern\('room:\*'\)"):
            check("room:*")
    with pytest.raises(BadName):
        check_channel(Pattern("room:*"))
    with pytest.raises(BadName):
        check_name(Pattern("a\n*"))


def test_patterns_stand_for_what_fnmatch_says() -> None:
    rng = random.Random(1)
    for _ in range(5000):
        pattern = "".join(rng.choices("ab*:", k=rng.randrange(1, 7)))
        channel = "".join(rng.choices("ab:", k=rng.randrange(1, 8)))
        expected = fnmatch.fnmatchcase(channel, pattern)
        assert matches(pattern, channel) is expected, (pattern, channel)


def test_a_line_end_is_like_any_character_and_the_rest_is_taken_literally() -> None:
    assert matches("a*", "a.b")
    assert not matches("a.*b", "axxb")
    assert matches("[a]*", "[a]1")
    assert not matches("[a]*", "a1")


def test_many_stars_take_no_ages() -> None:
    began = time.perf_counter()
    assert not matches("*a" * 60 + "b", "a" * 250)
    assert time.perf_counter() - began < 1
