from __future__ import annotations

import pytest

from tornkit.routing.findings.codes import ALL, CODES
from tornkit.routing.findings.wanted import NothingSelected, UnknownCode, wanted, words


def test_without_a_word_all_that_is_on_by_default_is_wanted() -> None:
    assert wanted().codes == CODES.keys() - {"TK203"}
    assert sorted(wanted().families) == sorted(ALL)


def test_beginnings_and_lists_and_any_case() -> None:
    assert wanted(["TK1, tk301", "TK50"]).codes == {
        "TK101", "TK102", "TK301", "TK501", "TK502", "TK503", "TK504", "TK505", "TK506",
    }  # fmt: skip
    assert words([" a,,b ", "c"]) == ("A", "B", "C")


def test_what_is_selected_is_on_whatever_its_default() -> None:
    assert "TK203" in wanted(["TK2"])
    assert "TK203" in wanted(["TK"])
    assert "TK203" not in wanted(["TK"], ["TK203"])


def test_what_is_ignored_is_off_whoever_selected_it() -> None:
    assert wanted(["TK201", "TK301"], ["TK2"]).codes == {"TK301"}
    assert wanted(ignore=["TK2"]).codes == {code for code in CODES if not code.startswith("TK2")}


@pytest.mark.parametrize("word", ["TK9", "TK2011", "K201", "names", "201"])
def test_a_word_that_begins_no_code_is_a_mistake(word: str) -> None:
    with pytest.raises(UnknownCode, match=word.upper()):
        wanted([f"TK1,{word}"])
    with pytest.raises(UnknownCode):
        wanted(ignore=[word])


def test_nothing_left() -> None:
    with pytest.raises(NothingSelected):
        wanted(["TK201"], ["TK2"])


@pytest.mark.parametrize("nothing", [[], [""], [" , "]])
def test_an_empty_word_selects_nothing_by_itself(nothing: list[str]) -> None:
    assert wanted(nothing).codes == wanted().codes


def test_only_the_checks_that_are_needed_run() -> None:
    assert wanted(["TK201", "TK502"]).families == ("reachability", "patterns")
    assert wanted(ignore=["TK3", "TK0"]).families == tuple(
        family for family in wanted().families if family != "reversal"
    )


def test_what_can_not_be_settled_may_come_of_any_check() -> None:
    assert wanted(["TK000"]).families == wanted().families


def test_how_many_things_are_looked_for() -> None:
    assert wanted().checks == len(CODES) - 2  # TK203 is off, and TK000 is no check
    assert wanted(["TK201", "TK000"]).checks == 1
    assert wanted(["TK000"]).checks == 1


def test_leaving_out_what_is_undecided_by_name_is_not_the_same_as_not_asking() -> None:
    assert not wanted(["TK201"]).muted
    assert wanted(["TK201"], ["TK000"]).muted
    assert wanted(ignore=["TK0"]).muted
