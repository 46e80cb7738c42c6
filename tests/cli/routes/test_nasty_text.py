"""Text of the user's files that a terminal would obey: nothing of it comes out of any format."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from tornado.httputil import HTTPServerRequest
from tornado.routing import HostMatches, Matcher, Rule
from tornado.web import RedirectHandler, RequestHandler, url

from tests.cli.routes.checked import Entry, Project
from tests.cli.routes.terminal import run_in_terminal
from tests.nasty_text import (
    ARGUMENT,
    FILE_NAME,
    NASTY,
    WITHOUT_SURROGATES,
    disobedient,
    random_text,
)
from tornkit.cli.routes import mending
from tornkit.routing.findings.fix import FixPlan, Mend, Unfixed
from tornkit.routing.model import Finding, Report, Severity, Source

NAME = WITHOUT_SURROGATES.replace("\x00", "")

UNQUOTED = NASTY.replace("[", "").replace("|", "")
"""As a pattern it means itself."""

# Since 3.13 no docstring can have half a character in it.
DOCSTRING = NASTY if sys.version_info < (3, 13) else WITHOUT_SURROGATES

SOURCE = f"""
from tornado.web import RequestHandler
class Nasty(RequestHandler):
    def get(self, *args, **kwargs):
        {"says " + DOCSTRING!r}
    def initialize(self, **kwargs): ...
