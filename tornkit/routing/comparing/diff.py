"""Differences between two route tables, both in the form of ``--format json``.

First each route of the old table is paired with the one that it is now
(`routing.comparing.pairing`). What is left over was removed or added. Of a pair, whatever a request
or a caller would notice is compared; lines and files are not, since they move with every edit.

A pair has *moved* if it changed places in match order with another pair, and some request is
wanted by both: otherwise the order is nobody's business. Indices are no evidence, for they shift
with every route that comes or goes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tornkit.routing.comparing.meeting import UNDECIDED, Meeting, meeting
from tornkit.routing.comparing.pairing import Pair, pairs_of
from tornkit.routing.comparing.saved import UNKNOWN, SavedRoute, SavedTable

FIELDS = (
    *("host", "default_host", "path", "conditions", "methods", "name", "target", "target_kind"),
    *("detail", "kwargs", "authenticated", "reverse_outcome", "origin", "takes"),
)
"""Fields of two rows that are compared."""

Finding = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A changed field of a route, with its old and its new value."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Changed:
    """A route that is in both tables, and its fields that differ."""

    old: SavedRoute
    new: SavedRoute
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class PassedRoute:
    """A route that a moved route changed places with in match order.

    ``witness`` is a URL that both match; None where it could not be decided whether there is one.
    """

    route: SavedRoute
    witness: str | None


@dataclass(frozen=True)
class Moved:
    """A route that changed places with others in match order.

    It is now tried before (``ahead_of``) or after (``behind``) others that may want the same
    request.
    """

    route: SavedRoute
    ahead_of: tuple[PassedRoute, ...] = ()
    behind: tuple[PassedRoute, ...] = ()


@dataclass(frozen=True)
class NotFound:
    """A change of the handler of requests that no route takes, in one application.

    ``application`` is counted from 0; ``old`` or ``new`` is None where there is no such
    application.
    """

    application: int
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Differences:
    """All differences of two tables, in match order: the new table's where there is a choice."""

    added: tuple[SavedRoute, ...] = ()
    removed: tuple[SavedRoute, ...] = ()
    changed: tuple[Changed, ...] = ()
    moved: tuple[Moved, ...] = ()
    not_found: tuple[NotFound, ...] = ()
    new_findings: tuple[Finding, ...] = ()
    gone_findings: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__dataclass_fields__)


_Meets = Callable[[SavedRoute, SavedRoute], Meeting]


def differences(
    old: SavedTable, new: SavedTable, *, comparable: Callable[[str], bool] = lambda code: True
) -> Differences:
    """Compare two tables: the changes that make ``new`` of ``old``.

    :param comparable: the codes of findings that both tables were searched for.
    """
    pairs = pairs_of(old.routes, new.routes)
    kept_old = {before.index for before, _ in pairs}
    kept_new = {after.index for _, after in pairs}
    gone, come = _findings(old, new, pairs, comparable)
    return Differences(
        added=tuple(route for route in new.routes if route.index not in kept_new),
        removed=tuple(route for route in old.routes if route.index not in kept_old),
        changed=tuple(_changed(pairs)),
        moved=tuple(_moved(pairs, _meets)),
        not_found=tuple(_not_found(old, new)),
        new_findings=come,
        gone_findings=gone,
    )


# ---- what is different ----


def _changed(pairs: Iterable[Pair]) -> Iterator[Changed]:
    for old, new in pairs:
        changes = tuple(_changes(old, new))
        if changes:
            yield Changed(old, new, changes)


def _changes(old: SavedRoute, new: SavedRoute) -> Iterator[Change]:
    told: set[str] = set()
    for field in FIELDS:
        before, after = old.get(field), new.get(field)
        if before is UNKNOWN or after is UNKNOWN or _same(field, before, after):
            continue
        if field == "conditions" and told & {"host", "default_host", "path"}:
            continue  # the same news again
        if field == "reverse_outcome" and "name" in told and None in (before, after):
            continue  # there was no name, or there is none
        told.add(field)
        yield Change(field, before, after)


def _same(field: str, old: Any, new: Any) -> bool:
    if field in ("methods", "authenticated") and isinstance(old, list) and isinstance(new, list):
        return set(old) == set(new)
    if field == "kwargs" and isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same_text(old[key], new[key]) for key in old)
    return bool(old == new)


def _same_text(old: Any, new: Any) -> bool:
    """Whether two texts are equal; of one that was cut off (``...``), as far as it goes."""
    if old == new or not (isinstance(old, str) and isinstance(new, str)):
        return bool(old == new)
    cut = [text.removesuffix("...") for text in (old, new)]
    if cut == [old, new]:
        return False
    shorter, longer = sorted(cut, key=len)
    return longer.startswith(shorter)


