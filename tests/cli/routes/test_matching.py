"""``--match`` and ``--reverse``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application, FallbackHandler, HTTPError, RequestHandler

import tornkit.appload.inspection
import tornkit.appload.load
from tests.cli.routes.checked import Entry, Project
from tests.cli.routes.terminal import run, run_in_terminal, without_colours
from tornkit.appload import Target

APP = """
from tornado.web import Application, FallbackHandler, HTTPError, RequestHandler

print("noise while it is imported")

class Home(RequestHandler):
    def get(self): ...

class Entry(RequestHandler):
    def get(self, slug): ...

class Loud(Application):
    def reverse_url(self, name, *args):
        print("noise while it is reversed")
        return super().reverse_url(name, *args)

app = Loud([
    (r"/", Home, {}, "home"),
    (r"/entry/(?P<slug>[a-z0-9-]+)", Entry, {}, "entry"),
])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def test_who_answers_goes_to_standard_output_and_noise_does_not(folder: Path) -> None:
    done = run(folder, "app.py", "--match", "/entry/a-b")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "GET /entry/a-b -> Entry.get(slug='a-b')"
    assert "app.py:9" in done.stdout
    assert "\x1b" not in done.stdout
    assert "noise while it is imported" in done.stderr


def test_a_url_alone_is_what_a_script_gets(folder: Path) -> None:
    done = run(folder, "app.py", "--reverse", "entry", "--arg", "x")
    assert (done.returncode, done.stdout) == (0, "/entry/x\n")
    assert "noise while it is reversed" in done.stderr
    assert done.stderr.endswith("/entry/x leads back to route 1, Entry, with the argument 'x'\n")


def test_colours_on_a_terminal_and_none_with_no_color(folder: Path) -> None:
    words = ("app.py", "--match", "/entry/x")
    code, seen = run_in_terminal(folder, *words)
    assert code == 0
    assert "\x1b[1;32mEntry.get" in seen
    assert "GET /entry/x -> Entry.get(slug='x')" in without_colours(seen)
    _, plain = run_in_terminal(folder, *words, NO_COLOR="1")
    assert "\x1b[1;32m" not in plain
    code, seen = run_in_terminal(folder, "app.py", "--reverse", "entry")
    assert code == 1
    assert "\x1b[31mroute 1, Entry, can't be reversed" in seen


def test_a_narrow_terminal_is_kept_to(folder: Path) -> None:
    _, seen = run_in_terminal(folder, "app.py", "--match", "/entry/A_B", columns=40)
    assert "1  /entry/(?P<slug>[a-z0-9-]+)  Entry" in without_colours(seen)
    shown = without_colours(seen).splitlines()[1:]  # the application's own noise comes first
    assert max(len(line) for line in shown) <= 40


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["/"], 0),
        (["/7"], 0),
        (["http://localhost:8888/7?x"], 0),
        (["/nothing"], 1),
        (["/", "--method", "POST"], 1),
        (["/", "--method", "get"], 0),
    ],
)
def test_the_exit_code_says_whether_something_answers(
    project: Project, words: list[str], code: int
) -> None:
    done = project.run("--match", *words)
    assert done.exit_code == code, done.output
    assert project.run("--match", *words, "--format", "json").exit_code == code


def test_a_default_handler_of_ones_own_is_an_answer(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NotFound(RequestHandler):
        def prepare(self) -> None: ...

    applications(monkeypatch, Application(default_handler_class=NotFound))
    assert project.run("--match", "/nothing").exit_code == 0


@pytest.mark.parametrize(("url", "code"), [("/here", 0), ("/nothing", 1)])
def test_an_application_behind_a_fallback_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch, url: str, code: int
) -> None:
    inner = Application([("/(here)", Entry)])
    outer = Application([("/.*", FallbackHandler, {"fallback": inner})])
    applications(monkeypatch, Application([("/.*", FallbackHandler, {"fallback": outer})]))
    done = project.run("--match", url)
    assert done.exit_code == code
    said = "404, FallbackHandler calls another application: FallbackHandler calls another"
    assert (said in done.stdout) == bool(code)