"""


class _Matcher(Matcher):
    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return None


_Matcher.__name__ = _Matcher.__qualname__ = f"M{NAME}"


def nasty_handler(file: str) -> type[RequestHandler]:
    """A handler with a docstring, a name, a method and a file that are all nasty."""
    namespace: dict[str, Any] = {"__name__": f"app{NAME}"}
    exec(compile(SOURCE, file, "exec"), namespace)
    made: type[RequestHandler] = namespace["Nasty"]
    made.__name__ = made.__qualname__ = f"N{NAME}"
    method = f"X{NASTY}"
    made.SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, method)
    setattr(made, method.lower(), made.get)
    return made


@pytest.fixture
def nasty(project: Project) -> Project:
    file = project.folder / FILE_NAME.lstrip("=")
    file.write_bytes(SOURCE.encode("utf-8", "surrogatepass"))
    handler = nasty_handler(str(file))
    project.rules = [
        url(f"/{re.escape(NASTY)}(.*)", handler, {"k": NASTY, NASTY: 1}, f"n{NASTY}"),
        url(f"/-{UNQUOTED}/(a.c)", handler, {}, f"=cmd{NASTY}"),
        url(f"/same{UNQUOTED}", handler),
        url(f"/same{UNQUOTED}", handler),
        url("/x.html\x1b", handler, name=f"-1{NASTY}"),
        ("/r", RedirectHandler, {"url": f"/{NASTY}"}),
        ("/d", RequestHandler, {}, "@SUM(A1)"),
        Rule(_Matcher(), handler, {}, f"@m{NASTY}"),
        Rule(HostMatches(f"-{re.escape(NASTY)}"), [("/h", handler)]),
    ]
    return project


LISTS = ["table", "tree", "json", "md", "csv", "openapi"]
CHECKS = ["table", "json", "github", "sarif"]
QUESTIONS = [
    ["--match", "/r"],
    ["--match", "/r", "--format", "json"],
    ["--match", "/\x1b"],
    ["--match", "/r", "--method", NASTY],
    ["--match", "/r", "--header", NASTY],
    ["--reverse", "@SUM(A1)"],
    ["--reverse", "-1" + NASTY],
    ["--reverse", f"n{NASTY}", "--arg", NASTY],
    ["--reverse", f"n{NASTY}", "--arg", NASTY, "--format", "json"],
    ["--reverse", NASTY],
    ["--grep", NASTY],
    ["--columns", NASTY],
    ["--explain", NASTY],
    ["--check", "--select", NASTY],
    ["--check", "--baseline", ARGUMENT],
    ["--diff", WITHOUT_SURROGATES.replace("\x00", "")],
    ["--fix", "--yes"],
    ["--sort", NASTY],
    [f"--{NASTY}"],
    [NASTY, "--format", "table"],
]
EVERY = [
    *(["--format", name] for name in LISTS),
    *(["--check", "--format", name] for name in CHECKS),
    *QUESTIONS,
]


@pytest.mark.parametrize("arguments", EVERY, ids=range(len(EVERY)))
def test_nothing_of_it_is_obeyed(nasty: Project, arguments: list[str]) -> None:
    done = nasty.run(*arguments)
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert done.stdout or done.stderr
    line_end = "\r" if "csv" in arguments else ""
    assert disobedient(done.stdout, f"\n\t{line_end}") == set()
    assert disobedient(done.stderr) == set()
    if arguments[-1] in ("json", "openapi", "sarif"):
        json.loads(done.stdout)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_nothing_of_any_text_is_obeyed(project: Project, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(6):
        texts = [random_text(chance) for _ in range(6)]
        made = type(texts[0].encode("ascii", "ignore").decode().replace("\0", ""), (Entry,), {})
        project.rules = [
            url(f"/{re.escape(texts[1])}", made, {texts[2]: texts[3]}, name=texts[4]),
            url(f"/{re.escape(texts[1])}", made, {}, name=texts[4]),
            ("/r", RedirectHandler, {"url": f"/{texts[5]}"}),
        ]
        for arguments in (*EVERY[:10], ["--reverse", texts[4]], ["--match", f"/{texts[1]}"]):
            done = project.run(*arguments)
            assert isinstance(done.exception, SystemExit | None), (arguments, texts)
            assert disobedient(done.stdout, "\n\r" if "csv" in arguments else "\n") == set()
            assert disobedient(done.stderr) == set()
            if arguments[-1] in ("json", "openapi", "sarif"):
                json.loads(done.stdout)


def test_json_is_exact(nasty: Project) -> None:
    routes = json.loads(nasty.run("--format", "json").stdout)["routes"]
    # A pair of surrogates, high and low, is one character to JSON.
    assert routes[0]["name"] == f"n{NASTY}"
    assert routes[4]["path"] == "/x.html\x1b"


def test_no_cell_is_a_formula(nasty: Project) -> None:
    text = nasty.run("--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[1]["name"].startswith("'=cmd=x\\x1b]0;")
    assert rows[6]["name"] == "'@SUM(A1)"
    assert rows[8]["host"].startswith("'-")
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_github_gets_one_command_a_finding(nasty: Project) -> None:
    done = nasty.run("--check", "--format", "github")
    lines = done.stdout.splitlines()
    assert all(re.match("::(error|warning|notice) ", line) for line in lines)
    assert len(lines) == len(
        json.loads(nasty.run("--check", "--format", "json").stdout)["findings"]
    )


def test_a_baseline_is_read_again(nasty: Project) -> None:
    assert nasty.run("--write-baseline", "known.json").exit_code == 0
    assert disobedient((nasty.folder / "known.json").read_text("utf-8"), "\n") == set()
    assert nasty.run("--check", "--baseline", "known.json").exit_code == 0


def test_tables_beside_each_other(nasty: Project) -> None:
    (nasty.folder / "old.json").write_text(nasty.run("--format", "json").stdout)
    first = nasty.rules.pop(0)
    nasty.rules.append(("/new\x1b", RequestHandler, {}, f"new{NASTY}"))
    nasty.rules.append(first)
    for name in ("table", "md", "json"):
        done = nasty.run("--diff", "old.json", "--format", name)
        assert done.exit_code == 1
        assert disobedient(done.stdout) == set()


def test_the_mends_that_are_shown(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = (f"rules = [\n\t'/{dot}'  # é\x9b2J\u202e\f\n]\n" for dot in (".", "\\."))
    file = project.folder / "app\x1b\u202e.py"
    file.write_text(before)
    mend = Mend(str(file), before.encode(), after.encode(), 1, ())
    left = Unfixed(Finding("TK501", Severity.WARNING, "", 1, where=Source(str(file), 1)), NASTY)
    monkeypatch.setattr(mending, "plan", lambda report: FixPlan((mend,), (left,)))
    mending.run(Report("app", "6", (), ()), yes=True)
    shown = capsys.readouterr()
    assert disobedient(shown.out + shown.err) == set()
    assert "+\t'/\\.'  # é\\x9b2J\\u202e\\x0c\n" in shown.out
    assert "+++ b/app\\x1b\\u202e.py\n" in shown.out
    assert "TK501 route 1 (app\\x1b\\u202e.py:1) is left: =x\\x1b" in shown.err
    assert file.read_text() == after, "what is written is exact"


# ---- the real command ----


ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.thorough
@pytest.mark.parametrize("environment", [{}, ASCII], ids=["utf-8", "ascii"])
def test_in_a_terminal(tmp_path: Path, environment: dict[str, Any]) -> None:
    file = os.fsencode(FILE_NAME) + b"\xff.py"
    source = (
        "from tornado.web import Application, RequestHandler\n"
        "class Home(RequestHandler):\n    def get(self): ...\n"
        f"def make_app():\n    return Application([('/é\\x1b', Home, {{}}, {NASTY!a})])\n"
    )
    (tmp_path / os.fsdecode(file)).write_bytes(source.encode())
    code, seen = run_in_terminal(
        tmp_path, f"{os.fsdecode(file)}:make_app", "--check", **environment
    )
    assert code == 1
    seen = seen.replace("\r\x1b[K", "")  # the line that says what a long check is at
    assert disobedient(seen) == set()
    assert "\x1b[" in seen, "in colour"
    assert r"\x1b]0;title" in seen
