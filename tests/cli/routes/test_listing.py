"""``tornkit routes`` itself: what goes in, which format comes out, and where."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from tornado.web import Application, RequestHandler

import tornkit.appload.inspection
import tornkit.appload.load
import tornkit.cli.target
from tests.cli.routes.checked import Entry, Home, Project
from tornkit.appload import Target
from tornkit.appload.target import Kind
from tornkit.cli import tornkit as group
from tornkit.routing.render.rows import COLUMNS

ROOT = Path(tornkit.appload.__file__).parents[2]

APP = """
from tornado.web import Application, RequestHandler

print("noise while it is imported")

class Home(RequestHandler):
    def get(self): ...

class Entry(RequestHandler):
    def get(self, slug): ...

def make_app():
    print("noise while it is made")
    return Application([
        (r"/", Home, {}, "home"),
        (r"/entry/(?P<slug>[a-z0-9-]+)", Entry, {}, "entry"),
    ])
"""

PROGRAM = """
import sys
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

class Home(RequestHandler):
    def get(self): ...

Application([("/first", Home)]).listen(8888)
HTTPServer(Application([(f"/{word}", Home) for word in sys.argv[1:]])).listen(8889)
IOLoop.current().start()
"""

BROKEN = """
from tornado.web import Application, RequestHandler
app = Application([(r"/(?P<a>x)/(y)", RequestHandler)])
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tornkit", "routes", *arguments],
        cwd=folder,
        env=_environment(environment),
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


def _environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TORNKIT_")}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        kept.pop(name, None)
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **extra}


