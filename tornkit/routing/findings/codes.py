"""Every code that a check may report: stable names, severities, and what they mean.

A code's number never changes its meaning, and is never used again. The first digit is the family:
names, reachability, reversal, handlers, patterns, references, running time; TK000 stands for
whatever could not be decided.
"""

from __future__ import annotations

from dataclasses import dataclass

from tornkit.routing.model import Finding, Severity, Source


@dataclass(frozen=True)
class Code:
    """Code of a finding (``TK101``), with its severity and title.

    ``by_default``: whether it is reported where nobody selected it.
    """

    code: str
    severity: Severity
    title: str
    by_default: bool = True

    @property
    def family(self) -> str | None:
        """Module of `tornkit.routing.checks` that reports it; None for TK000, which any may."""
        return next((name for start, name in FAMILIES.items() if self.code.startswith(start)), None)


UNDECIDED = "TK000"
FAMILIES = {
    "TK1": "names",
    "TK203": "overlap",
    "TK2": "reachability",
    "TK3": "reversal",
    "TK4": "handlers",
    "TK5": "patterns",
    "TK6": "references",
    "TK7": "backtracking",
}
"""How a code begins -> the checks that it belongs to; the first that fits counts."""

LISTED = ("names", "reversal")
"""Checks that are cheap enough for every listing, which shows what they say."""

ALL = (*LISTED, "reachability", "handlers", "patterns", "references", "backtracking")
"""What ``--check`` runs; ``overlap`` only if it is asked for by name."""

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

CODES = {
    each.code: each
    for each in (
        Code(UNDECIDED, _INFO, "undecided"),
        Code("TK101", _WARNING, "the same name twice in one router"),
        Code("TK102", _WARNING, "the same name in two routers"),
        Code("TK201", _ERROR, "unreachable: the routes before it take every request"),
        Code("TK202", _ERROR, "matches no URL that can be sent"),
        Code("TK203", _INFO, "overlaps a route before it in part", by_default=False),
        Code("TK301", _ERROR, "the name can't be reversed"),
        Code("TK302", _ERROR, "the name reverses to a URL that its route does not match"),
        Code("TK303", _ERROR, "the name reverses to a URL that another route takes"),
        Code("TK401", _ERROR, "the pattern's groups do not fit the handler's method"),
        Code("TK402", _ERROR, "the keyword arguments do not fit the handler's initialize"),
        Code("TK403", _ERROR, "the handler implements no method"),
        Code("TK404", _ERROR, "a static or redirecting route that can't work"),
        Code("TK501", _WARNING, "an unescaped dot in a path"),
        Code("TK502", _ERROR, "an unescaped dot in a host"),
        Code("TK503", _ERROR, "an alternation escapes its anchor"),
        Code("TK504", _WARNING, "a compiled path pattern without an end"),
        Code("TK505", _ERROR, "a compiled host pattern without an end"),
        Code("TK506", _ERROR, "a parameter as other frameworks write it"),
        Code("TK601", _ERROR, "reverse_url with a name that no route has"),
        Code("TK602", _ERROR, "reverse_url with the wrong number of arguments"),
        Code("TK701", _ERROR, "a pattern that can be made to run for ages"),
    )
}


def finding(
    code: str,
    message: str,
    *,
    route: int | None = None,
    witness: str | None = None,
    by: tuple[int, ...] = (),
    where: Source | None = None,
) -> Finding:
    """Make a `Finding` with the severity of its code."""
    return Finding(code, CODES[code].severity, message, route, witness, by, where)
