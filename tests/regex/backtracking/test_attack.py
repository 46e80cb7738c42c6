"""Attacks are strings that can be sent, on which the match fails after ways that multiply."""

from __future__ import annotations

import re

import pytest

from tornkit.regex.automata.alphabet import HOST, SENDABLE, WIRE, mask_of
from tornkit.regex.backtracking import attack as module
from tornkit.regex.backtracking.attack import Attack, Suspicion, suspicion
from tornkit.regex.backtracking.budget import Budget, TooMuch
from tornkit.regex.backtracking.graph import graph_of


def suspected(pattern: str, universe: int = WIRE) -> Suspicion:
    found = suspicion(re.compile(pattern), universe)
    assert found is not None
    assert found.attacks
    return found


def ways(pattern: str, text: str) -> int:
    """In how many ways the pattern's graph reads ``text`` from the beginning."""
    graph = graph_of(re.compile(pattern), WIRE, Budget())
    places = {0: 1}
    for letter in text:
        reached: dict[int, int] = {}
        for place, count in places.items():
            for edge in graph.edges[place]:
                if edge.once & mask_of(letter):
                    times = 2 if edge.twice & mask_of(letter) else 1
                    reached[edge.target] = reached.get(edge.target, 0) + count * times
        places = reached
    return sum(places.values())


def test_a_string_is_its_prefix_its_pumps_and_what_is_between_and_a_suffix() -> None:
    attack = Attack("/", (("ab", "-"), ("c", "")), ("!", ""), exponential=False, power=3)
    assert attack.text(0, "!") == "/-!"
    assert attack.text(1, "") == "/ab-c"
    assert attack.text(3, "!") == "/ababab-ccc!"


PATTERNS = [
    *("(a+)+$", "/(.*)*x", "(.|b)+aa$", r"\d*\d*\d*\d*$", "[ab]*[bc]*[ca]*x$", "(?:a|b|ab)*$"),
    *("/([^/]+)-([^/]+)/([^/]+)-([^/]+)/edit$", "(?:(a+)+|(b+)+)(?:(c+)+|(d+)+)/$", "(a+){5}$"),
    *("/(?:[^/]+-?)+/edit$", "(aaa)+(?:.|.+).[ab]*?b+c", "(?:a*b*)*$", "(?i)/(?:([a-z])|A)*/$"),
    *("(?:(.)|[^/])*aaa", "(a+)+(?:!|$)", "(?:a|b|ab)*(?:c-|c/|$)"),
    "(a+)+(?:!|$|!bc)",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_string_of_every_attack_can_be_sent_and_fails(pattern: str) -> None:
    regex, found = re.compile(pattern), suspected(pattern)
    assert found.approximate is None
    for attack in found.attacks:
        assert attack.suffixes
        for repetitions in (3, 4, 5):
            for suffix in attack.suffixes:
                text = attack.text(repetitions, suffix)
                assert not mask_of(text) & ~WIRE
                if len(text) < 18:  # longer ones take as long as is said of them
                    assert regex.match(text) is None, (attack, text)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_ways_multiply_as_theory_says(pattern: str) -> None:
    for attack in suspected(pattern).attacks:
        few, many = (ways(pattern, attack.text(count, "")) for count in (10, 20))
        if attack.exponential:
            assert many >= 2**10 * few
        else:
            # Reading the text gives the last power.
            assert 1.6 ** (attack.power - 1) * few < many < 2.6**attack.power * few


@pytest.mark.parametrize(
    "pattern",
    [
        *("abc", "(?:a+b)+$", "a*a*", "/([^/]+)/([^/]+)/([^/]+)$"),
        *("(a+)+", ".*.*.*", "(a+)+.*", "(?:a|b|ab)*(?:x|$|.)"),  # which no suffix makes fail
        *("(?!)(a+)+$", "(\u4e2d+)+$"),  # which nothing that can be sent leads to
    ],
)
def test_what_can_not_be_attacked_is_no_suspicion(pattern: str) -> None:
    assert suspicion(re.compile(pattern), WIRE) is None


def test_only_what_can_be_sent_is_used() -> None:
    pattern = "(?:[a\u00e9]+)+$"
    for universe in (SENDABLE, HOST, mask_of("a!"), mask_of("\u00e9-")):
        for attack in suspected(pattern, universe).attacks:
            for suffix in attack.suffixes:
                assert not mask_of(attack.text(3, suffix)) & ~universe
    assert suspicion(re.compile(pattern), mask_of("a")) is None  # what would make it fail?
    assert suspicion(re.compile(pattern), mask_of("bc")) is None


def test_a_letter_is_taken_with_which_the_match_is_not_done() -> None:
    for attack in suspected("(.|b)+aa$").attacks:
        assert "aa" not in attack.text(5, "")
    for attack in suspected("(?:(.)|[^/])*aaa").attacks:
        assert "aaa" not in attack.text(5, "")
    for attack in suspected("(?:(x)|[a-z])*(?:[a-y]!|$)", mask_of("axz!")).attacks:
        assert attack.suffixes == ("z!",)


def test_a_detour_is_made_where_no_letter_is_enough() -> None:
    for attack in suspected("(?:(a)|[ab])*(?:aaa|aba)", mask_of("ab")).attacks:
        [(pump, _)] = attack.pumps
        assert "aaa" not in pump * 3
        assert "aba" not in pump * 3


def test_equal_pumps_with_nothing_between_are_one() -> None:
    first = suspected(r"\d*\d*\d*\d*$").attacks[0]
    assert first.pumps == (("0", ""),)
    assert first.power == 4
    first = suspected("/([^/]+)-([^/]+)/([^/]+)-([^/]+)/edit$").attacks[0]
    assert first.pumps == (("-a", "/a"), ("-a", ""))
    assert first.text(2, "!") == "/a-a-a/a-a-a!"


def test_what_is_read_too_widely_is_said_and_tried_with_usual_suffixes_too() -> None:
    found = suspected("(?<=x)(a+)+$")
    assert found.approximate == "a look-behind"
    assert {"!", "~", "", "/", "a"} <= {*found.attacks[0].suffixes}
    found = suspected("(?<=x)(a+)+$", mask_of("ab!"))
    assert {*found.attacks[0].suffixes} == {"b", "!", "", "a"}
    # A part that is tried by itself is exact by itself.
    found = suspected("(?=(a+)+b)x")
    assert found.approximate == "a look-ahead"
    assert "~" not in found.attacks[0].suffixes


def test_a_few_attacks_are_enough() -> None:
    assert len(suspected("(?:a|b|ab)*$").attacks) == 2
    many = suspected("(?:" + "|".join(f"{each}(?:a|b|ab)*$" for each in "pqrstuvw") + ")").attacks
    assert len(many) == len({*many}) == 6
    chains = suspected(".*" * 9 + "x$").attacks
    assert [each.power for each in chains] == [7, 6]  # and one more that is the same
    wide = suspected("(?:a|b|ab)*[^/]*[^-]*[^!]*/$").attacks[0]
    assert len(wide.suffixes) <= 4


def test_what_is_nested_too_deep_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_deep(*args: object) -> None:
        raise RecursionError

    monkeypatch.setattr(module, "graph_of", too_deep)
    with pytest.raises(TooMuch, match="nested too deep"):
        suspicion(re.compile("a"), WIRE)


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Budget", lambda: Budget(30))
    with pytest.raises(TooMuch, match="too many ways"):
        suspicion(re.compile("(?:a|b|ab)*$"), WIRE)
