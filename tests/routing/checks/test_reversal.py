"""Tests of the finding for each outcome of a reversal; `tests/routing/reversing` has outcomes."""

from __future__ import annotations

import pytest

from tests.routing.handmade import a_route, a_scope, a_table
from tornkit.routing.checks.reversal import check
from tornkit.routing.model import Outcome, Reversal, Severity, Source

BECAUSE = "a reason"


@pytest.mark.parametrize(
    ("outcome", "code", "severity", "message"),
    [
        (Outcome.FAILS, "TK301", Severity.ERROR, "can't be reversed: a reason"),
        (
            Outcome.MISSES,
            "TK302",
            Severity.ERROR,
            "reverses to /x, which does not lead back: a reason",
        ),
        (Outcome.TAKEN, "TK303", Severity.ERROR, "reverses to /x, but a reason"),
        (Outcome.UNDECIDED, "TK000", Severity.INFO, "undecided: a reason"),
    ],
)
def test_what_goes_wrong_is_told(
    outcome: Outcome, code: str, severity: Severity, message: str
) -> None:
    here = Source("/app.py", 3)
    reversal = Reversal(outcome, url="/x", reason=BECAUSE, by=(0,))
    route = a_route("/y", name="y", reversal=reversal, declared=here)
    (found,) = check(a_table(["/x", route], start=3))
    assert (found.code, found.severity, found.message) == (code, severity, message)
    assert (found.route, found.by, found.witness, found.where) == (4, (0,), "/x", here)


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.SHADOWED])
def test_what_works_or_has_a_code_of_its_own_is_not(outcome: Outcome) -> None:
    """Reason: a name that is given twice is TK101 or TK102."""
    route = a_route("/x", name="x", reversal=Reversal(outcome, url="/x", reason=BECAUSE))
    assert list(check(a_table([route]))) == []


def test_a_route_without_a_name_has_no_finding() -> None:
    assert list(check(a_table(["/x"]))) == []


def test_a_copy_under_default_host_is_judged_at_the_original() -> None:
    fails = Reversal(Outcome.FAILS, reason=BECAUSE)
    original = a_route("/x", scopes=(a_scope(),), reversal=fails)
    copy = a_route("/x", scopes=(a_scope(number=1, copy_of=0),), reversal=fails)
    assert [found.route for found in check(a_table([original, copy]))] == [0]


def test_every_outcome_is_either_told_or_not() -> None:
    routes = [a_route("/x", reversal=Reversal(outcome, url="/x")) for outcome in Outcome]
    told = {found.route for found in check(a_table(routes))}
    silent = {place for place, outcome in enumerate(Outcome) if place not in told}
    assert {list(Outcome)[place] for place in silent} == {Outcome.OK, Outcome.SHADOWED}
