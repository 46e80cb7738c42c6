"""Reason why a route does not take a request, and how near it comes.

Of a route's conditions those that fail are looked at: the host's and the outer routers', then the
path's own pattern. For a pattern that does not match, changed paths are tried: with and without
the slash at the end, in other letters' case, percent-decoded, cut short, made longer, with one
segment replaced by what the pattern takes there (`tornkit.regex.patterns.sample`). Each thing that
is said has been seen by matching; what is *near* is a matter of taste, and only decides what a
person is shown first.
"""

from __future__ import annotations

import difflib
import enum
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from tornkit.regex.patterns.pattern import shown
from tornkit.regex.patterns.prefix import required_prefix
from tornkit.regex.patterns.sample import examples
from tornkit.routing.conditions import Condition, DefaultHostCondition, HostCondition, PathCondition
from tornkit.routing.matching.search import Answer, Request, answer
from tornkit.routing.model import Route

_EXAMPLES = 6
# Words that are at least this much alike (`difflib.SequenceMatcher.ratio`) pass for a misspelling:
# "post" and "posts" are 0.89, "login" and "logout" 0.73, "users" and "posts" 0.4.
_ALIKE = 0.75


class Why(enum.Enum):
    """Kind of reason why a route does not take a request. The value is the JSON word."""

    TRAILING_SLASH = "trailing slash"
    LETTER_CASE = "letter case"
    PERCENT = "percent-encoding"
    ENDS_BEFORE = "ends before"
    NEEDS_MORE = "needs more"
    SEGMENT = "segment"
    SPELLING = "spelling"
    PATH = "path"
    OUTER_PATH = "outer path"
    HOST = "host"
    DEFAULT_HOST = "default_host"
    BEHIND_PROXY = "X-Real-Ip"
    HOST_AND_PATH = "host and path"
    NO_TARGET = "no target"


@dataclass(frozen=True)
class Miss:
    """Reason why a route does not take a request, and how near it comes.

    ``text`` is for people. ``instead`` is a path that the route's pattern would take.
    """

    why: Why
    text: str
    instead: str | None = None

    @property
    def near(self) -> bool:
        """Whether a person may have meant this route."""
        return self.why not in (Why.PATH, Why.HOST_AND_PATH)


def miss(route: Route, request: Request) -> Miss:
    """Reason why ``route``, which surely does not take ``request``, does not."""
    failed = [each for each in route.conditions if answer(each, request) is Answer.NO]
    if not failed:
        return Miss(Why.NO_TARGET, "matches, but its target is nothing that can answer")
    hosts = [each for each in failed if not isinstance(each, PathCondition)]
    own = route.condition
    if hosts and len(hosts) < len(failed):
        return Miss(Why.HOST_AND_PATH, "another host, and another path")
    if hosts:
        return _host_miss(hosts[0], request)
    if failed[-1] is own and len(failed) == 1 and isinstance(own, PathCondition):
        return path_miss(own.regex, request.path)
    return _outer_miss(failed, own)


def _outer_miss(failed: list[Condition], own: Condition | None) -> Miss:
    outer = failed[0]
    assert isinstance(outer, PathCondition)
    if failed[-1] is own:
        return Miss(Why.PATH, f"its router's pattern {shown(outer.regex)} does not match either")
    text = f"matches by itself; its router's pattern {shown(outer.regex)} does not"
    return Miss(Why.OUTER_PATH, text)


def _host_miss(condition: Condition, request: Request) -> Miss:
    """Reason of a miss where the path fits, and a host rule does not."""
    if isinstance(condition, DefaultHostCondition):
        if condition.possible:
            return Miss(Why.BEHIND_PROXY, "the header X-Real-Ip switches default_host off")
        text = f"default_host, {condition.default_host!r}, is not one of its hosts"
        return Miss(Why.DEFAULT_HOST, text)
    assert isinstance(condition, HostCondition)
    regex, host = condition.regex, request.host_name
    text = f"another host: {shown(regex)} does not match {host!r}"
    if regex.match(request.host.lower()):
        text += ", which is compared without the port"
    elif re.compile(regex.pattern, regex.flags | re.IGNORECASE).match(host):
        text += ", which is compared in lower case"
    return Miss(Why.HOST, text)


def path_miss(regex: re.Pattern[str], path: str) -> Miss:
    """Reason why ``regex``, which does not match ``path``, does not."""
    head = required_prefix(regex)
    place = _parting(head, path)
    if place is None or _may_be_near(head, path, place):
        near = next(_near_misses(regex, path), None)
        if near is not None:
            return near
    if place is None:
        place = len(head)
    agreed = head[:place].rpartition("/")[0]
    return Miss(Why.PATH, f"another path after '{agreed}/'" if agreed else "another path")


