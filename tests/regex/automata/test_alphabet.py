"""Sets of letters: those of Tornado's grammar and of `re`, and how machines tell letters apart."""

from __future__ import annotations

import importlib
import random
import re
from typing import Any

import pytest
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPServerRequest,
    RequestStartLine,
    parse_request_start_line,
)

from tornkit.regex.automata.alphabet import (
    HOST,
    SENDABLE,
    WIRE,
    classes,
    letters_of,
    mask_of,
    representatives,
    set_mask,
)

_parser: Any = importlib.import_module("re._parser")
ALL = [chr(code) for code in range(0x100)]


def members(mask: int) -> set[str]:
    return {letter for letter in ALL if mask >> ord(letter) & 1}


# ---- sets ----


def test_a_set_holds_its_letters_however_often_they_are_given() -> None:
    assert mask_of("") == 0
    assert mask_of("abba") == mask_of(["a", "b"]) == 1 << ord("a") | 1 << ord("b")
    assert mask_of("\xff") == 1 << 255


def test_what_reads_best_in_a_url_comes_first() -> None:
    assert letters_of(0) == []
    assert "".join(letters_of(mask_of("/Z?9\xe9z!A0a-#_"))) == "az09AZ-_/!#?\xe9"
    assert letters_of(mask_of("\xff\xe9\xa0")) == ["\xa0", "\xe9", "\xff"]


def test_each_letter_that_can_be_sent_has_its_place() -> None:
    for mask in (WIRE, SENDABLE, HOST):
        found = letters_of(mask)
        assert len(found) == len(set(found))
        assert mask_of(found) == mask


# ---- what Tornado lets through ----


def is_accepted(path: str) -> bool:
    try:
        parsed = parse_request_start_line(f"GET {path} HTTP/1.1")
    except HTTPInputError:
        return False
    return parsed.path == path


def test_a_path_can_hold_what_tornado_reads_up_to_the_question_mark() -> None:
    assert members(WIRE) == {letter for letter in ALL if is_accepted(f"/{letter}")} - {"?"}


def test_a_url_can_hold_what_is_ascii_and_no_fragment() -> None:
    assert members(SENDABLE) == {each for each in members(WIRE) if each.isascii()} - {"#"}


def host_name(host: str) -> str | None:
    connection: Any = object()
    try:
        request = HTTPServerRequest(
            connection=connection,
            start_line=RequestStartLine("GET", "/", "HTTP/1.1"),
            headers=HTTPHeaders({"Host": host}),
        )
    except HTTPInputError:
        return None
    name: str = request.host_name
    return name


def test_a_host_can_hold_what_is_left_of_one_by_tornado() -> None:
    seen: set[str] = set()
    for letter in ALL:
        for host in (f"a{letter}b", f"[{letter}]", f"{letter}41", f"%{letter}{letter}"):
            seen.update(host_name(host) or "")
    assert members(HOST) == seen


# ---- what a node takes ----


def node(pattern: str, flags: int = 0) -> tuple[str, Any]:
    [(operator, argument)] = _parser.parse(pattern, flags)
    name = str(operator)
    return name, tuple(argument) if name == "IN" else argument


PATTERNS = [
    *("a", "A", "/", r"\.", "\xe9", "\xb5", "\xff", "\u4e2d", "\u212a", "\u017f", "\u0178"),
    *("[^a]", "[^\xe9]", "[^\u4e2d]", ".", "[ab]", "[a-f]", "[^a-f]", "[A-z]", "[\xe0-\u0200]"),
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"[\d\s]", r"[^\w-]", r"[\W\d]", r"[]\\^-]"),
    *(r"[\n]", "[^\n]", r"[\x00-\x1f]", "[\U0001f600a]", "[^\\S ]"),
]
FLAGS = [0, re.IGNORECASE, re.ASCII, re.DOTALL, re.IGNORECASE | re.ASCII, re.MULTILINE]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_node_takes_what_re_takes(pattern: str) -> None:
    for flags in FLAGS:
        expected = {letter for letter in ALL if re.fullmatch(pattern, letter, flags)}
        assert members(set_mask(*node(pattern, flags), flags | re.UNICODE)) == expected


def test_case_is_folded_as_far_as_re_folds_it() -> None:
    fold = re.IGNORECASE
    assert members(set_mask("LITERAL", ord("\u212a"), fold)) == {"k", "K"}
    assert members(set_mask("LITERAL", ord("\u017f"), fold)) == {"s", "S"}
    assert members(set_mask("LITERAL", ord("\u017f"), fold | re.ASCII)) == set()
    assert members(set_mask("LITERAL", ord("\u4e2d"), fold)) == set()


def test_flags_that_say_nothing_of_letters_are_no_matter() -> None:
    others = re.VERBOSE | re.MULTILINE | re.UNICODE | re.DEBUG
    assert set_mask("LITERAL", ord(" "), others) == mask_of(" ")
    assert set_mask("LITERAL", ord("#"), others) == mask_of("#")


@pytest.mark.parametrize(
    ("operator", "argument"),
    [("AT", None), ("BRANCH", None), ("IN", (("OTHER", None),)), ("NEGATE", None)],
)
def test_what_is_no_set_is_refused(operator: str, argument: Any) -> None:
    with pytest.raises(ValueError, match="OTHER" if operator == "IN" else operator):
        set_mask(operator, argument, 0)


# ---- telling letters apart ----


@pytest.mark.parametrize("seed", range(5))
def test_classes_are_as_few_as_can_be_told_apart(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        universe = mask_of(chance.sample("abcdefgh", k=chance.randint(1, 8)))
        masks = [chance.getrandbits(8) << ord("a") for _ in range(chance.randint(0, 4))]
        parts = classes(universe, masks)
        assert all(parts)
        assert sum(parts) == universe  # each letter is in one
        signatures = [
            {tuple(mask >> ord(letter) & 1 for mask in masks) for letter in letters_of(part)}
            for part in parts
        ]
        assert all(len(each) == 1 for each in signatures)
        assert len({next(iter(each)) for each in signatures}) == len(parts)


def test_of_no_letters_there_are_no_classes() -> None:
    assert classes(0, [mask_of("a")]) == []
    assert representatives(0, [mask_of("a")]) == []


def test_the_letter_of_each_class_that_reads_best_stands_for_it() -> None:
    assert representatives(SENDABLE, []) == ["a"]
    assert representatives(SENDABLE, [mask_of("/"), mask_of("0123456789"), 0]) == ["a", "0", "/"]
    assert representatives(WIRE, [mask_of("abc"), mask_of("cd")]) == ["a", "c", "d", "e"]
    masks = [mask_of("!"), mask_of("Z"), mask_of("\xe9")]
    assert representatives(WIRE, iter(masks)) == representatives(WIRE, masks[::-1])
