r"""TK501 to TK506: patterns that match something else than they look.

A dot that was not escaped (`tornkit.regex.patterns.dots`), an end that is missing
(`tornkit.regex.patterns.ends`), and a parameter of another framework's
(`tornkit.regex.patterns.placeholders`).
Each finding has a witness, a path or host that matches and should not, or of a parameter one that
should and does not, and the regex itself has said so; without one there is no finding.

A router's condition is judged once, at the first route below it. That a *path* pattern there has
no end says nothing: a router is mounted under a prefix. The second copy of a host rule's routes,
under ``default_host``, is left out, as is what others wrote: Tornado's own routes and those of
installed packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tornkit.regex.patterns.dots import dots_to_escape, lone_dots, with_escapes
from tornkit.regex.patterns.ends import PatternEnd, ends, escapes, longer
from tornkit.regex.patterns.pattern import parsed
from tornkit.regex.patterns.placeholders import placeholder
from tornkit.regex.patterns.sample import examples, host_examples
from tornkit.routing.checks.place import Place, is_own, places_of
from tornkit.routing.conditions import Condition
from tornkit.routing.model import Finding, Route, RouteTable, TargetKind

_PATH_TAILS = ("XYZ", "/XYZ", "!XYZ")
_HOST_TAILS = (".evil.org", "xyz")
# What a prefix is mounted for, or shuts off: there the missing end is the point.
_MOUNTED = {
    TargetKind.FALLBACK,
    TargetKind.ROUTER,
    TargetKind.DELEGATE,
    TargetKind.CALLABLE,
    TargetKind.ERROR,
    TargetKind.NOTHING,
}


def check(table: RouteTable) -> Iterator[Finding]:
    """Findings of patterns that match something else than they look, and of undecided ones."""
    for place in _places(table):
        try:
            found = [*_dots(place), *_end(place), *_parameters(place)]
        except RecursionError:
            found = [place.finding("TK000", f"undecided: {place.called} is nested too deep")]
        yield from found


def _dots(place: Place) -> Iterator[Finding]:
    lone = lone_dots(place.regex, host=place.host)
    if lone is None:
        return
    # In the text there may be more than in the tree, which merges what two branches begin with.
    count = max(lone.count, len(dots_to_escape(place.regex, host=place.host)))
    dots = "a dot that takes" if count == 1 else f"{count} dots that take"
    yield place.finding(
        "TK502" if place.host else "TK501",
        rf"{place.called} has {dots} any character, so that {lone.witness} matches too: write \.",
        lone.witness,
    )


def _end(place: Place) -> Iterator[Finding]:
    if PatternEnd.OPEN not in ends(place.regex):
        return
    if escapes(place.regex):
        code, advice = "TK503", "is anchored in some branches only"
        cure = "put the branches in a group, (?:...)"
    elif _is_prefix(place):
        code = "TK505" if place.host else "TK504"
        advice, cure = "has no end", "end it with $, or with .* if that is meant"
        if place.regex.pattern.endswith(r"\$"):
            advice = r"ends in an escaped \$, which is no end"
    else:
        return
    texts = _texts(place)
    witness = longer(place.regex, texts, _HOST_TAILS if place.host else _PATH_TAILS)
    if witness is not None:
        message = f"{place.called} {advice}, so that {witness} matches too: {cure}"
        yield place.finding(code, message, witness)
    elif not texts:
        message = f"undecided: {place.called} {advice}, but no example of it could be made"
        yield place.finding("TK000", message)


def _parameters(place: Place) -> Iterator[Finding]:
    found = placeholder(place.regex, host=place.host)
    if found is not None:
        message = (
            f"{place.called} is a regex, in which {found.written} is plain text, "
            f"so that {found.example} does not match: write {found.meant}"
        )
        yield place.finding("TK506", message, found.example)


def _is_prefix(place: Place) -> bool:
    """Whether a pattern without an end (``$``) looks like an oversight, not a meant prefix."""
    items = parsed(place.regex)
    if all(str(operator) == "AT" for operator, _ in items):
        return False  # an empty pattern takes everything, and everybody sees it
    if place.host:
        operator, argument = items[-1]
        return (str(operator), argument) != ("LITERAL", ord("."))  # `www\.` can't be all of it
    if place.regex.pattern.endswith("$"):
        return not place.outer  # Tornado, or its author, took the $ for an end
    return not place.outer and place.route.target.kind not in _MOUNTED


def _texts(place: Place) -> list[str]:
    """Example strings that the pattern matches and a client can send; their dots are literal."""
    offsets = dots_to_escape(place.regex, host=place.host)
    regex = re.compile(with_escapes(place.regex.pattern, offsets), place.regex.flags & ~re.DEBUG)
    if place.host:
        texts = list(host_examples(regex))
    else:
        texts = [example.text for example in examples(regex)]
    return [text for text in texts if all("!" <= letter <= "~" for letter in text)]


def _places(table: RouteTable) -> list[Place]:
    """Every pattern that is the user's own, once, in the order of the routes it is reported at."""
    homes: dict[int, tuple[Route, Condition | None]] = {}
    for route in table.routes:
        if route.is_copy:
            continue
        own = is_own(route, table)
        if route.opens is not None:
            homes[route.opens] = (route, route.condition)
        for scope in route.scopes:
            if scope.number not in homes or (own and not is_own(homes[scope.number][0], table)):
                homes[scope.number] = (route, scope.condition)
    found = [place for home in homes.values() for place in places_of(*home, outer=True)]
    for route in table.routes:
        if route.opens is None and not route.is_copy:
            found += places_of(route, route.condition, outer=False)
    # A host rule is the application's even where all that it guards came with a package.
    kept = [place for place in found if place.host or is_own(place.route, table)]
    return sorted(kept, key=lambda place: place.route.index)