def _not_found(old: SavedTable, new: SavedTable) -> Iterator[NotFound]:
    if old.not_found is None or new.not_found is None:
        return
    for application in sorted({number for number, _ in (*old.not_found, *new.not_found)}):
        before, after = (
            ", ".join(target for number, target in found if number == application) or None
            for found in (old.not_found, new.not_found)
        )
        if before != after:
            yield NotFound(application, before, after)


# ---- order ----


def _meets(one: SavedRoute, other: SavedRoute) -> Meeting:
    if one.conditions is None or other.conditions is None:
        return UNDECIDED
    return meeting(one.conditions, other.conditions)


def _moved(pairs: Sequence[Pair], meets: _Meets) -> Iterator[Moved]:
    """Routes that changed places in match order, judged in each application by itself.

    In another application the same request is another one.
    """
    by_application: dict[tuple[int, int], list[Pair]] = defaultdict(list)
    for old, new in pairs:
        if old.get("takes") != "never" and new.get("takes") != "never":
            by_application[old.application, new.application].append((old, new))
    for group in by_application.values():
        for place in _out_of_order([old.index for old, _ in group]):
            moved = _move(group, place, meets)
            if moved is not None:
                yield moved


def _move(group: Sequence[Pair], place: int, meets: _Meets) -> Moved | None:
    """Move of the pair at ``place`` (in the new order); None if it changed places with none."""
    was, route = group[place]
    ahead_of: list[PassedRoute] = []
    behind: list[PassedRoute] = []
    for other_place, (other_was, other) in enumerate(group):
        now_ahead, then_ahead = place < other_place, was.index < other_was.index
        if other_place == place or now_ahead == then_ahead or _apart(route, other):
            continue
        met = meets(route, other)
        if met.request is None and met.sure:
            continue
        passed = PassedRoute(other, None if met.request is None else _url(met, route, other))
        (ahead_of if now_ahead else behind).append(passed)
    return Moved(route, tuple(ahead_of), tuple(behind)) if ahead_of or behind else None


def _apart(one: SavedRoute, other: SavedRoute) -> bool:
    """Whether the beginnings of two routes' paths exclude each other.

    `meeting` would find that out too, ten times as slowly: a moved route has many to pass.
    """
    return not (
        one.beginning.startswith(other.beginning) or other.beginning.startswith(one.beginning)
    )


def _url(met: Meeting, one: SavedRoute, other: SavedRoute) -> str:
    """URL that both routes want: a path where any host will do, else with the host."""
    assert met.request is not None
    return f"//{met.request.host}{met.request.path}" if one.host or other.host else met.request.path


def _out_of_order(numbers: Sequence[int]) -> list[int]:
    """Places of the fewest numbers without which the rest would ascend.

    The longest ascending subsequence stays; patience sorting, n log n.
    """
    tails: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for place, number in enumerate(numbers):
        at = bisect_left(tails, number)
        before.append(ends[at - 1] if at else None)
        tails[at : at + 1] = [number]
        ends[at : at + 1] = [place]
    staying = set()
    last = ends[-1] if ends else None
    while last is not None:
        staying.add(last)
        last = before[last]
    return [place for place in range(len(numbers)) if place not in staying]


# ---- findings ----


def _findings(
    old: SavedTable, new: SavedTable, pairs: Iterable[Pair], comparable: Callable[[str], bool]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Findings that are gone, and findings that are new."""
    now = {before.index: after.index for before, after in pairs}
    olds = [each for each in old.findings if comparable(str(each.get("code")))]
    news = [each for each in new.findings if comparable(str(each.get("code")))]
    before = [_identity(each, lambda index: now.get(index, ("old", index))) for each in olds]
    after = [_identity(each, lambda index: index) for each in news]
    return (
        tuple(_without(olds, before, Counter(after))),
        tuple(_without(news, after, Counter(before))),
    )


def _without(
    findings: Sequence[Finding], identities: Sequence[Hashable], others: Counter[Hashable]
) -> Iterator[Finding]:
    """Findings whose identity has no counterpart among ``others``, each used once."""
    for finding, identity in zip(findings, identities, strict=True):
        if others[identity]:
            others[identity] -= 1
        else:
            yield finding


def _identity(finding: Finding, now: Callable[[int], Hashable]) -> Hashable:
    """Key of a finding, equal in both tables: code, routes, and the message without numbers."""
    route, by = finding.get("route"), tuple(finding.get("by") or ())
    message = str(finding.get("message", ""))
    numbers = "|".join(str(index) for index in (*by, route) if index is not None)
    if numbers:
        message = re.sub(rf"\b(?:{numbers})\b", "#", message)
    message = re.sub(r"(?<=:)\d+\b", "#", message)
    where = finding.get("where") if route is None else None
    return (
        finding.get("code"),
        None if route is None else now(route),
        tuple(now(index) for index in by),
        message,
        where.get("file") if isinstance(where, dict) else None,
    )
