"""Three-way merges of lines: cases with their results, and random edits with their laws."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.marks import some_of_many
from tornkit.scaffold import merging


def merged(base: str, yours: str, new: str) -> str:
    """Texts of one-letter lines: ``abc``; a conflict is ``<x|y>``."""

    def text(letters: str) -> bytes:
        return "".join(f"{letter}\n" for letter in letters).encode()

    found = merging.merged(text(base), text(yours), text(new), "v2")
    shown = found.content.decode().replace("<<<<<<< yours", "<").replace(">>>>>>> v2", ">")
    assert shown.count("<") == found.conflicts
    assert merging.has_markers(found.content) is (found.conflicts > 0)
    return shown.replace("=======", "|").replace("\n", "")


@pytest.mark.parametrize(
    ("base", "yours", "new", "expected"),
    [
        ("abc", "abc", "abc", "abc"),
        ("abc", "abXc", "abc", "abXc"),
        ("abc", "abc", "aYbc", "aYbc"),
        ("abc", "abXc", "aYbc", "aYbXc"),
        ("abc", "bc", "abcd", "bcd"),
        ("abc", "aXc", "aXc", "aXc"),
        ("abc", "aXc", "aYc", "a<X|Y>c"),
        ("abc", "abcX", "abcY", "abc<X|Y>"),
        ("abc", "abcX", "abcXY", "abcX<|Y>"),
        ("abc", "aPXQc", "aPYQc", "aP<X|Y>Qc"),
        ("abc", "ac", "aYc", "a<|Y>c"),
        ("", "X", "Y", "<X|Y>"),
        ("", "PX", "PY", "P<X|Y>"),
        ("abc", "", "abc", ""),
        ("abc", "", "aYc", "<|aYc>"),
        ("abcdefg", "aXcdefg", "abcdeYg", "aXcdeYg"),
        ("aa", "aXa", "aa", "aXa"),
        ("", "", "", ""),
    ],
)
def test_cases(base: str, yours: str, new: str, expected: str) -> None:
    assert merged(base, yours, new) == expected


@pytest.mark.parametrize(
    ("base", "yours", "new", "expected"),
    [
        (b"a\nb", b"a\nb", b"a\nb\n", b"a\nb\n"),
        (b"a\nb\n", b"a\nb", b"z\na\nb\n", b"z\na\nb"),
        (b"a", b"x", b"y", b"<<<<<<< yours\nx\n=======\ny\n>>>>>>> v2\n"),
        (b"a\nb\n", b"a\r\nb\r\nX\r\n", b"z\na\nb\n", b"z\r\na\r\nb\r\nX\r\n"),
        (b"a\r\n", b"a\r\nX\r\n", b"z\r\na\r\n", b"z\r\na\r\nX\r\n"),
        (b"\xff\n", b"\xff\nx\n", b"z\n\xff\n", b"z\n\xff\nx\n"),
    ],
    ids=["no-end", "end-taken", "conflict-without-ends", "crlf", "crlf-everywhere", "no-text"],
)
def test_line_ends(base: bytes, yours: bytes, new: bytes, expected: bytes) -> None:
    assert merging.merged(base, yours, new, "v2").content == expected


def test_ends_of_a_replaced_file() -> None:
    assert merging.with_ends_of(b"a\nb\n", b"x\r\n") == b"a\r\nb\r\n"
    assert merging.with_ends_of(b"a\n", b"x\r\ny\n") == b"a\n"
    assert merging.with_ends_of(b"a\n\0", b"x\r\n") == b"a\n\0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<<<<<< yours\na\n=======\nb\n>>>>>>> v2\n", True),
        ("x\r\n<<<<<<< HEAD\r\n=======\r\n>>>>>>> main\r\n", True),
        ("Title\n=======\n", False),
        (">>>>>>> a\n=======\n<<<<<<< b\n", False),
        ("  <<<<<<< a\n=======\n>>>>>>> b\n", False),
        ("", False),
    ],
)
def test_markers(text: str, expected: bool) -> None:
    assert merging.has_markers(text.encode()) is expected


def test_binary() -> None:
    assert merging.is_binary(b"PNG\0")
    assert not merging.is_binary("é\n".encode())


def edited(chance: random.Random, lines: list[str], fresh: Callable[[], str]) -> list[str]:
    """Some lines taken out, and some put in."""
    found = [line for line in lines if chance.random() > 0.15]
    for _ in range(chance.randrange(4)):
        found[(at := chance.randint(0, len(found))) : at] = [
            fresh() for _ in range(chance.randint(1, 3))
        ]
    return found


@pytest.mark.parametrize("block", some_of_many(20, ordinary=1))
def test_random_edits(block: int) -> None:
    for seed in range(block * 500, block * 500 + 500):
        hold_laws(seed)


def hold_laws(seed: int) -> None:
    """Merge random edits. Each line is told apart from any other, so that each law can be held."""
    chance = random.Random(seed)
    numbers = iter(range(10_000))
    base = [f"base {next(numbers)}\n" for _ in range(chance.randrange(25))]
    yours = edited(chance, base, lambda: f"yours {next(numbers)}\n")
    new = edited(chance, base, lambda: f"new {next(numbers)}\n")
    texts = ["".join(side).encode() for side in (base, yours, new)]
    found = merging.merged(texts[0], texts[1], texts[2], "v2")
    lines = found.content.decode().splitlines(keepends=True)
    added = [line for line in yours + new if line not in base]
    assert set(added) <= set(lines), f"{seed}: nothing that either side wrote is lost"
    assert {line for line in base if line in yours and line in new} <= set(lines)
    if found.conflicts:
        assert merging.has_markers(found.content)
        return
    kept = [line for line in base if line in yours and line in new]
    assert sorted(lines) == sorted(kept + added), f"{seed}: what either side took out is gone"
    for side in (yours, new):
        assert [line for line in lines if line in side] == [line for line in side if line in lines]


def test_random_edits_of_lines_that_repeat() -> None:
    for seed in range(300):
        hold_laws_of_repeats(seed)


def hold_laws_of_repeats(seed: int) -> None:
    chance = random.Random(seed)

    def text(mark: str) -> bytes:
        return "".join(chance.choice(("\n", "a\n", "}\n", mark)) for _ in range(8)).encode()

    base, yours, new = text("base\n"), text("yours\n"), text("new\n")
    assert merging.merged(base, yours, base, "v2") == merging.MergedFile(yours, 0)
    assert merging.merged(base, base, new, "v2") == merging.MergedFile(new, 0)
    assert merging.merged(base, yours, yours, "v2") == merging.MergedFile(yours, 0)
    both = merging.merged(base, yours, new, "v2").content
    assert both.count(b"yours\n") >= yours.count(b"yours\n")
    assert both.count(b"new\n") >= new.count(b"new\n")
