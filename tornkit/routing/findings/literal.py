r"""Writes a backslash before some characters of a string, in the string's own source text.

What comes in is the text of one constant as the file has it (perhaps several literals side by
side) and places in its value. The text is taken apart into literals, and each literal into units
of which it is known what they stand for; so every place in the value has one in the text. Raw
literals get ``\``; others become raw where that changes nothing else, or get ``\\``. What comes
out is evaluated and compared before anybody sees it; what can't be mapped is refused with its
reason, never guessed.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_BETWEEN = re.compile(r"(?:[ \t\f\r\n]|\\\r?\n|#[^\r\n]*)*")
_OPENING = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|\")")
_LINE_ENDS = ("\r\n", "\r")
_RAW_UNIT = re.compile(r"\r\n|\r|.", re.DOTALL)
_UNIT = re.compile(
    r"\\(?:\r\n|N\{[^}]*\}|x..|u.{4}|U.{8}|[0-7]{1,3}|.)|\r\n|\r|.",
    re.DOTALL,
)


class CannotEdit(Exception):
    """A string or file can't be edited. ``str(error)`` is why, and completes "not changed: "."""


@dataclass(frozen=True)
class _Literal:
    """A string literal; ``start`` and ``end`` are its body's offsets in the constant's text."""

    prefix: str
    start: int
    end: int

    @property
    def raw(self) -> bool:
        return "r" in self.prefix.lower()


@dataclass(frozen=True)
class _Unit:
    """A character or escape sequence of a literal: its offset, its text, and its value."""

    start: int
    text: str
    value: str


def with_backslashes(text: str, places: Collection[int]) -> tuple[str, str]:
    r"""``text`` with a backslash before the characters of its value at ``places``; its new value.

    >>> with_backslashes('"/favicon.ico"', [8])
    ('r"/favicon\\.ico"', '/favicon\\.ico')

    :raises CannotEdit: it can't be mapped.
    """
    value = _evaluated(text)
    wanted = "".join(f"\\{mark}" if at in places else mark for at, mark in enumerate(value))
    insertions: list[tuple[int, str]] = []
    offset = 0
    for literal in _literals(text):
        units = list(_units(text, literal))
        length = sum(len(unit.value) for unit in units)
        within = {place - offset for place in places if offset <= place < offset + length}
        if within:
            insertions += _insertions(literal, units, within, text)
        offset += length
    changed = text
    for at, inserted in sorted(insertions, reverse=True):
        changed = changed[:at] + inserted + changed[at:]
    if _evaluated(changed) != wanted:
        raise CannotEdit("its text could not be mapped to its value")
    return changed, wanted


def _evaluated(text: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" outside of a raw string
            value = ast.literal_eval(f"({text}\n)")
    except (SyntaxError, ValueError):
        raise CannotEdit("it is not a plain string") from None
    if not isinstance(value, str):
        raise CannotEdit("it is not a plain string")
    return value


def _literals(text: str) -> Iterator[_Literal]:
    at = 0
    while True:
        between = _BETWEEN.match(text, at)
        at = between.end() if between is not None else at
        if at == len(text):
            return
        opening = _OPENING.match(text, at)
        if opening is None:
            raise CannotEdit("it is not a plain string")
        quote = re.escape(opening["quote"])
        body = re.compile(rf"(?:\\.|(?!{quote}).)*", re.DOTALL).match(text, opening.end())
        if body is None or not text.startswith(opening["quote"], body.end()):
            raise CannotEdit("it is not a plain string")
        yield _Literal(opening["prefix"], opening.end(), body.end())
        at = body.end() + len(opening["quote"])


def _units(text: str, literal: _Literal) -> Iterator[_Unit]:
    pattern = _RAW_UNIT if literal.raw else _UNIT
    for match in pattern.finditer(text, literal.start, literal.end):
        yield _Unit(match.start(), match[0], _meaning(match[0], raw=literal.raw))


def _meaning(unit: str, *, raw: bool) -> str:
    if unit in _LINE_ENDS:  # Python reads every line's end as one character
        return "\n"
    if raw or not unit.startswith("\\"):
        return unit
    return _evaluated(f'"""{unit}"""')


def _insertions(
    literal: _Literal, units: list[_Unit], places: set[int], text: str
) -> Iterator[tuple[int, str]]:
    becomes_raw = not literal.prefix and all(
        unit.value == unit.text or unit.text in _LINE_ENDS for unit in units
    )
    if becomes_raw:
        quote = 3 if text[literal.start - 3 : literal.start] in ('"""', "'''") else 1
        yield literal.start - quote, "r"
    offset = 0
    for unit in units:
        if offset in places:
            if len(unit.text) != 1:
                raise CannotEdit(f"a character of it is written as {unit.text}")
            yield unit.start, "\\" if literal.raw or becomes_raw else "\\\\"
        offset += len(unit.value)
