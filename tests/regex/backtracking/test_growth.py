"""A proof is worded by what was measured, and by theory where the two agree."""

from __future__ import annotations

import pytest

from tornkit.regex.backtracking.attack import Attack
from tornkit.regex.backtracking.growth import example, growth, is_exponential
from tornkit.regex.backtracking.trial import Proof


def proof(
    seconds: dict[int, float],
    *,
    power: int | None = None,
    pumps: tuple[tuple[str, str], ...] = (("a", ""),),
    finished: bool = True,
) -> Proof:
    """A run of so many repetitions that took so long; exponential in theory without a power."""
    points = [(count, count + 2, each, True) for count, each in seconds.items()]
    points[-1] = (*points[-1][:3], finished)
    attack = Attack("/", pumps, ("!",), exponential=power is None, power=power or 2)
    return Proof(attack, "!", tuple(points))


CUBIC = {300: 0.03, 600: 0.24}
DOUBLING = {20: 0.03, 22: 0.12, 24: 0.48}


def test_it_is_exponential_if_theory_and_the_clock_say_so() -> None:
    assert is_exponential(proof(DOUBLING))
    assert not is_exponential(proof(DOUBLING, power=3))
    assert not is_exponential(proof(CUBIC))
    assert is_exponential(proof({20: 0.001, 24: 0.5}))  # out of nothing
    # Of the 6th power of the repetitions, and a little more.
    assert not is_exponential(proof({10: 0.03, 15: 0.03 * 1.5**6 - 0.001}))
    assert is_exponential(proof({10: 0.03, 15: 0.03 * 1.5**6 + 0.001}))


def grows(given: Proof) -> str:
    said = growth(given)
    assert said.startswith("the time ")
    return said.removeprefix("the time ").partition(", and ")[0]


@pytest.mark.parametrize(
    ("power", "measured", "ordinal"),
    [
        (3, 3.0, "3rd"),
        (3, 3.9, "3rd"),  # as near as theory's
        (3, 4.1, "4th"),
        (5, 4.1, "5th"),
        (4, 2.6, "3rd"),
        (11, 11.2, "11th"),
        (12, 12.2, "12th"),
        (13, 12.9, "13th"),
        (21, 21.0, "21st"),
        (22, 22.0, "22nd"),
        (23, 22.9, "23rd"),
        (3, 7.6, "8th"),
        (111, 111.0, "111th"),
    ],
)
def test_powers_are_told_by_their_ordinals(power: int, measured: float, ordinal: str) -> None:
    given = proof({100: 0.03, 150: 0.03 * 1.5**measured}, power=power)
    assert grows(given) == f"grows with the {ordinal} power of the length"


def test_what_grew_out_of_nothing_has_the_power_of_theory() -> None:
    assert grows(proof({100: 0.0001, 150: 0.6}, power=4)).startswith("grows with the 4th power")


def test_what_is_hardly_more_than_a_square_is_not_given_a_power() -> None:
    for power in (None, 3):
        given = proof({1000: 0.1, 2000: 0.1 * 2**2.4}, power=power)
        assert grows(given) == "grows with more than the length"


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (2.0, "doubles with each character more"),
        (1.81, "doubles with each character more"),
        (2.24, "doubles with each character more"),
        (1.7, "grows 1.7 times with each character more"),
        (2.3, "grows 2.3 times with each character more"),
        (3.04, "grows 3.0 times with each character more"),
    ],
)
def test_each_character_more_multiplies_the_time(factor: float, said: str) -> None:
    assert grows(proof({20: 0.03, 25: 0.03 * factor**5})) == said


def test_what_is_repeated_is_named_where_it_is_more_than_a_character() -> None:
    assert grows(proof(DOUBLING, pumps=(("ab", ""),))) == "doubles with each 'ab' more"
    assert grows(proof(DOUBLING, pumps=(("\xe9", ""),))) == "doubles with each character more"
    named = grows(proof(DOUBLING, pumps=(("a\xe9", ""), ("b", ""))))
    assert named == r"doubles with each 'a\\xe9' more"


def test_without_a_point_to_compare_with_nothing_is_said_of_how_much() -> None:
    assert grows(proof({20: 0.0, 24: 0.5})) == "multiplies with each character more"
    assert grows(proof(DOUBLING, finished=False)) == "multiplies with each character more"


@pytest.mark.parametrize(
    ("seconds", "finished", "said"),
    [
        (0.4849, True, "0.48 s"),
        (1.0, True, "1 s"),
        (1.96, True, "2 s"),
        (1.96, False, "more than 1.9 s"),
        (2.0, False, "more than 2.0 s"),
    ],
)
def test_a_time_is_not_told_longer_than_it_was(seconds: float, finished: bool, said: str) -> None:
    given = proof({1000: 0.03, 1552: seconds}, finished=finished)
    assert growth(given).endswith(f", and 1,554 characters take {said}")


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (58, "/" + "a" * 58 + "!"),
        (59, "/" + "a" * 23 + "…" + "a" * 7 + "! (61 characters)"),
        (2000, "/" + "a" * 23 + "…" + "a" * 7 + "! (2,002 characters)"),
    ],
)
def test_a_long_string_is_shortened_in_the_middle(count: int, shown: str) -> None:
    assert example(proof({count: 0.5})) == shown


def test_what_is_counted_are_characters_and_not_their_escapes() -> None:
    given = proof({20: 0.5}, pumps=(("\xe9", ""),))
    assert example(given).startswith(r"/\xe9\xe9\xe9")
    assert example(given).endswith(r"\xe9! (22 characters)")
    assert growth(given).endswith(", and 22 characters take 0.5 s")
