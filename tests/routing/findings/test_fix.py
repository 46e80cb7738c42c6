"""What ``--fix`` would write, and what it leaves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tornkit.appload import locate
from tornkit.appload.inspection import load_for_inspection
from tornkit.routing.findings.fix import FixPlan, plan
from tornkit.routing.report import report_on

HEAD = """\
import re
from tornado.routing import HostMatches, PathMatches, Rule
from tornado.web import Application, RequestHandler, URLSpec, url


class Page(RequestHandler):
    def get(self, *groups): ...


"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program goes; its module has a name of its own in each test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / f"mending_{abs(hash(tmp_path))}.py"


def planned(program: Path, text: str) -> FixPlan:
    program.write_text(HEAD + text)
    loaded = load_for_inspection(locate(program.name))
    report = report_on(
        loaded.applications, "app", ["patterns"], program=loaded.program, declared=True
    )
    return plan(report)


def changed(program: Path, text: str) -> str:
    """The text after everything was mended; nothing may be left."""
    done = planned(program, text)
    assert done.left == ()
    [mend] = done.mends
    assert mend.before == program.read_bytes()
    assert mend.after.startswith(HEAD.encode())
    ast.parse(mend.after)
    return mend.after.decode().removeprefix(HEAD)


@pytest.mark.parametrize(
    "rule",
    [
        '(r"/favicon.ico", Page)',
        'url(r"/favicon.ico", Page, name="icon")',
        'URLSpec(pattern=r"/favicon.ico", handler=Page)',
        'url(re.compile(r"/favicon.ico$"), Page)',
        'Rule(PathMatches(r"/favicon.ico"), Page)',
        'Rule(PathMatches(re.compile(r"/favicon.ico$")), Page)',
        '(\n    r"/favicon.ico",\n    Page,\n)',
        '(r"/favi"\n  r"con.ico", Page)',
    ],
)
def test_every_form_of_a_rule(program: Path, rule: str) -> None:
    text = f"app = Application([{rule}])\n"
    assert changed(program, text) == text.replace("con.ico", r"con\.ico")


def test_a_string_that_is_not_raw(program: Path) -> None:
    text = 'app = Application([("/favicon.ico", Page), ("/(\\\\d+)/a.txt", Page)])\n'
    assert changed(program, text) == (
        'app = Application([(r"/favicon\\.ico", Page), ("/(\\\\d+)/a\\\\.txt", Page)])\n'
    )


def test_hosts_and_all_that_is_below_them_once(program: Path) -> None:
    text = (
        'app = Application(default_host="www.example.com")\n'
        'app.add_handlers(r"www.example.com", [(r"/a", Page), (r"/b", Page)])\n'
    )
    assert changed(program, text) == text.replace('r"www.example.com"', r'r"www\.example\.com"')


def test_a_rule_of_hosts(program: Path) -> None:
    text = 'app = Application([Rule(HostMatches("a.example.com"), [(r"/x", Page)])])\n'
    assert changed(program, text) == text.replace('"a.example.com"', r'r"a\.example\.com"')


def test_dots_that_mean_any_character_stay(program: Path) -> None:
    text = 'app = Application([(r"/v1.0/(.*)", Page)])\n'
    assert changed(program, text) == text.replace("v1.0", r"v1\.0")


def test_one_rule_that_makes_several_routes(program: Path) -> None:
    text = 'app = Application([(r"/a.txt", Page) for _ in range(3)])\n'
    assert changed(program, text) == text.replace("a.txt", r"a\.txt")


def test_all_files_and_findings(program: Path, tmp_path: Path) -> None:
    text = 'app = Application([(r"/a.txt", Page), (r"/b.txt", Page)])\n'
    [mend] = planned(program, text).mends
    assert (mend.strings, len(mend.findings)) == (2, 2)
    assert Path(mend.file) == program.resolve()


def test_the_diff(program: Path) -> None:
    [mend] = planned(program, 'app = Application([(r"/a.txt", Page)])').mends
    assert mend.diff("app.py") == [
        "--- a/app.py",
        "+++ b/app.py",
        "@@ -7,4 +7,4 @@",
        "     def get(self, *groups): ...",
        " ",
        " ",
        '-app = Application([(r"/a.txt", Page)])',
        '+app = Application([(r"/a\\.txt", Page)])',
    ]


@pytest.mark.parametrize(
    "text",
    [
        'PATTERN = r"/a.txt"\napp = Application([(PATTERN, Page)])\n',
        'ROOT = "/a"\napp = Application([(f"{ROOT}.txt", Page)])\n',
        'ROOT = "/a"\napp = Application([(ROOT + ".txt", Page)])\n',
        'app = Application([("/%s.txt" % "a", Page)])\n',
        'HOST = "a.example.com"\napp = Application()\napp.add_handlers(HOST, [(r"/", Page)])\n',
    ],
)
def test_what_is_not_one_string_at_the_rule_is_left(program: Path, text: str) -> None:
    done = planned(program, text)
    assert done.mends == ()
    [left] = done.left
    assert "not written out as one string" in left.reason


def test_two_of_the_same_on_a_line_are_left(program: Path) -> None:
    text = 'app = Application([url(r"/a.txt", Page, name="a"), url(r"/a.txt", Page, name="b")])\n'
    done = planned(program, text)
    assert done.mends == ()
    assert {left.reason for left in done.left} == {"line 10 has this pattern more than once"}


def test_a_dot_that_is_written_as_an_escape_is_left(program: Path) -> None:
    done = planned(program, 'app = Application([("/a\\x2etxt", Page), (r"/b.txt", Page)])\n')
    [left] = done.left
    assert left.reason == r"a character of it is written as \x2e"
    [mend] = done.mends
    assert mend.strings == 1


def test_an_installed_package_is_left(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornkit.routing.findings.fix.is_user_file", lambda file: False)
    done = planned(program, 'app = Application([(r"/a.txt", Page)])\n')
    assert done.mends == ()
    assert [left.reason for left in done.left] == ["it is in an installed package"]


def test_nothing_wrong(program: Path) -> None:
    assert planned(program, 'app = Application([(r"/a\\.txt", Page)])\n') == FixPlan((), ())
