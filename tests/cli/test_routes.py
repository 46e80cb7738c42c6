from __future__ import annotations

import fcntl
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
from click.testing import CliRunner, Result
from tornado.web import Application, RequestHandler

import tornkit.appload.load
import tornkit.cli.target
from tornkit.appload import Target
from tornkit.appload.target import Kind
from tornkit.cli import tornkit as group

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


class Home(RequestHandler):
    def get(self) -> None: ...


class Calls:
    """Stands in for `tornkit.appload`, and remembers what was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.located: list[tuple[Any, ...]] = []
        self.rules: list[Any] = [("/", Home, {}, "home"), ("/x", Home)]
        monkeypatch.setattr(tornkit.cli.target, "locate", self.locate)
        monkeypatch.setattr(tornkit.appload.load, "load_for_inspection", self.load)

    def locate(self, app: str | None, module: str | None = None, arguments: Any = ()) -> Target:
        self.located.append((app, module, tuple(arguments)))
        return Target(Kind.APPLICATION, "app.py", "/", "/")

    def load(self, target: Target) -> tornkit.appload.load.LoadedApp:
        print("noise from the application")
        return tornkit.appload.load.LoadedApp(target, (Application(self.rules),), target.label)

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(group, ["routes", *arguments], env=env)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Calls:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TORNKIT_APP", raising=False)
    return Calls(monkeypatch)


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
    root = str(Path(tornkit.appload.__file__).parents[2])
    return {**kept, "PYTHONPATH": root, "TERM": "xterm", **extra}


def run_in_terminal(folder: Path, columns: int, **environment: str) -> str:
    """What a person sees: a pseudo-terminal of that width is all three standard streams."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "tornkit", "routes", "app.py:make_app"],
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
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def test_a_pipe_gets_plain_lines(project: Path) -> None:
    done = run(project, "app.py:make_app")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "#", "pattern", "methods", "name", "handler", "defined", "at", "reverse_url",
    ]  # fmt: skip
    assert lines[1].split() == ["0", "/", "GET", "home", "Home", "app.py:6", "/"]
    assert lines[2].split() == [
        "1", "/entry/(?P<slug>[a-z0-9-]+)", "GET", "entry", "Entry", "app.py:9", "/entry/a",
    ]  # fmt: skip
    assert "\x1b" not in done.stdout


def test_standard_output_has_the_result_alone(project: Path) -> None:
    done = run(project, "app.py:make_app", "--format", "json")
    assert [route["path"] for route in json.loads(done.stdout)["routes"]] == [
        "/",
        "/entry/(?P<slug>[a-z0-9-]+)",
    ]
    assert "noise while it is imported" in done.stderr
    assert "noise while it is made" in done.stderr


def test_a_wide_terminal_has_one_line_a_route(project: Path) -> None:
    seen = run_in_terminal(project, 120, NO_COLOR="1").splitlines()
    assert any("/entry/(?P<slug>[a-z0-9-]+)" in line and "/entry/a" in line for line in seen)


def test_a_narrow_terminal_has_several(project: Path) -> None:
    seen = run_in_terminal(project, 50, NO_COLOR="1")
    assert "\x1b[3" not in seen
    assert "name entry → /entry/a" in seen
    plain = re.sub(r"\x1b\[\d*m", "", seen)  # bold and dim are no colours
    assert max(len(line) for line in plain.splitlines()) <= 50


def test_colour_on_a_terminal(project: Path) -> None:
    assert "\x1b[36mGET" in run_in_terminal(project, 120)


def test_a_program_and_its_arguments(project: Path) -> None:
    (project / "serve.py").write_text(PROGRAM)
    for words in (("serve.py", "--", "a", "b"), ("-m", "serve", "--", "a", "b")):
        done = run(project, "--format", "json", *words)
        assert done.returncode == 0, done.stderr
        routes = json.loads(done.stdout)["routes"]
        assert [(r["application"], r["path"]) for r in routes] == [
            (0, "/first"),
            (1, "/a"),
            (1, "/b"),
        ]
        assert routes[0]["source"] == {"file": "serve.py", "line": 7}


def test_an_application_that_tornado_refuses(project: Path) -> None:
    """Named and unnamed groups together: an AssertionError when the route is made."""
    (project / "broken.py").write_text(BROKEN)
    done = run(project, "broken.py")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "groups in url regexes must either be all named or all positional" in done.stderr


def test_the_sample_project_is_clean() -> None:
    root = Path(tornkit.appload.__file__).parents[2]
    done = run(root, "sample_project", "--format", "json", "--check")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["summary"]["not_reversed"] == document["summary"]["undecided"] == 0
    assert all(route["reverse"] for route in document["routes"] if route["name"])
    assert "default_host" in document["routes"][0]


def test_what_is_asked_of_appload(calls: Calls) -> None:
    calls.run()
    calls.run("app.py")
    calls.run("app.py", "--", "--port=1", "x")
    calls.run("-m", "package.module")
    calls.run("-m", "module", "--", "a", "--b")
    assert calls.located == [
        (None, None, ()),
        ("app.py", None, ()),
        ("app.py", None, ("--port=1", "x")),
        (None, "package.module", ()),
        (None, "module", ("a", "--b")),
    ]


def test_environment(calls: Calls) -> None:
    env = {"TORNKIT_APP": "usual.py", "TORNKIT_ROUTES_FORMAT": "json"}
    assert json.loads(calls.run(env=env).stdout)["app"] == "app.py"
    calls.run("other.py", env=env)
    calls.run("-m", "module", env=env)
    assert calls.located == [
        ("usual.py", None, ()),
        ("other.py", None, ()),
        (None, "module", ()),
    ]


def test_noise_goes_to_standard_error(calls: Calls) -> None:
    done = calls.run()
    assert "noise" in done.stderr
    assert "noise" not in done.stdout


def test_grep(calls: Calls) -> None:
    done = calls.run("--grep", "/X")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()[:2]] == ["#", "1"]
    nothing = calls.run("--grep", "zzz")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert nothing.stderr.splitlines()[-1] == "no route contains 'zzz'"
    as_json = calls.run("--grep", "zzz", "--format", "json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["routes"] == []


def test_check(calls: Calls) -> None:
    assert calls.run("--check").exit_code == 0
    calls.rules.append(("/opt/?", Home, {}, "opt"))
    assert calls.run().exit_code == 0
    done = calls.run("--check")
    assert done.exit_code == 1
    assert "TK302 route 2 opt" in done.stdout
    # What --grep hides still counts.
    assert calls.run("--check", "--grep", "home").exit_code == 1


def test_a_warning_does_not_fail_the_check(calls: Calls) -> None:
    calls.rules.append(("/again", Home, {}, "home"))
    done = calls.run("--check")
    assert done.exit_code == 0
    assert "TK101 route 0 home" in done.stdout


def test_no_routes(calls: Calls) -> None:
    calls.rules.clear()
    done = calls.run()
    assert (done.exit_code, done.stdout) == (0, "0 routes.\n")


def test_help_has_examples(calls: Calls) -> None:
    done = calls.run("--help")
    assert "tornkit routes --format json | jq" in done.stdout
    assert "TORNKIT_ROUTES_FORMAT" in done.stdout
    assert calls.located == []


def test_an_unknown_format(calls: Calls) -> None:
    assert calls.run("--format", "xml").exit_code == 2
