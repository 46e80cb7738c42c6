"""Filter of a report's findings: by code, by author, by comment, by baseline.

In this order, so that each is counted once, and where a person would look for it first. What
concerns only rules that an installed package wrote is nothing that the user can mend; where a rule
of the user's is in its way, it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tornkit.routing.conditions import HostCondition
from tornkit.routing.findings.baseline import compare
from tornkit.routing.findings.codes import CODES, UNDECIDED
from tornkit.routing.findings.comments import Comments
from tornkit.routing.findings.identity import Identity, identities
from tornkit.routing.findings.packages import is_packages
from tornkit.routing.findings.wanted import Wanted
from tornkit.routing.model import Finding, Report, Route

_SELECTIVE = ("patterns", "references", "backtracking")


@dataclass(frozen=True)
class Sifted:
    """Result of `sift`: a ``report`` of the findings that are left, and counts of the others.

    ``packages`` are those about rules of installed packages, ``ignored`` by comments, ``known``
    from the baseline; ``mended`` are its entries that nothing was found for. ``undecided`` are the
    TK000 of the checks that ran, where TK000 was not asked for and not left out by name either: so
    that silence never means "fine".
    """

    report: Report
    packages: int = 0
    ignored: int = 0
    known: int = 0
    mended: int = 0
    undecided: int = 0


def sift(report: Report, wanted: Wanted, known: Sequence[Identity] = (), *, base: Path) -> Sifted:
    """Leave out findings that were not selected, that a comment silences, or that are ``known``.

    :param base: the folder that the files in ``known`` are relative to.
    """
    routes = {route.index: route for route in report.routes}
    foreign = {
        route.index
        for table in report.tables
        for route in table.routes
        if is_packages(route, table)
    }
    found: list[Finding] = []
    others: list[Finding] = []
    for each in report.findings:
        (others if _concerns_only(foreign, each, routes) else found).append(each)
    selected = [finding for finding in found if finding.code in wanted]
    undecided = sum(1 for finding in found if finding.code == UNDECIDED and UNDECIDED not in wanted)
    comments = Comments()
    spoken = [
        finding
        for finding in selected
        if not comments.silence(finding, None if finding.route is None else routes[finding.route])
    ]
    left = replace(report, findings=tuple(spoken))
    relevant = [each for each in known if each.code in wanted]
    compared = compare(identities(left, base), relevant) if relevant else None
    if compared is not None:
        left = replace(left, findings=tuple(spoken[place] for place in compared.new))
    return Sifted(
        left,
        packages=sum(1 for each in others if each.code in wanted),
        ignored=len(selected) - len(spoken),
        known=compared.known if compared is not None else 0,
        mended=compared.mended if compared is not None else 0,
        undecided=0 if wanted.muted else undecided,
    )


def _concerns_only(foreign: set[int], finding: Finding, routes: Mapping[int, Route]) -> bool:
    """Whether a finding is only about rules of ``foreign`` routes, those of packages.

    The checks of patterns and of references look at no others' by themselves: a host rule, and a
    call, are the user's whatever they lead to.
    """
    if finding.route not in foreign or not foreign.issuperset(finding.by):
        return False
    if finding.code == UNDECIDED:
        conditions = routes[finding.route].conditions
        return not any(isinstance(each, HostCondition) for each in conditions)
    return CODES[finding.code].family not in _SELECTIVE
