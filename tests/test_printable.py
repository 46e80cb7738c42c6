"""What is left of text from outside before a terminal or a file gets it."""

from __future__ import annotations

import json
import random

import pytest

from tests.nasty_text import NASTY, disobedient, random_text
from tornkit.printable import encodable, indented, printable, printable_json, printable_lines

CHANCE = random.Random(20)
TEXTS = [NASTY, *(random_text(CHANCE) for _ in range(300))]


def test_what_is_printable_stays() -> None:
    for text in ("", "/posts/(\\d+)", "naïve 漢字 🙂", "a  b"):
        assert printable(text) == printable_lines(text) == indented(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b2J", r"\x9b2J"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\u2028b", r"a\u2028b"),
        ("\udcff", r"\udcff"),
        ("\x00\x7f", r"\x00\x7f"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_lines() -> None:
    assert printable_lines("a\n\tb\r\n\x1bc") == "a\n\tb\\r\n\\x1bc"
    assert indented("a\n14:00:00 forged\n") == "a\n    14:00:00 forged\n    "


def test_nothing_is_obeyed() -> None:
    for text in TEXTS:
        assert printable(text).isprintable()
        assert disobedient(printable_lines(text)) == set()
        assert all(line.startswith("    ") for line in indented(text).split("\n")[1:])


@pytest.mark.parametrize("ascii_alone", [False, True])
def test_json_says_the_same(ascii_alone: bool) -> None:
    for text in TEXTS:
        made = json.dumps({text: [text]}, indent=2, ensure_ascii=ascii_alone)
        shown = printable_json(made)
        assert disobedient(shown, "\n") == set()
        # A pair of surrogates is one character to JSON, whether Python made it of two or not.
        assert json.loads(shown) == json.loads(json.dumps({text: [text]}))


def test_what_an_encoding_lacks() -> None:
    assert encodable("é漢", "ascii") == r"\xe9\u6f22"
    assert encodable("é漢", "latin-1") == "é" + r"\u6f22"
    assert encodable("é漢\udcff", None) == "é漢" + r"\udcff"
