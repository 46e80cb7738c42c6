"""``--diff`` with real repositories, in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.cli.routes.repository import ARTICLE, POST, Repository

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git"),
    pytest.mark.thorough,
]

ADDED = "+ GET DELETE  /posts/(\\d+)  post  Post  app.py:14"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repo")


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an expected failure."""
    assert (done.returncode, done.stdout) == (2, ""), done
    (line,) = done.stderr.splitlines()
    return line.removeprefix("error: ")


# ---- a revision ----


def test_what_was_not_committed_yet(repository: Repository) -> None:
    repository.app()
    commit = repository.commit()
    repository.app(POST)
    done = repository.routes("--diff", "HEAD")
    assert done.stdout.splitlines() == [ADDED, "", f"Against HEAD ({commit[:7]}): 1 route added."]
    assert (done.returncode, done.stderr) == (1, "")


def test_no_difference(repository: Repository) -> None:
    repository.app(POST)
    repository.commit()
    # Lines are no difference.
    repository.app(POST, above="X = 1\n\n\n")
    done = repository.routes("--diff", "main")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No difference from main (")


def test_nothing_is_left_behind(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.app()
    repository.commit()
    repository.app(POST)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    before = repository.state()
    assert repository.routes("--diff", "HEAD").returncode == 1
    assert repository.state() == before
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.thorough
def test_tags_and_hashes(repository: Repository) -> None:
    repository.app()
    first = repository.commit()
    repository.git("tag", "--annotate", "--message=one", "v1")
    repository.app(POST)
    repository.commit()
    for name in ("v1", "HEAD~1", first[:8]):
        done = repository.routes("--diff", name)
        assert done.stdout.splitlines()[-1] == f"Against {name} ({first[:7]}): 1 route added."


def test_new_findings_of_all_checks_and_none_that_a_comment_silences(
    repository: Repository,
) -> None:
    repository.app(POST)
    repository.commit()
    more = r"""
        (r"/posts/7", Home),
        (r"/posts/8", Home),  # tornkit: ignore[TK201]"""
    repository.app(POST + more)
    done = repository.routes("--diff", "HEAD", "--format", "json")
    findings = json.loads(done.stdout)["findings"]
    assert [each["code"] for each in findings["new"]] == ["TK201"]
    assert findings["gone"] == []


def test_json_and_markdown(repository: Repository) -> None:
    repository.app(POST)
    commit = repository.commit()
    repository.app(ARTICLE)
    made = json.loads(repository.routes("--diff", "HEAD", "--format", "json").stdout)
    assert made["base"]["revision"] == commit
    (changed,) = made["changed"]
    assert changed["fields"] == {"path": {"old": r"/posts/(\d+)", "new": r"/articles/(\d+)"}}
    assert changed["old"]["source"] == changed["new"]["source"] == {"file": "app.py", "line": 6}
    said = repository.routes("--diff", "HEAD", "--format", "md").stdout
    assert "| changed | GET DELETE | `/articles/(\\d+)` | `post` | `Post` |" in said


@pytest.mark.thorough
def test_a_folder_below_and_an_app_that_is_named(repository: Repository) -> None:
    repository.app(name="web/app.py")
    repository.write("web/__init__.py", "")
    repository.commit()
    repository.app(POST, name="web/app.py")
    inside = repository.folder / "web"
    for folder, words in (
        (".", ("web.app:make_app",)),
        (".", ("web",)),
        (".", (str(inside / "app.py"),)),
        ("web", ("app.py:make_app",)),
        ("web", ()),
        ("..", ("repo/web/app.py",)),
        (tempfile.gettempdir(), (str(inside / "app.py"),)),
    ):
        done = repository.routes(*words, "--diff", "HEAD", folder=folder)
        assert done.stdout.splitlines()[-1].endswith("1 route added."), (words, done)


@pytest.mark.thorough
def test_the_usual_places_are_looked_for_in_the_old_revision_too(repository: Repository) -> None:
    repository.app(name="main.py")
    repository.commit()
    (repository.folder / "main.py").unlink()
    repository.app(POST)
    done = repository.routes("--diff", "HEAD")
    assert "1 route added" in done.stdout
    missing = repository.routes("app.py", "--diff", "HEAD")
    assert "there is no file " in error_of(missing)
    assert tempfile.gettempdir() + "/tornkit" not in missing.stderr


@pytest.mark.thorough
def test_programs_and_their_arguments(repository: Repository) -> None:
    program = """\
import sys
import asyncio
from app import Application, Home

async def main():
    Application([(f"/{{word}}", Home) for word in sys.argv[1:] {also}]).listen(8888)
    await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""
    repository.app()
    repository.write("server.py", program.format(also=""))
    repository.commit()
    repository.write("server.py", program.format(also="+ ['new']"))
    for words in (("server.py", "--", "a", "b"), ("-m", "server", "--", "a", "b")):
        done = repository.routes("--diff", "HEAD", *words)
        lines = done.stdout.splitlines()
        assert lines[0].startswith("+ GET  /new  Home"), done
        assert lines[-1].endswith("1 route added.")


@pytest.mark.thorough
def test_settings_are_not_the_other_process_s_business(repository: Repository) -> None:
    """It would compare for ever, or list a part."""
    repository.app()
    repository.write("pyproject.toml", '[tool.tornkit.routes]\ngrep = "nothing"\n')
    repository.commit()
    repository.app(POST)
    done = repository.routes(
        TORNKIT_ROUTES_DIFF="HEAD", TORNKIT_ROUTES_FORMAT="table", TORNKIT_APP="app.py"
    )
    assert done.stdout.splitlines()[0] == ADDED, done


def test_what_the_application_prints_and_leaves_running(repository: Repository) -> None:
    noise = """
import os, threading, time
print("to standard output")
os.write(1, b"and past Python")
if "tornkit-diff-" in __file__:
    threading.Thread(target=time.sleep, args=(3600,)).start()
"""
    repository.app(above=noise)
    repository.commit()
    repository.app(POST, above=noise)
    done = repository.routes("--diff", "HEAD", "--format", "json")
    assert done.returncode == 1
    text = done.stdout[done.stdout.index("{") :]
    assert len(json.loads(text)["added"]) == 1


@pytest.mark.thorough
def test_a_hook_s_environment(repository: Repository) -> None:
    """Git tells its hooks about the index that is being committed."""
    repository.app()
    repository.commit()
    repository.app(POST)
    index = repository.folder / ".git" / "index.lock.commit"
    done = repository.routes(
        "--diff", "HEAD", GIT_DIR=".git", GIT_INDEX_FILE=str(index), GIT_PREFIX=""
    )
    assert done.stdout.splitlines()[0] == ADDED, done
    assert not index.exists()


@pytest.mark.thorough
def test_what_a_release_leaves_out_is_there(repository: Repository) -> None:
    """``git archive`` would leave it out."""
    repository.write(".gitattributes", "secret_rules.py export-ignore\n")
    repository.write("secret_rules.py", "NAME = 'x'\n")
    repository.app(above="import secret_rules")
    repository.commit()
    repository.app(POST, above="import secret_rules")
    assert repository.routes("--diff", "HEAD").stdout.splitlines()[0] == ADDED


@pytest.mark.thorough
def test_links_out_of_the_repository(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (repository.folder / "link").symlink_to(tmp_path / "outside")
    repository.app()
    repository.commit()
    repository.app(POST)
    assert repository.routes("--diff", "HEAD").stdout.splitlines()[0] == ADDED


@pytest.mark.thorough
def test_paths_in_the_repository_are_the_same_paths(repository: Repository) -> None:
    """Though the old revision's files lie in another folder while it is loaded."""
    rules = """
        ("/s/(.*)", __import__("tornado.web").web.StaticFileHandler,
            {"path": __import__("os").path.dirname(__file__) + "/a/folder/of/a/long/name" * 3}),
    """
    repository.app(rules)
    repository.commit()
    assert repository.routes("--diff", "HEAD", folder=".").returncode == 0
    outside = repository.routes(str(repository.folder / "app.py"), "--diff", "HEAD", folder="..")
    assert outside.returncode == 0, outside


# ---- which code is run ----


SRC = {"name": "src/pkg/app.py"}


@pytest.mark.thorough
def test_the_old_code_runs_though_the_project_is_installed_in_place(
    repository: Repository, tmp_path: Path
) -> None:
    """As an editable install: its folder is on ``sys.path`` by a ``.pth`` file."""
    repository.write("src/pkg/__init__.py", "")
    repository.app(**SRC)
    repository.commit()
    repository.app(POST, **SRC)
    src = repository.folder / "src"
    site = tmp_path / "site"
    site.mkdir()
    for text in (
        f"import sys; sys.path.append({str(src)!r})",
        f"import sys; sys.path.insert(0, {str(src)!r})",
        _FINDER.format(src=src),
    ):
        (site / "sitecustomize.py").write_text(text)
        done = repository.routes("pkg.app:make_app", "--diff", "HEAD", PYTHONPATH=str(site))
        assert done.stdout.splitlines()[-1].endswith("1 route added."), (text, done)
    (site / "sitecustomize.py").unlink()
    done = repository.routes("pkg.app:make_app", "--diff", "HEAD", PYTHONPATH=str(src))
    assert done.stdout.splitlines()[-1].endswith("1 route added.")
    done = repository.routes("pkg.app:make_app", "--diff", "HEAD", PYTHONPATH="src")
    assert done.stdout.splitlines()[-1].endswith("1 route added.")


# As setuptools does it: a finder behind the others, and nothing on sys.path.
_FINDER = """
import sys
from importlib.util import spec_from_file_location

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pkg":
            where = "{src}/pkg"
            return spec_from_file_location(
                name, where + "/__init__.py", submodule_search_locations=[where]
            )

sys.meta_path.append(Finder)
"""


@pytest.mark.thorough
def test_an_installed_copy_gives_way_to_the_old_code(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("src/pkg/__init__.py", "")
    repository.app(**SRC)
    repository.commit()
    repository.app(POST, **SRC)
    shutil.copytree(repository.folder / "src", tmp_path / "installed")
    done = repository.routes(
        "pkg.app:make_app", "--diff", "HEAD", PYTHONPATH=str(tmp_path / "installed")
    )
    assert done.stdout.splitlines()[-1].endswith("1 route added."), done


def test_a_module_of_somewhere_else_is_not_called_the_same(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("README", "")
    commit = repository.commit()
    (tmp_path / "lib").mkdir()
    repository.app(POST).rename(tmp_path / "lib" / "other.py")
    said = error_of(
        repository.routes("other:make_app", "--diff", "HEAD", PYTHONPATH=str(tmp_path / "lib"))
    )
    assert said.startswith(
        f"HEAD ({commit[:7]}) can't be compared with: it has no other; there is one in "
        f"{tmp_path}/lib/other.py"
    )


@pytest.mark.thorough
def test_code_of_the_work_tree_is_not_taken_for_the_old_one(repository: Repository) -> None:
    lib = repository.folder / "elsewhere"
    repository.write("elsewhere/shared_rules.py", "")
    above = f"import sys; sys.path.insert(0, {str(lib)!r}); import shared_rules"
    repository.app(above=above)
    repository.commit()
    said = error_of(repository.routes("--diff", "HEAD"))
    assert said.endswith(f"it still imports {lib}/shared_rules.py, which is the work tree's")


@pytest.mark.thorough
def test_code_that_git_does_not_look_after_may_be_imported(repository: Repository) -> None:
    lib = repository.folder / "vendored"
    repository.write(".gitignore", "vendored/\n")
    repository.write("vendored/shared_rules.py", "")
    above = f"import sys; sys.path.insert(0, {str(lib)!r}); import shared_rules"
    repository.app(above=above)
    repository.commit()
    repository.app(POST, above=above)
    assert repository.routes("--diff", "HEAD").stdout.splitlines()[0] == ADDED


@pytest.mark.thorough
def test_a_tornkit_in_the_repository_is_not_the_one_that_compares(repository: Repository) -> None:
    repository.app()
    repository.write("tornkit/__init__.py", "raise SystemExit('the wrong one')\n")
    repository.commit()
    shutil.rmtree(repository.folder / "tornkit")
    repository.app(POST)
    assert repository.routes("--diff", "HEAD").stdout.splitlines()[0] == ADDED


# ---- what can go wrong ----


def test_an_old_revision_that_does_not_load(repository: Repository) -> None:
    repository.app(above="open(__file__.replace('app.py', '.env')).close()")
    commit = repository.commit()
    repository.write(".env", "here, and not ignored")
    done = repository.routes("--diff", "HEAD")
    assert error_of(done) == (
        f"HEAD ({commit[:7]}) can't be compared with: importing app failed: FileNotFoundError: "
        f"[Errno 2] No such file or directory: '{repository.folder}/.env' (it was tried with the "
        "files that git has of that revision, and those that it ignores)"
    )


def test_an_old_revision_that_ends_python(repository: Repository) -> None:
    repository.app(above="import os; os.write(2, b'last words'); os._exit(3)")
    repository.commit()
    repository.app()
    assert "Python ended with 3: last words" in error_of(repository.routes("--diff", "HEAD"))


def test_an_old_revision_without_the_folder(repository: Repository) -> None:
    repository.write("README", "")
    repository.commit()
    repository.app(name="new/app.py")
    said = error_of(repository.routes("--diff", "HEAD", folder="new"))
    assert said.endswith(f"has no folder {repository.folder}/new")


@pytest.mark.parametrize("name", ["nothing", "-nothing", "main:app.py", "x y"])
def test_no_such_revision(repository: Repository, name: str) -> None:
    repository.app()
    repository.commit()
    said = error_of(repository.routes(f"--diff={name}"))
    assert said == (
        f"--diff {name}: there is no such file, and git knows no such revision in "
        f"{repository.folder}"
    )


def test_a_shallow_clone(repository: Repository, tmp_path: Path) -> None:
    repository.app()
    repository.commit()
    repository.app(POST)
    repository.commit()
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(clone))
    said = error_of(repository.routes("--diff", "HEAD~1", folder=clone))
    assert said.endswith("of which only a part was cloned: fetch the revision first "
                         "(git fetch --unshallow)")  # fmt: skip


def test_an_empty_repository(repository: Repository) -> None:
    repository.app()
    assert "knows no such revision" in error_of(repository.routes("--diff", "HEAD"))


def test_no_repository(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    shutil.copy(repository.app(), folder)
    said = error_of(repository.routes("--diff", "main", folder=folder))
    assert said == f"--diff main: there is no such file, and {folder} is in no git repository"


def test_no_git(repository: Repository, tmp_path: Path) -> None:
    repository.app()
    said = error_of(repository.routes("--diff", "main", PATH=str(tmp_path)))
    assert said.startswith("--diff with a revision needs git, which is not installed")


def test_the_base_is_looked_for_before_any_code_runs(repository: Repository) -> None:
    repository.app(above="raise SystemExit('it ran')")
    repository.commit()
    assert "it ran" not in error_of(repository.routes("--diff", "nothing"))


def test_what_is_wrong_now_is_told_as_ever(repository: Repository) -> None:
    repository.app()
    repository.commit()
    repository.app(above="1/0")
    done = repository.routes("--diff", "HEAD")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("error: importing app failed: ZeroDivision")


# ---- a file ----


def test_a_saved_table(repository: Repository) -> None:
    repository.app()
    saved = repository.write("before.json", repository.routes("--format", "json").stdout)
    same = repository.routes("--diff", "before.json")
    assert (same.returncode, same.stdout) == (0, "No difference from before.json: 1 route.\n")
    repository.app(POST)
    done = repository.routes("--diff", str(saved))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [ADDED, "", f"Against {saved}: 1 route added."]


@pytest.mark.thorough
def test_a_file_goes_before_a_revision_of_its_name(repository: Repository) -> None:
    repository.app()
    repository.write("main", repository.routes("--format", "json").stdout)
    repository.app(POST)
    repository.commit()
    assert "1 route added" in repository.routes("--diff", "main").stdout
    assert "No difference" in repository.routes("--diff", "heads/main").stdout


@pytest.mark.thorough
def test_of_a_file_only_what_every_list_finds_is_compared(repository: Repository) -> None:
    more = POST + '("/posts/7", Home), ("/opt/?", Home, {}, "opt"),'
    repository.app(more)
    repository.write("before.json", repository.routes("--format", "json").stdout)
    assert repository.routes("--diff", "before.json").returncode == 0
    checked = repository.routes("--check", "--format", "json").stdout
    repository.write("checked.json", checked)
    assert "TK201" in checked
    assert repository.routes("--diff", "checked.json").returncode == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "it is not JSON"),
        ('{"x": 1}', "it has no routes"),
        ('{"routes": [], "summary": {"routes": 3}}', "it has 0 of 3 routes: make it without"),
    ],
)
def test_a_file_that_is_no_table(repository: Repository, content: str, says: str) -> None:
    repository.app()
    repository.write("x.json", content)
    said = error_of(repository.routes("--diff", "x.json"))
    assert said.startswith(
        "--diff x.json: it is not what tornkit routes --format json prints: " + says
    )


def test_a_file_that_can_not_be_read(repository: Repository) -> None:
    repository.app()
    (repository.folder / "x.json").write_bytes(b"\xff\xfe")
    assert "--diff x.json: it can't be read" in error_of(repository.routes("--diff", "x.json"))


def test_no_other_format(repository: Repository) -> None:
    repository.app()
    repository.commit()
    said = error_of(repository.routes("--diff", "HEAD", "--format", "sarif"))
    assert "--diff has table, json and md" in said


@pytest.mark.thorough
def test_an_encoding_that_lacks_a_letter(repository: Repository) -> None:
    repository.app()
    repository.commit()
    repository.app('("/caf\u00e9", Home),')
    done = repository.routes("--diff", "HEAD", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 1
    assert "/caf\\xe9" in done.stdout
    assert os.linesep not in done.stderr
