"""Two lists of lines made one: the user's first, what they lack behind."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tornkit.scaffold.line_lists import is_line_list, united

IGNORE = PurePosixPath(".gitignore")
ENV = PurePosixPath(".env.example")


@pytest.mark.parametrize(
    ("path", "expected"),
    [(".gitignore", True), ("a/.dockerignore", True), (".env.example", True), ("a.py", False)],
)
def test_which_files_are_lists(path: str, expected: bool) -> None:
    assert is_line_list(PurePosixPath(path)) is expected


@pytest.mark.parametrize(
    ("yours", "ours", "expected"),
    [
        ("", ".env\n", ".env\n"),
        ("*.log\n", ".env\n.venv/\n", "*.log\n\n.env\n.venv/\n"),
        ("*.log", ".env\n", "*.log\n\n.env\n"),
        (".env\n", ".env\n", ".env\n"),
        ("# mine\n/.venv\nbuild\n", ".venv/\nbuild/\n", "# mine\n/.venv\nbuild\n"),
        ("a\r\n", "a\nb\n", "a\r\n\r\nb\r\n"),
        ("a\n", "# about b\nb\n\n# about a\na\n", "a\n\n# about b\nb\n"),
        ("a\n", "# about c\n\nb\n", "a\n\nb\n"),
    ],
)
def test_lines(yours: str, ours: str, expected: str) -> None:
    assert united(IGNORE, yours.encode(), ours.encode()) == expected.encode()


def test_variables_are_known_by_their_names() -> None:
    yours, ours = b"export A=mine\n", b"A=\n\n# about B\nB=1\n"
    assert united(ENV, yours, ours) == b"export A=mine\n\n# about B\nB=1\n"


def test_again_changes_nothing() -> None:
    once = united(IGNORE, b"x\n", b"# c\na\nb\n")
    assert united(IGNORE, once, b"# c\na\nb\n") == once


def test_bytes_that_are_no_text_stay() -> None:
    assert united(IGNORE, b"\xff\n", b"a\n") == b"\xff\n\na\n"


def test_a_line_that_was_taken_out_stays_out() -> None:
    assert united(IGNORE, b"mine\n", b"old\nnew\n", seen=b"old\n") == b"mine\n\nnew\n"
