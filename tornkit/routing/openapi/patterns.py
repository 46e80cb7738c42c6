"""Pieces of a regex's syntax tree as JSON Schema can say them: a pattern, or a list of words.

JSON Schema's ``pattern`` is an ECMA-262 regex, searched for and not anchored (JSON Schema
Validation, 6.3.3). Most of what `re` knows has the same spelling there or another one; what has
none (back-references by number, atomic groups, possessive repeats, flags inside) gives None, and
the caller shows Python's regex instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

Items = Sequence[tuple[Any, Any]]
"""(operator, argument) pairs, as `tornkit.regex.patterns.pattern.parsed` gives them."""

_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_POSITIONS = {
    "AT_BEGINNING": "^",
    "AT_BEGINNING_STRING": "^",
    "AT_END": "$",
    "AT_END_STRING": "$",
    "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
}
_REPEATS = {(0, 1): "?", (0, None): "*", (1, None): "+"}
REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


class _Untranslatable(Exception):
    """The regex has a part that ECMA-262 has no words for."""


def ecma(items: Items) -> str | None:
    """Anchored ECMA-262 regex of the same language; None where there is none.

    ``[^/]+`` -> ``^[^/]+$``; ``a|b`` -> ``^(?:a|b)$``
    """
    try:
        return f"^{_sequence(items)}$"
    except _Untranslatable:
        return None


def words(items: Items, most: int) -> list[str] | None:
    """Every string of the piece's language, in the order of its branches.

    None if there are more than ``most``, or if it can't be told by looking.
    """
    found = [""]
    for operator, argument in items:
        choices = _choices(str(operator), argument, most)
        if choices is None or len(found) * len(choices) > most:
            return None
        found = ["".join(pair) for pair in product(found, choices)]
    return list(dict.fromkeys(found))


def may_hold(items: Items, character: str) -> bool:
    """Whether a match may hold ``character``, look-arounds and back-references aside."""
    for operator, argument in items:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                if _character_set_has(str(operator), argument, character):
                    return True
            case _:
                if any(may_hold(inner, character) for inner in inside(str(operator), argument)):
                    return True
    return False


def captures(items: Items) -> bool:
    """Whether the items hold a capturing group, at any depth."""
    return any(
        (str(operator) == "SUBPATTERN" and argument[0] is not None)
        or any(captures(inner) for inner in inside(str(operator), argument))
        for operator, argument in items
    )


def inside(operator: str, argument: Any) -> list[Items]:
    """The pieces directly below one node that a match may consume."""
    match operator:
        case "SUBPATTERN" | "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[-1]]
        case "ATOMIC_GROUP":
            return [argument]
        case "BRANCH":
            return list(argument[1])
        case "GROUPREF_EXISTS":
            return [argument[1], argument[2] or []]
        case _:
            return []


def literals(operator: str, argument: Any) -> list[str] | None:
    """The characters of a set that lists them one by one: ``[ab]``, which is also ``a|b``."""
    if operator == "LITERAL":
        return [chr(argument)]
    if operator == "IN" and all(str(kind) == "LITERAL" for kind, _ in argument):
        return [chr(code) for _, code in argument]
    return None


def _choices(operator: str, argument: Any, most: int) -> list[str] | None:
    match operator:
        case "LITERAL" | "IN":
            return literals(operator, argument)
        case "SUBPATTERN":
            _, added, removed, body = argument
            return None if added or removed else words(body, most)
        case "BRANCH":
            branches = [words(branch, most) for branch in argument[1]]
            return [word for found in branches for word in found or ()] if all(branches) else None
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, high, body = argument
            once = words(body, most) if (low, high) == (0, 1) else None
            return None if once is None else [*once, ""]
        case _:
            return None


def _sequence(items: Items) -> str:
    return "".join(_item(str(operator), argument) for operator, argument in items)


def _item(operator: str, argument: Any) -> str:
    match operator:
        case "LITERAL":
            return _escaped(argument)
        case "NOT_LITERAL":
            return f"[^{_in_class(argument)}]"
        case "ANY":
            return "."
        case "IN":
            return _class(argument)
        case "AT" if str(argument) in _POSITIONS:
            return _POSITIONS[str(argument)]
        case "SUBPATTERN":
            _, added, removed, body = argument
            if added or removed:
                raise _Untranslatable
            return _grouped(body)
        case "BRANCH":
            return f"(?:{'|'.join(_sequence(branch) for branch in argument[1])})"
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeat(operator, *argument)
        case "ASSERT" | "ASSERT_NOT":
            direction, body = argument
            mark = ("=" if operator == "ASSERT" else "!").rjust(1 if direction > 0 else 2, "<")
            return f"(?{mark}{_sequence(body)})"
        case _:
            raise _Untranslatable


def _repeat(operator: str, low: int, high: Any, body: Items) -> str:
    top = None if str(high) == "MAXREPEAT" else int(high)
    bounds = f"{{{low}}}" if top == low else f"{{{low},{'' if top is None else top}}}"
    count = _REPEATS.get((low, top), bounds)
    single = len(body) == 1 and str(body[0][0]) in ("LITERAL", "NOT_LITERAL", "ANY", "IN")
    repeated = _sequence(body) if single else _grouped(body)
    return f"{repeated}{count}{'?' if operator == 'MIN_REPEAT' else ''}"


def _grouped(body: Items) -> str:
    """Text of ``body`` in a group of its own, unless the only thing in it is one already."""
    text = _sequence(body)
    already = len(body) == 1 and str(body[0][0]) in ("SUBPATTERN", "BRANCH")
    return text if already else f"(?:{text})"


def _class(items: Iterable[tuple[Any, Any]]) -> str:
    parts = []
    for operator, argument in items:
        match str(operator):
            case "NEGATE":
                parts.append("^")
            case "LITERAL":
                parts.append(_in_class(argument))
            case "RANGE":
                parts.append(f"{_in_class(argument[0])}-{_in_class(argument[1])}")
            case "CATEGORY" if str(argument) in _CATEGORIES:
                parts.append(_CATEGORIES[str(argument)])
            case _:
                raise _Untranslatable
    if len(parts) == 1 and parts[0].startswith("\\") and len(parts[0]) == 2:
        return parts[0]
    return f"[{''.join(parts)}]"


def _escaped(code: int) -> str:
    character = chr(code)
    return f"\\{character}" if character in r"\^$.|?*+()[]{}" else _printable(code)


def _in_class(code: int) -> str:
    character = chr(code)
    return f"\\{character}" if character in r"\]^-[" else _printable(code)


def _printable(code: int) -> str:
    if chr(code).isprintable():
        return chr(code)
    return f"\\x{code:02x}" if code < 0x100 else chr(code)


def _character_set_has(operator: str, argument: Any, character: str) -> bool:
    match operator:
        case "LITERAL":
            return bool(argument == ord(character))
        case "NOT_LITERAL":
            return bool(argument != ord(character))
        case "ANY":
            return character != "\n"
        case _:
            negated = str(argument[0][0]) == "NEGATE"
            return negated != any(_member(str(op), value, character) for op, value in argument)


def _member(operator: str, argument: Any, character: str) -> bool:
    match operator:
        case "LITERAL":
            return bool(argument == ord(character))
        case "RANGE":
            low, high = argument
            return bool(low <= ord(character) <= high)
        case "CATEGORY":
            category = _CATEGORIES.get(str(argument))
            return category is None or re.match(category, character) is not None
        case _:
            return False