def test_a_fallback_that_leads_into_itself(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = Application()
    application.add_handlers(".*", [("/.*", FallbackHandler, {"fallback": application})])
    applications(monkeypatch, application)
    assert project.run("--match", "/").exit_code == 0


def test_a_default_handler_that_answers_404_is_no_answer(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NotFound(RequestHandler):
        def prepare(self) -> None:
            raise HTTPError(404)

    applications(monkeypatch, Application(default_handler_class=NotFound))
    done = project.run("--match", "/nothing")
    assert done.exit_code == 1
    assert done.stdout.startswith(
        "GET /nothing -> 404, no route takes it; by default NotFound.prepare always answers so\n"
    )


def applications(monkeypatch: pytest.MonkeyPatch, *found: Application) -> None:
    def load(target: Target) -> tornkit.appload.load.LoadedApp:
        return tornkit.appload.load.LoadedApp(target, found, target.label)

    monkeypatch.setattr(tornkit.appload.inspection, "load_for_inspection", load)


def test_several_applications_are_each_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    applications(monkeypatch, Application([("/a", Entry)]), Application(project.rules))
    assert project.run("--match", "/7").exit_code == 0
    assert "Application 1:\nGET /7 -> Entry.get('7')" in project.run("--match", "/7").stdout
    assert project.run("--match", "/nothing").exit_code == 1
    found = json.loads(project.run("--match", "/7", "--format", "json").stdout)
    assert [each["answer"]["route"] for each in found["applications"]] == [None, 2]


def test_headers_are_part_of_the_request(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    application = Application([], default_host="a.com")
    application.add_handlers(r"a\.com", project.rules)
    applications(monkeypatch, application)
    assert project.run("--match", "/7").exit_code == 0
    proxied = project.run("--match", "/7", "--header", "X-Real-Ip: 10.0.0.1")
    assert proxied.exit_code == 1
    assert "the header X-Real-Ip switches default_host off" in proxied.stdout
    both = ("--header", "X-Real-Ip: 10.0.0.1", "--header", "Host: A.com:80")
    assert project.run("--match", "/7", *both).exit_code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["posts/7"], "write /posts/7 or http://posts/7"),
        ([""], "the URL is empty"),
        (["/", "--method", "G T"], "'G T' is no HTTP method"),
        (["/", "--header", "foo"], "'foo' is not of the form 'Name: value'"),
        (["/", "--header", "a: b\nc: d"], "the value of the header a"),
        (["/", "--header", "Host: a b"], "Host: 'a b'"),
        (["/", "--arg", "x"], "--arg goes with --reverse"),
        (["/", "--format", "csv"], "--match has table and json"),
    ],
)
def test_what_is_no_request_is_one_line(project: Project, words: list[str], says: str) -> None:
    done = project.run("--match", *words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.strip().count("\n") <= 1  # and the application's own noise
    assert "Traceback" not in done.stderr


def test_reversals_json(project: Project) -> None:
    done = project.run("--reverse", "home", "--format", "json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["url"]) == (0, "/")
    assert found["answers"][0]["leads_back"] is True


@pytest.mark.parametrize("format_", ["table", "json"])
@pytest.mark.parametrize(
    ("words", "url"), [(["hom"], None), (["home", "--arg", "x"], None), (["opt"], "/opt/?")]
)
def test_a_name_that_does_not_lead_back_is_a_failure(
    project: Project, words: list[str], url: str | None, format_: str
) -> None:
    project.break_a_name()
    done = project.run("--reverse", *words, "--format", format_)
    assert done.exit_code == 1
    shown: Any = done.stdout.strip() or None
    assert (json.loads(shown)["url"] if format_ == "json" else shown) == url


def test_a_misspelt_name(project: Project) -> None:
    done = project.run("--reverse", "hom")
    assert done.stderr.endswith("no route is named 'hom'. Did you mean home?\n")


def test_a_url_of_letters_that_an_encoding_lacks(folder: Path) -> None:
    done = run(folder, "app.py", "--match", "/é中")
    assert done.returncode == 1
    assert done.stdout.startswith("GET /%C3%A9%E4%B8%AD -> 404")
