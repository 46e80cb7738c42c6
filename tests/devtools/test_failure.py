"""An exception taken apart: frames, source, variables, and no secret."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado import template

from tornkit.devtools.failure import Failure, failure_of


def raised(function: Callable[..., Any], *arguments: Any) -> Failure:
    try:
        function(*arguments)
    except BaseException as error:  # noqa: BLE001 - any
        return failure_of(error)
    pytest.fail("nothing was raised")


def run(path: Path, source: str) -> Failure:
    path.write_text(source)
    code = compile(source, str(path), "exec")
    return raised(exec, code, {"__name__": "app"})


def test_each_frame_has_its_source_and_variables(tmp_path: Path) -> None:
    source = "def price(number):\n    rows = [1, 2]\n    return rows[number]\n\n\nprice(5)\n"
    failure = run(tmp_path / "app.py", source)
    (only,) = failure.chain
    assert (only.kind, only.message, only.origin) == ("IndexError", "list index out of range", "")
    frame = only.frames[-1]
    assert (frame.line, frame.is_users) == (3, True)
    assert frame.function == "price"
    assert [(line.number, line.is_reached) for line in frame.source] == [
        (number, number == 3) for number in range(1, 7)
    ]
    assert dict(frame.variables) == {"number": "5", "rows": "[1, 2]"}
    assert failure.last is only


@pytest.mark.parametrize(
    ("how", "link"),
    [
        ("raise ValueError('b') from error", "Its direct cause"),
        ("raise ValueError('b')", "It was raised while this was handled"),
        ("raise ValueError('b') from None", None),
    ],
)
def test_what_an_error_came_of(tmp_path: Path, how: str, link: str | None) -> None:
    source = f"try:\n    {{}}['a']\nexcept KeyError as error:\n    {how}\n"
    failure = run(tmp_path / "app.py", source)
    assert failure.last.kind == "ValueError"
    assert [each.origin for each in failure.chain[:-1]] == ([] if link is None else [link])


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert [each.message for each in failure_of(first).chain] == ["b", "a"]


def test_a_deep_recursion_is_cut() -> None:
    def dive(depth: int) -> None:
        dive(depth + 1)

    failure = raised(dive, 0)
    assert failure.last.kind == "RecursionError"
    assert len(failure.last.frames) == 60
    assert failure.last.left_out > 500


def test_a_library_is_not_the_users() -> None:
    failure = raised(linecache.updatecache, 5)
    assert failure.last.frames[0].is_users is True
    assert failure.last.frames[-1].is_users is False


def test_a_syntax_error_shows_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("good = 1\noops(\n")
    failure = raised(compile, "good = 1\noops(\n", str(tmp_path / "broken.py"), "exec")
    assert failure.last.frames[-1].line == 2
    assert failure.last.frames[-1].source[-1].is_reached


def test_a_template_shows_its_lines() -> None:
    page = template.Template("<p>{{ 1 / nothing }}</p>", name="page.html")
    frames = raised(page.generate, 0).last.frames
    assert "nothing" in raised(page.generate).last.message
    assert frames


class Hostile:
    def __repr__(self) -> str:
        raise AssertionError("never called")

    __str__ = __format__ = __repr__  # type: ignore[assignment]


class Unprintable(Exception):
    def __str__(self) -> str:
        raise KeyError


def test_nothing_of_the_users_is_called() -> None:
    def fails(value: object) -> None:
        raise Unprintable(value)

    failure = raised(fails, Hostile())
    assert failure.last.message == "<its text can't be made: KeyError>"
    assert dict(failure.last.frames[-1].variables)["value"].endswith("Hostile>")


SECRETS = {
    "password": "hunter2",
    "db": "postgres://app:hunter2@db/app",
    "auth": b"hunter2",
    "settings": {"cookie_secret": "hunter2", "x": ["token=hunter2"]},
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJodW50ZXIyIjoxfQ.hunter2",
    "stripe": "sk_live_hunter2hunter2",
}


def test_no_secret_is_among_the_variables() -> None:
    def fails(password: object, db: object, auth: object, settings: object, jwt: object,
              stripe: object) -> None:  # fmt: skip
        raise ValueError(f"can't reach {db}, token=hunter2")

    failure = raised(lambda: fails(**SECRETS))
    assert "hunter2" not in repr([frame.variables for frame in failure.last.frames])
    assert "hunter2" not in failure.last.message
    assert "***" in failure.last.message


def test_a_statement_that_begins_before_what_is_shown(tmp_path: Path) -> None:
    source = "api_key = (\n" + "\n" * 20 + '    "hunter2"\n    + 1 / 0\n)\n'.replace("+ 1", "* 1")
    failure = run(tmp_path / "app.py", source)
    assert "hunter2" not in repr(failure.last.frames[-1].source)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("login failed\npassword: hunter2 and more", "login failed\npassword: ***"),
        (" token=hunter2", " token=***"),
        ('{"user": {"password": "hun ter2"}}', '{"user": {"password": "***"}}'),
        ("https://api.example.com/v1?api_key=hunter2", "https://api.example.com/v1?api_key=***"),
    ],
)
def test_no_secret_is_in_a_message(message: str, shown: str) -> None:
    def fails() -> None:
        raise ValueError(message)

    assert raised(fails).last.message == shown


def test_notes_that_are_none_and_errors_of_odd_kinds() -> None:
    error = ValueError("a")
    error.__notes__ = 5  # type: ignore[assignment]
    assert failure_of(error).last.message == "a"
    syntax = SyntaxError("bad")
    syntax.filename, syntax.lineno = "app.py", "three"  # type: ignore[assignment]
    assert failure_of(syntax).last.kind == "SyntaxError"


class Exiting(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


def test_a_text_that_would_end_the_process() -> None:
    assert failure_of(Exiting()).last.message == "<its text can't be made: SystemExit>"
