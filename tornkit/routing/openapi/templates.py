"""A route's regex as OpenAPI path templates.

A template is literal text and slots: ``/posts/(\\d+)/edit`` is ``/posts/`` + slot + ``/edit``. What
makes a path longer or shorter in a few ways (``/?``, ``(/\\d+)?``, ``/a|/b``) becomes several
templates; what varies otherwise is a slot. A group with a slash in it is looked into, so that
``/a(/\\d+)?`` gives ``/a`` and ``/a/{}``: OpenAPI lets no value of a path parameter hold a slash
(OpenAPI 3.1, Parameter Object).

`PathTemplate.exact` tells whether template and slots' patterns together say what the regex says, no
more and no less. Where not (``.*`` takes slashes, look-aheads, an open end, flags), the caller
shows the regex beside the template. Nothing is left out for being too much: an alternation that
would give more than `MOST` templates is one slot.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tornkit.regex.patterns.pattern import parsed
from tornkit.routing.matching.sendable import sent
from tornkit.routing.openapi.patterns import (
    REPEATS,
    Items,
    captures,
    ecma,
    inside,
    literals,
    may_hold,
    words,
)

MOST = 16
"""Templates that one regex may give."""
MOST_WORDS = 64
"""Values that a slot may list; beyond, it has a pattern."""
# A set of characters with more members is a slot: `/v[123456]` is a version, not six paths.
_FEW = 3


@dataclass(frozen=True)
class Slot:
    """A place in a path that varies.

    ``group`` is the number of the capturing group that it is, or is a part of; None where the
    handler does not get it. ``whole`` tells the group itself from a part.
    """

    items: tuple[tuple[Any, Any], ...]
    group: int | None = None
    whole: bool = False


ANYTHING = Slot(tuple(parsed(re.compile(".*"))))
"""The rest of any path."""


@dataclass(frozen=True)
class PathTemplate:
    """A path template: literal strings and slots, in the order of the path. Begins with ``/``."""

    parts: tuple[str | Slot, ...]
    exact: bool = True

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The parts that vary, left to right."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    def text(self, names: Sequence[str]) -> str:
        """Text of the template, with a name for each slot: ``/posts/{slug}``."""
        waiting = iter(names)
        return "".join(
            part if isinstance(part, str) else f"{{{next(waiting)}}}" for part in self.parts
        )


@dataclass(frozen=True)
class _Variant:
    """A template in the making. ``closed``: a ``$`` stands behind it."""

    parts: tuple[str | Slot, ...] = ()
    exact: bool = True
    closed: bool = False


def templates(regex: re.Pattern[str] | None) -> tuple[PathTemplate, ...]:
    """All templates of a path regex; of any path at all for None. Empty: it matches no path."""
    anything = PathTemplate(("/", ANYTHING), exact=False)
    if regex is None:
        return (anything,)
    try:
        variants = _sequence(parsed(regex), None)
        found = [template for variant in variants if (template := _finished(variant, regex))]
    except RecursionError:  # groups some hundred deep; what the regex says is shown as it is
        return (anything,)
    if regex.flags & re.IGNORECASE:
        found = [replace(template, exact=False) for template in found]
    return tuple({template.text(_blank(template)): template for template in found}.values())


def schema(slot: Slot, regex: re.Pattern[str] | None) -> dict[str, Any]:
    """The values of a slot as JSON Schema: a list of words, or a pattern where there is one."""
    if regex is None or regex.flags & re.IGNORECASE:
        return {"type": "string"}
    listed = words(slot.items, MOST_WORDS)
    if listed is not None:
        return {"type": "string", "enum": listed}
    pattern = ecma(slot.items)
    # `.*` says nothing.
    return {"type": "string", **({} if pattern in (None, "^.*$") else {"pattern": pattern})}


def _blank(template: PathTemplate) -> list[str]:
    return [""] * len(template.slots)


def _finished(variant: _Variant, regex: re.Pattern[str]) -> PathTemplate | None:
    """Make a template that begins with ``/`` of a variant; None if no path can be like it."""
    parts = variant.parts
    exact = variant.exact and variant.closed
    first = parts[0] if parts else ""
    if isinstance(first, Slot):
        # `.*` takes the first slash as well, which a template has to spell out; what is left of
        # such a slot has no regex of its own.
        if not may_hold(first.items, "/"):
            return None
        parts, exact = ("/", Slot(ANYTHING.items, first.group), *parts[1:]), False
    elif not first:
        if variant.closed:
            return None
        parts, exact = ("/", ANYTHING), False  # nothing but an open end
    elif not first.startswith("/"):
        return None
    kinds = [isinstance(part, Slot) for part in parts]
    adjacent = any(one and other for one, other in itertools.pairwise(kinds))
    slots = [part for part in parts if isinstance(part, Slot)]
    told = all(_said_in_full(slot) for slot in slots) and not adjacent
    plain = all(_is_plain(part) for part in parts if isinstance(part, str))
    return PathTemplate(tuple(map(_quoted, parts)), exact and told and plain)


def _said_in_full(slot: Slot) -> bool:
    if may_hold(slot.items, "/"):
        return False
    return words(slot.items, MOST_WORDS) is not None or ecma(slot.items) is not None


def _is_plain(text: str) -> bool:
    return _quoted(text) == text


def _quoted(part: str | Slot) -> str | Slot:
    """Literal text percent-encoded as a client would have to send it; a slot as it is.

    Braces would be slots, and ``?`` and ``#`` end a path.
    """
    if isinstance(part, Slot):
        return part
    return sent(part).replace("?", "%3F").replace("#", "%23")


def _sequence(items: Items, group: int | None) -> list[_Variant]:
    """Variants of a sequence of regex items; ``group`` is the capturing group around them."""
    found = [_Variant()]
    for operator, argument in items:
        choices = _item(str(operator), argument, group)
        if len(found) * len(choices) > MOST:
            whole = Slot(((operator, argument),), group)
            choices = [_Variant((whole,), exact=not _is_structure(whole.items))]
        found = [
            joined
            for one in found
            for other in choices
            if (joined := _joined(one, other)) is not None
        ]
    return found


def _item(operator: str, argument: Any, group: int | None) -> list[_Variant]:
    match operator:
        case "AT":
            return [_at(str(argument))]
        case "ASSERT" | "ASSERT_NOT":
            return [_Variant(exact=False)]
        case "LITERAL":
            return [_Variant((chr(argument),))]
        case "IN":
            listed = literals(operator, argument) or []
            if 0 < len(listed) <= _FEW:
                return [_Variant((character,)) for character in listed]
        case "ANY":
            # One by itself is mostly a dot that nobody escaped: `/feed.xml`.
            return [_Variant((".",), exact=False)]
        case "SUBPATTERN":
            return _group(argument, group)
        case "ATOMIC_GROUP":
            return [replace(each, exact=False) for each in _sequence(argument, group)]
        case "BRANCH" if _worth_splitting(argument[1]):
            return [one for branch in argument[1] for one in _sequence(branch, group)]
        case "MAX_REPEAT" | "MIN_REPEAT":
            split = _repeat(argument, group)
            if split is not None:
                return split
        case _:
            pass
    items = ((operator, argument),)
    told = operator not in ("GROUPREF", "GROUPREF_EXISTS") and not _is_structure(items)
    return [_Variant((Slot(items, group),), exact=told)]


def _at(position: str) -> _Variant:
    if position in ("AT_END", "AT_END_STRING"):
        return _Variant(closed=True)
    return _Variant(exact=position in ("AT_BEGINNING", "AT_BEGINNING_STRING"))


def _group(argument: Any, within: int | None) -> list[_Variant]:
    number, added, removed, body = argument
    items = tuple(body)
    if number is None:
        inner = _sequence(items, within)
    elif _is_structure(items) or _slash_at_hand(items):
        inner = _sequence(items, number)
    else:
        inner = [_Variant((Slot(items, number, whole=True),))]
    return [replace(each, exact=False) for each in inner] if added or removed else inner


def _repeat(argument: Any, group: int | None) -> list[_Variant] | None:
    """Variants of a repeat; None where it is a slot.

    A slot is a repeat of what varies, or an optional part of one segment. Segments again and again
    (``(?:/[^/]+)+``) are a slash and a slot for the rest.
    """
    low, high, body = argument
    if high > 1 and _leads(body):
        none = [_Variant()] if low == 0 else []
        return [*none, _Variant(("/", Slot(ANYTHING.items, group)), exact=False)]
    if (low, high) == (0, 1) and _worth_splitting([body]):
        return [_Variant(), *_sequence(body, group)]
    plain = all(str(operator) == "LITERAL" for operator, _ in body)
    if low == high and plain:
        return [_Variant(("".join(chr(code) for _, code in body) * low,))]
    return None


def _worth_splitting(branches: Iterable[Items]) -> bool:
    """Whether different branches make different templates, not just values of one slot."""
    return any(
        _is_structure(branch) or _slash_at_hand(branch) or words(branch, _FEW) is not None
        for branch in branches
    )


def _is_structure(items: Items) -> bool:
    """Whether the items hold a capturing group or an anchor, which a slot's schema would lose."""
    return captures(items) or any(
        str(operator) == "AT"
        or any(_is_structure(inner) for inner in inside(str(operator), argument))
        for operator, argument in items
    )