def run_in_terminal(folder: Path, columns: int, *arguments: str, **environment: str) -> str:
    """What a person sees: a pseudo-terminal of that width is all three standard streams."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "tornkit", "routes", "app.py:make_app", *arguments],
        cwd=folder,
        env=_environment(environment),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:  # Linux's way to say that the other side is closed
        pass
    finally:
        os.close(ours)
        assert child.wait(timeout=30) == 0
    return seen.decode().replace("\r\n", "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


class TestCommand:
    """In a process of its own."""

    def test_a_pipe_gets_plain_lines(self, folder: Path) -> None:
        done = run(folder, "app.py:make_app")
        assert done.returncode == 0
        lines = [re.split(" {2,}", line) for line in done.stdout.splitlines()]
        assert lines[:3] == [
            [
                "#",
                "pattern",
                "methods",
                "name",
                "handler",
                "arguments",
                "defined at",
                "reverse_url",
            ],
            ["0", "/", "GET", "home", "Home", "-", "app.py:6", "/"],
            [
                *("1", "/entry/(?P<slug>[a-z0-9-]+)", "GET", "entry", "Entry", "slug"),
                *("app.py:9", "/entry/a"),
            ],
        ]
        assert "\x1b" not in done.stdout

    def test_standard_output_has_the_result_alone(self, folder: Path) -> None:
        done = run(folder, "app.py:make_app", "--format", "json")
        routes = json.loads(done.stdout)["routes"]
        assert [route["path"] for route in routes] == ["/", "/entry/(?P<slug>[a-z0-9-]+)"]
        assert [route["declared"]["line"] for route in routes] == [15, 16]
        assert "noise while it is imported" in done.stderr
        assert "noise while it is made" in done.stderr

    def test_a_program_and_its_arguments(self, folder: Path) -> None:
        (folder / "serve.py").write_text(PROGRAM)
        for words in (("serve.py", "--", "a", "b"), ("-m", "serve", "--", "a", "b")):
            done = run(folder, "--format", "json", *words)
            assert done.returncode == 0, done.stderr
            routes = json.loads(done.stdout)["routes"]
            assert [(r["application"], r["path"]) for r in routes] == [
                (0, "/first"),
                (1, "/a"),
                (1, "/b"),
            ]
            assert routes[0]["source"] == {"file": "serve.py", "line": 7}

    def test_a_package_that_is_a_program_runs_once(self, folder: Path) -> None:
        (folder / "board").mkdir()
        (folder / "board" / "__init__.py").write_text("")
        (folder / "board" / "__main__.py").write_text(f"print('it runs')\n{PROGRAM}")
        done = run(folder, "-m", "board", "--format", "csv")
        assert done.returncode == 0, done.stderr
        assert [row["pattern"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["/first"]
        assert done.stderr.count("it runs") == 1

    def test_an_application_that_tornado_refuses(self, folder: Path) -> None:
        """Named and unnamed groups together: an AssertionError when the route is made."""
        (folder / "broken.py").write_text(BROKEN)
        done = run(folder, "broken.py")
        assert done.returncode == 1
        assert done.stdout == ""
        assert "groups in url regexes must either be all named or all positional" in done.stderr

    def test_letters_that_the_encoding_lacks(self, folder: Path) -> None:
        text = "from tornado.web import *\napp = Application([('/caf\u00e9', RequestHandler)])\n"
        (folder / "cafe.py").write_text(text, encoding="utf-8")
        for format_ in ("table", "tree", "md", "csv", "json"):
            done = run(folder, "cafe.py", "--format", format_, PYTHONIOENCODING="ascii")
            assert done.returncode == 0, done.stderr
            assert "/caf\\" in done.stdout

    def test_a_plain_list_loads_nothing_of_the_analysis(self, folder: Path) -> None:
        code = (
            "import sys; from tornkit.__main__ import main; sys.argv = sys.argv[1:]\n"
            "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "tornkit", "routes", "app.py:make_app"],
            cwd=folder,
            env=_environment({}),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        loaded = done.stderr.split()
        families = {name for name in loaded if name.startswith("tornkit.routing.checks.")}
        assert families == {"tornkit.routing.checks.names", "tornkit.routing.checks.reversal"}
        analysis = ("automata", "references", "openapi", "explanations", "declared")
        unwanted = (
            *("rich", "watchfiles", "tornkit.serve", "tornkit.engine"),
            *(f"tornkit.routing.{package}" for package in analysis),
        )
        assert [name for name in loaded if name.startswith(unwanted)] == []

    def test_the_sample_project_is_well(self) -> None:
        done = run(ROOT, "sample_project", "--format", "json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["summary"]["not_reversed"] == document["summary"]["undecided"] == 0
        assert all(route["reverse"] for route in document["routes"] if route["name"])
        assert {route["default_host"] for route in document["routes"]} == {False, True}


class TestTerminal:
    def test_a_wide_one_has_one_line_a_route(self, folder: Path) -> None:
        seen = run_in_terminal(folder, 120, NO_COLOR="1").splitlines()
        assert any("/entry/(?P<slug>[a-z0-9-]+)" in line and "/entry/a" in line for line in seen)

    def test_a_narrow_one_has_several(self, folder: Path) -> None:
        seen = run_in_terminal(folder, 50, NO_COLOR="1")
        assert "\x1b[3" not in seen
        plain = re.sub(r"\x1b\[\d*m", "", seen)  # bold and dim are no colours
        assert "name entry → /entry/a" in plain
        assert max(len(line) for line in plain.splitlines()) <= 50

    def test_a_tree_fits_a_narrow_one(self, folder: Path) -> None:
        plain = run_in_terminal(folder, 40, "--format", "tree", NO_COLOR="1")
        plain = re.sub(r"\x1b\[\d*m", "", plain)
        assert "├── /\n│       #0 · GET · home · Home ·\n" in plain
        assert max(len(line) for line in plain.splitlines()) <= 40

    def test_colour(self, folder: Path) -> None:
        assert "\x1b[36mGET" in run_in_terminal(folder, 120)
        assert "\x1b[36mGET" in run_in_terminal(folder, 120, "--format", "tree")

    def test_no_colour_in_what_is_meant_for_others(self, folder: Path) -> None:
        for format_ in ("json", "csv", "md"):
            assert "\x1b" not in run_in_terminal(folder, 120, "--format", format_)


class TestTarget:
    @pytest.fixture
    def located(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Any, ...]]:
        """What was asked of `tornkit.appload`."""
        found: list[tuple[Any, ...]] = []

        def locate(app: str | None, module: str | None = None, arguments: Any = ()) -> Target:
            found.append((app, module, tuple(arguments)))
            return Target(Kind.APPLICATION, "app.py", "/", "/")

        def load(target: Target) -> tornkit.appload.load.LoadedApp:
            application = Application([("/", Home)])
            return tornkit.appload.load.LoadedApp(target, (application,), target.label)

        monkeypatch.setattr(tornkit.cli.target, "locate", locate)
        monkeypatch.setattr(tornkit.appload.inspection, "load_for_inspection", load)
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("TORNKIT_APP", raising=False)
        return found

    @pytest.mark.parametrize(
        ("words", "asked"),
        [
            ("", (None, None, ())),
            ("app.py", ("app.py", None, ())),
            ("app.py -- --port=1 x", ("app.py", None, ("--port=1", "x"))),
            ("-m package.module", (None, "package.module", ())),
            ("-m module -- a --b", (None, "module", ("a", "--b"))),
        ],
    )
    def test_what_is_asked_of_appload(
        self, located: list[tuple[Any, ...]], words: str, asked: tuple[Any, ...]
    ) -> None:
        assert CliRunner().invoke(group, ["routes", *words.split()]).exit_code == 0
        assert located == [asked]

    def test_environment(self, located: list[tuple[Any, ...]]) -> None:
        env = {"TORNKIT_APP": "usual.py", "TORNKIT_ROUTES_FORMAT": "json"}
        for words in ((), ("other.py",), ("-m", "module")):
            done = CliRunner().invoke(group, ["routes", *words], env=env)
            assert json.loads(done.stdout)["app"] == "app.py"
        assert located == [
            ("usual.py", None, ()),
            ("other.py", None, ()),
            (None, "module", ()),
        ]

    def test_help_loads_nothing(self, located: list[tuple[Any, ...]]) -> None:
        done = CliRunner().invoke(group, ["routes", "--help"])
        assert "tornkit routes --format json | jq" in done.stdout
        assert "TORNKIT_ROUTES_FORMAT" in done.stdout
        assert located == []


def indices(project: Project, *arguments: str) -> list[int]:
    """Of the routes that are listed."""
    done = project.run("--format", "csv", "--columns", "index", *arguments)
    return [int(row["index"]) for row in csv.DictReader(io.StringIO(done.stdout))]


class TestSelection:
    @pytest.fixture(autouse=True)
    def rules(self, project: Project) -> None:
        class Save(RequestHandler):
            def put(self, *args: str) -> None: ...

        project.rules = [("/z", Home, {}, "home"), (r"/a/(\d+)", Entry), ("/m", Save, {}, "save")]

    def test_each_option_filters(self, project: Project) -> None:
        # No part of a path: the handlers' file is shown with all of its own.
        assert indices(project, "--grep", "/A/(") == [1]
        assert indices(project, "--name", "o") == [0]
        assert indices(project, "--method", "put") == [2]
        assert indices(project, "--handler", "entry") == [1]
        assert indices(project, "--origin", "app") == [0, 1, 2]
        assert indices(project, "--host", "x") == []

    def test_all_of_them_have_to_hold(self, project: Project) -> None:
        assert indices(project, "--grep", "/", "--method", "get") == [0, 1]
        assert indices(project, "--grep", "/", "--method", "get", "--name", "save") == []

    def test_sorted(self, project: Project) -> None:
        assert indices(project, "--sort", "path") == [1, 2, 0]
        assert indices(project, "--sort", "name") == [0, 2, 1]
        shown = project.run("--sort", "path").stdout
        assert "3 routes, by path; # is the order in which Tornado tries them." in shown
        assert "by match" not in project.run("--sort", "match").stdout

    def test_nothing_left_is_said_and_fails(self, project: Project) -> None:
        for format_ in ("table", "tree", "md"):
            done = project.run("--grep", "zzz", "--format", format_)
            assert (done.exit_code, done.stdout) == (1, "")
            assert done.stderr.splitlines()[-1] == "no route contains 'zzz'"
        done = project.run("--grep", "q", "--method", "put", "--host", "a b")
        assert done.stderr.splitlines()[-1] == (
            "no route contains 'q' and has --host 'a b' --method put"
        )
        assert project.run("--name", "q").stderr.splitlines()[-1] == "no route has --name q"

    def test_a_program_gets_a_document_all_the_same(self, project: Project) -> None:
        done = project.run("--grep", "zzz", "--format", "json")
        assert done.exit_code == 1
        assert json.loads(done.stdout)["routes"] == []
        done = project.run("--grep", "zzz", "--format", "csv")
        assert (done.exit_code, done.stdout.count("\n")) == (1, 1)

    @pytest.mark.parametrize("url", ["/x y", "http://a.com/q", "https://a.com"])
    def test_what_looks_like_a_url_is_told_of_match(self, project: Project, url: str) -> None:
        said = project.run("--grep", url).stderr.splitlines()[-1]
        quoted = f"'{url}'" if " " in url else url
        assert said.endswith(f"; to see who answers it: tornkit routes --match {quoted}")

    def test_no_routes_at_all(self, project: Project) -> None:
        project.rules.clear()
        done = project.run()
        assert (done.exit_code, done.stdout) == (0, "0 routes.\n")


class TestColumns:
    def test_as_given_in_one_word_or_several(self, project: Project) -> None:
        for words in (("name,INDEX", "auth"), ("name", "index,auth"), (" name , index,auth,",)):
            arguments = [word for each in words for word in ("--columns", each)]
            lines = project.run(*arguments).stdout.splitlines()
            assert lines[:2] == ["name  #  auth", "home  0  -"]

    def test_twice_is_once(self, project: Project) -> None:
        assert project.run("--columns", "name,name").stdout.splitlines()[0] == "name"

    @pytest.mark.parametrize(
        "words", ["#,Defined at,name", "index,defined_at,NAME", " index , defined-at,name,source"]
    )
    def test_as_they_are_printed(self, project: Project, words: str) -> None:
        heading = project.run("--columns", words).stdout.splitlines()[0]
        assert re.split(" {2,}", heading) == ["#", "defined at", "name"]

    def test_every_heading_is_a_name(self, project: Project) -> None:
        keys, headings = ",".join(COLUMNS), ",".join(each.heading for each in COLUMNS.values())
        shown = project.run("--columns", headings)
        assert shown.exit_code == 0
        assert shown.stdout == project.run("--columns", keys).stdout

    def test_in_the_other_formats(self, project: Project) -> None:
        columns = ("--columns", "name,index")
        assert project.run("--format", "csv", *columns).stdout.startswith("name,index\n")
        assert project.run("--format", "md", *columns).stdout.startswith("| name | # |\n")
        assert "├── /       home  #0\n" in project.run("--format", "tree", *columns).stdout

    def test_the_line_of_the_rule_is_looked_for_when_asked(self, folder: Path) -> None:
        done = run(folder, "app.py:make_app", "--columns", "declared")
        assert done.stdout.splitlines()[:3] == ["declared at", "app.py:15", "app.py:16"]

    def test_one_that_does_not_exist(self, project: Project) -> None:
        done = project.run("--columns", "index,hosts")
        assert done.exit_code == 2
        assert done.stderr.startswith(
            "error: no column 'hosts'; there are index, marks, app, host,"
        )
        assert project.loaded == 0

    def test_none(self, project: Project) -> None:
        done = project.run("--columns", ",")
        assert done.exit_code == 2
        assert "--columns names no column" in done.stderr

    @pytest.mark.parametrize(
        ("incomplete", "completions"),
        [
            ("na", ["name"]),
            ("index,na", ["index,name"]),
            ("ho", ["host", "host_kind"]),
            ("host,ho", ["host,host_kind"]),
            ("zzz", []),
        ],
    )
    def test_the_shell_completes_the_last(self, incomplete: str, completions: list[str]) -> None:
        shell = ShellComplete(group, {}, "tornkit", "_TORNKIT_COMPLETE")
        found = shell.get_completions(["routes", "--columns"], incomplete)
        assert [each.value for each in found] == completions


def test_noise_goes_to_standard_error(project: Project) -> None:
    done = project.run()
    assert "noise" in done.stderr
    assert "noise" not in done.stdout


def test_only_a_check_makes_findings_fail(project: Project) -> None:
    project.break_a_name()
    done = project.run()
    assert done.exit_code == 0
    assert "TK302 route 2 opt" in done.stdout