def _parting(head: str, path: str) -> int | None:
    """Offset at which the path leaves the pattern's literal beginning; None if it does not.

    A path that ends before the beginning does has not parted from it.
    """
    pairs = enumerate(zip(head, path, strict=False))
    return next((place for place, (ours, theirs) in pairs if ours != theirs), None)


def _may_be_near(head: str, path: str, place: int) -> bool:
    """Whether path and pattern first differ in segments so alike that a closer look pays.

    For a table of 10,000 routes it would not, with each of them.
    """
    start = head.rfind("/", 0, place) + 1
    ours, theirs = head[start:].partition("/")[0], path[start:].partition("/")[0]
    if not ours or not theirs or _alike(ours, theirs):
        return True
    return "%" in theirs and _alike(ours, unquote(theirs))


def _alike(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    if one == other:
        return True
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _near_misses(regex: re.Pattern[str], path: str) -> Iterator[Miss]:
    """Reasons of a near miss, each seen by matching a changed path; most telling first."""
    yield from _slash(regex, path)
    yield from _letters(regex, path)
    yield from _ends_before(regex, path)
    if not path.strip("/"):
        return  # whatever there is needs more than nothing
    for example in itertools.islice(examples(regex), _EXAMPLES):
        yield from _as_in(regex, path, example.text)


def _slash(regex: re.Pattern[str], path: str) -> Iterator[Miss]:
    without = path.rstrip("/")
    for other, text in (
        (f"{path}/", "all but a slash at the end, which the path lacks"),
        (without, "all but the slash at the end of the path"),
    ):
        if other not in ("", path) and regex.match(other):
            yield Miss(Why.TRAILING_SLASH, text, other)


def _letters(regex: re.Pattern[str], path: str) -> Iterator[Miss]:
    plain = unquote(path)
    if plain != path and regex.match(plain):
        text = f"its pattern is for the decoded {plain!r}; Tornado matches the path as it is sent"
        yield Miss(Why.PERCENT, text)
    if not regex.flags & re.IGNORECASE:
        folded = re.compile(regex.pattern, regex.flags | re.IGNORECASE)
        if folded.match(path):
            yield Miss(Why.LETTER_CASE, "all but upper and lower case", _in_its_case(regex, path))


def _in_its_case(regex: re.Pattern[str], path: str) -> str | None:
    """The path in the letter case that the pattern takes; None if that is not easily found."""
    texts = (path.lower(), *(each.text for each in itertools.islice(examples(regex), _EXAMPLES)))
    return next(
        (text for text in texts if text.lower() == path.lower() and regex.match(text)), None
    )


def _ends_before(regex: re.Pattern[str], path: str) -> Iterator[Miss]:
    """Misses of patterns that take the path's first segments and end there."""
    place = path.rfind("/")
    while place > 0:
        for end in (place + 1, place):
            if path[:end].strip("/") and end < len(path) and regex.match(path[:end]):
                text = f"ends before {path[end:]!r}"
                yield Miss(Why.ENDS_BEFORE, text, path[:end])
        place = path.rfind("/", 0, place)


def _as_in(regex: re.Pattern[str], path: str, example: str) -> Iterator[Miss]:
    """Misses by comparison with one path that matches: a part is missing, or a segment wrong."""
    theirs = example.split("/")
    ours = path.split("/")
    if len(ours) == len(theirs):
        for place, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            other = "/".join([*ours[:place], their, *ours[place + 1 :]])
            if our and our != their and regex.match(other):
                yield from _one_segment(regex, other, place, our, their)
    while not ours[-1]:
        ours.pop()  # "/posts/" lacks as much as "/posts" does
    longer = "/".join([*ours, *theirs[len(ours) :]])
    if len(ours) < len(theirs) and regex.match(longer):
        count = len(theirs) - len(ours)
        what = "one more segment" if count == 1 else f"{count} more segments"
        yield Miss(Why.NEEDS_MORE, f"needs {what}, as in {longer}", longer)


def _one_segment(
    regex: re.Pattern[str], other: str, place: int, our: str, their: str
) -> Iterator[Miss]:
    """Miss of a path that differs from ``other``, which matches, in this one segment alone."""
    if _alike(our, their):
        yield Miss(Why.SPELLING, f"is spelt otherwise: {other}", other)
        return
    varies = _segments_with_groups(regex, other)
    words = [bool(each) for each in other.split("/")]
    in_common = any(word and not varies[i] for i, word in enumerate(words) if i != place)
    if varies[place] and in_common:
        yield Miss(Why.SEGMENT, f"{our!r} does not fit; it takes, say, {other}", other)


def _segments_with_groups(regex: re.Pattern[str], path: str) -> list[bool]:
    """For each segment of a path that matches: whether a group takes a part of it."""
    found = regex.match(path)
    assert found is not None
    spans = [found.span(number) for number in range(1, regex.groups + 1)]
    held, start = [], 0
    for segment in path.split("/"):
        end = start + len(segment)
        held.append(any(begin < end and stop > start for begin, stop in spans))
        start = end + 1
    return held