def _slash_at_hand(items: Items) -> bool:
    """Whether the items hold a ``/`` that is not under a repeat, or begins what is repeated."""
    for operator, argument in items:
        kind = str(operator)
        if kind == "LITERAL" and argument == ord("/"):
            return True
        once = kind not in REPEATS or argument[1] == 1 or _leads(argument[-1])
        if once and any(_slash_at_hand(inner) for inner in inside(kind, argument)):
            return True
    return False


def _leads(items: Items) -> bool:
    return bool(items) and str(items[0][0]) == "LITERAL" and items[0][1] == ord("/")


def _joined(one: _Variant, other: _Variant) -> _Variant | None:
    """Join two variants of a path template; None if text would follow a ``$``."""
    if one.closed and any(isinstance(part, str) for part in other.parts):
        return None
    exact = one.exact and other.exact and not (one.closed and other.parts)
    parts = list(one.parts)
    for part in other.parts:
        parts[-1:] = _merged(parts[-1], part) if parts else [part]
    return _Variant(tuple(parts), exact, one.closed or other.closed)


def _merged(left: str | Slot, right: str | Slot) -> list[str | Slot]:
    """Merge two adjacent parts where possible: texts, or slots that are no whole group."""
    if isinstance(left, str) and isinstance(right, str):
        return [left + right]
    if (
        isinstance(left, Slot)
        and isinstance(right, Slot)
        and left.group == right.group
        and not (left.whole or right.whole)
    ):
        return [Slot(left.items + right.items, left.group)]
    return [left, right]
