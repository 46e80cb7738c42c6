"""Summary of an error in one line. Mistakes of a new user: `tests/cli/test_mistakes.py`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tornkit.appload import summary as module
from tornkit.appload.summary import summary

Write = Callable[..., Path]
ADVICE = f"; is it installed for this Python, {sys.executable}?"


class TestAnyError:
    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (ValueError(), "ValueError"),
            (ValueError("one\ntwo"), "ValueError: one"),
            (ValueError("one\rtwo"), "ValueError: one"),
            (ValueError("one  \n"), "ValueError: one"),
            (ValueError("\ntwo"), "ValueError:"),
            (KeyError("a"), "KeyError: 'a'"),
            (KeyboardInterrupt(), "KeyboardInterrupt"),
            (ExceptionGroup("two", [ValueError()]), "ExceptionGroup: two (1 sub-exception)"),
        ],
        ids=repr,
    )
    def test_its_first_line(self, error: BaseException, said: str) -> None:
        assert summary(error) == said

    @pytest.mark.parametrize(
        ("code", "said"), [(None, "None"), (3, "3"), ("no db\n", r"'no db\n'")]
    )
    def test_an_exit(self, code: Any, said: str) -> None:
        assert summary(SystemExit(code)) == f"it called sys.exit({said})"


class TestMissingModule:
    @pytest.mark.parametrize("name", ["no_such_package", "no_such_package.part"])
    def test_a_package_that_is_not_there(self, name: str) -> None:
        error = ModuleNotFoundError(f"No module named {name!r}", name=name)
        assert summary(error) == f"ModuleNotFoundError: No module named {name!r}{ADVICE}"

    @pytest.mark.parametrize(
        "name",
        [
            "json.no_such_part",  # of a package that is there
            "_no_such_accelerator",  # which no one installs by itself
            None,
            "",
        ],
    )
    def test_no_advice_where_installing_would_not_help(self, name: str | None) -> None:
        error = ModuleNotFoundError("No module", name=name)
        assert summary(error) == "ModuleNotFoundError: No module"

    def test_a_name_that_is_not_in_a_module(self) -> None:
        """An ImportError that is no ModuleNotFoundError is of a module that is there."""
        assert summary(ImportError("cannot import", name="no_such")) == "ImportError: cannot import"


def error_of(pattern: Any) -> re.error:
    with pytest.raises(re.error) as caught:
        re.compile(pattern)
    return caught.value


def users(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a file, and no other, the user's."""
    monkeypatch.setattr(module, "is_user_file", lambda name: name == str(path))


def error_in(path: Path) -> BaseException:
    """The error that running a file ends with."""
    code = compile(path.read_text(), str(path), "exec")
    with pytest.raises(re.error) as caught:
        exec(code, {"Application": Application, "Handler": RequestHandler, "re": re})
    return caught.value


class TestPattern:
    @pytest.fixture(autouse=True)
    def without_a_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "is_user_file", lambda name: False)

    def test_which_and_why(self) -> None:
        assert summary(error_of("/a(")) == (
            "the pattern /a( is no regular expression: missing ), unterminated subpattern at "
            "position 2"
        )

    def test_of_bytes(self) -> None:
        assert summary(error_of(b"/\xe9(")).startswith("the pattern /\xe9( is no regular ")

    def test_of_no_pattern(self) -> None:
        """An error that a program has raised by itself."""
        # Its name is another one since Python 3.13.
        assert summary(re.error("bad")) == f"{re.error.__name__}: bad"

    def test_without_a_position(self) -> None:
        assert summary(re.error("bad", "/a")) == ("the pattern /a is no regular expression: bad")

    def test_a_dollar_sign_of_its_own_stays(self) -> None:
        """Routers alone add one."""
        assert summary(error_of("(a$")).startswith("the pattern (a$ is no ")

    @pytest.mark.parametrize(
        ("before", "behind", "start", "end"),
        [
            (29, 29, "", ""),  # 60 characters, which is not too long
            (58, 0, "", ""),
            (29, 60, "", "…"),
            (60, 0, "…", ""),
            (90, 90, "…", "…"),
        ],
    )
    def test_a_long_one_is_cut_around_the_mistake(
        self, before: int, behind: int, start: str, end: str
    ) -> None:
        said = summary(error_of("a" * before + "(b" + "c" * behind))
        shown = said.removeprefix("the pattern ").partition(" is no ")[0]
        assert "(b" in shown
        assert (shown.startswith("…"), shown.endswith("…")) == (start != "", end != "")
        assert len(shown.strip("…")) <= 60
        assert f"at position {before}" in said, "in the whole pattern"


class TestPlace:
    def test_of_a_router_s_rule(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """The rule's own line is found, though the traceback has the call of Application alone.

        And without the ``$`` that Tornado has added, which can be the mistake that it reports.
        """
        path = write(
            "app.py", "app = Application([\n    ('/', Handler),\n    ('/(', Handler),\n])\n"
        )
        users(path, monkeypatch)
        assert summary(error_in(path)) == (
            "the pattern /( is no regular expression: missing ), unterminated subpattern at "
            "position 1 (app.py:3)"
        )

    def test_a_reason_that_reads_otherwise_without_the_dollar_sign(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Tornado's ``$`` is a part of the mistake, to `re`."""
        path = write("app.py", "app = Application([('/(?', Handler)])\n")
        users(path, monkeypatch)
        assert summary(error_in(path)) == (
            "the pattern /(? is no regular expression: unexpected end of pattern at position 3 "
            "(app.py:1)"
        )

    def test_a_dollar_sign_that_the_user_has_written(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Tornado adds none, and the line is found nevertheless."""
        path = write("app.py", "\napp = Application([\n    ('/($', Handler)])\n")
        users(path, monkeypatch)
        assert summary(error_in(path)).endswith("(app.py:3)")

    def test_a_dollar_sign_that_is_meant(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write("app.py", r"app = Application([(r'/(\$', Handler)])")
        users(path, monkeypatch)
        assert summary(error_in(path)).startswith(r"the pattern /(\$ is no regular expression: ")

    def test_a_mistake_that_stands_there_twice(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The traceback alone says which of them it was."""
        path = write("app.py", "x = '('\n\nre.compile('(')\n")
        users(path, monkeypatch)
        assert summary(error_in(path)).endswith(" (app.py:3)")

    @pytest.mark.parametrize("now", ["def (", None, "\0"])
    def test_a_file_that_has_changed_meanwhile(
        self, write: Write, monkeypatch: pytest.MonkeyPatch, now: str | None
    ) -> None:
        path = write("app.py", "\n\nre.compile('(')\n")
        users(path, monkeypatch)
        error = error_in(path)
        path.unlink() if now is None else path.write_text(now)
        assert summary(error).endswith(" (app.py:3)")

    def test_the_innermost_of_the_users_files(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outer = write("outer.py", "inner.check()\n")
        inner = write("inner.py", "import re\ndef check():\n    re.compile(chr(40))\n")
        made = ModuleType("inner")
        exec(compile(inner.read_text(), str(inner), "exec"), made.__dict__)
        monkeypatch.setattr(module, "is_user_file", lambda name: name in (str(outer), str(inner)))
        with pytest.raises(re.error) as caught:
            exec(compile(outer.read_text(), str(outer), "exec"), {"inner": made})
        assert summary(caught.value).endswith(" (inner.py:3)")
