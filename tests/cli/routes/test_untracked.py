"""What a work tree has beside git, in the tree of a revision."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.routes.repository import Repository
from tornkit.cli.routes.revision import Revision, checked_out

APP = """\
from pathlib import Path
from tornado.web import Application, RequestHandler, StaticFileHandler
import _version
import generated

HERE = Path(__file__).parent

def make_app():
    return Application([
        (f"/{folder}/(.*)", StaticFileHandler, {"path": str(HERE / folder)})
        for folder in ("uploads", "empty", "package/cache")
    ] + ([("/configured", RequestHandler)] if (HERE / ".env").exists() else []))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    ignored = (
        "_version.py\ngenerated/\nuploads/\n/.env\npackage/cache\n*.db\n.venv/\n__pycache__/\n"
    )
    made.write(".gitignore", ignored)
    made.write("app.py", APP)
    made.write("package/__init__.py", "")
    made.commit()
    return made


def left(repository: Repository) -> dict[str, str]:
    """The links in a tree of HEAD, and where they lead: below the work tree."""
    commit = repository.git("rev-parse", "HEAD").strip()
    top = repository.folder.resolve()
    with checked_out(Revision("HEAD", commit, top)) as tree:
        return {
            str(path.relative_to(tree)): str(path.readlink().relative_to(top))
            for path in tree.rglob("*")
            if path.is_symlink()
        }


def test_an_unchanged_checkout_does_not_differ_from_itself(repository: Repository) -> None:
    repository.write("_version.py", "")
    repository.write("generated/__init__.py", "")
    repository.write("uploads/picture.png", "")
    repository.write("package/cache/x", "")
    repository.write(".env", "")
    (repository.folder / "empty").mkdir()
    before = repository.state()
    done = repository.routes("app.py", "--diff", "HEAD")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 routes" in done.stdout
    assert repository.state() == before


def test_what_is_ignored_and_empty_is_linked(repository: Repository) -> None:
    repository.write("uploads/a/b", "")
    repository.write("package/data.db", "")
    repository.write("only/data.db", "")
    (repository.folder / "empty" / "below").mkdir(parents=True)
    found = left(repository)
    assert found == {name: name for name in ("uploads", "package/data.db", "only", "empty")}


def test_bytecode_and_virtual_environments_are_not(repository: Repository) -> None:
    repository.write("package/__pycache__/a.pyc", "")
    repository.write(".venv/pyvenv.cfg", "")
    assert left(repository) == {}


def test_what_is_not_added_yet_is_a_change(repository: Repository) -> None:
    repository.write("new.py", "")
    repository.write("fresh/new.py", "")
    assert left(repository) == {}


def test_the_revision_keeps_files_of_its_own(repository: Repository) -> None:
    repository.write("uploads/first", "")
    repository.write("folder", "")
    repository.git("add", "--force", "uploads/first", "folder")
    repository.commit()
    repository.git("rm", "--quiet", "--cached", "uploads/first", "folder")
    (repository.folder / "folder").unlink()
    repository.write("folder/below.db", "")
    repository.write("uploads/second", "")
    assert left(repository) == {"uploads/second": "uploads/second"}


def test_a_submodule_at_the_commit_that_is_wanted(repository: Repository, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    other.write("module.py", "")
    other.commit()
    allowed = ("-c", "protocol.file.allow=always")
    repository.git(*allowed, "submodule", "--quiet", "add", str(other.folder), "sub")
    repository.commit()
    assert left(repository) == {"sub": "sub"}
    repository.git("-C", "sub", "checkout", "--quiet", "--orphan", "elsewhere")
    repository.git("-C", "sub", "commit", "--quiet", "--message=another")
    assert left(repository) == {}


def test_a_link_that_is_ignored(repository: Repository, tmp_path: Path) -> None:
    (repository.folder / "current.db").symlink_to(tmp_path)
    assert left(repository) == {"current.db": "current.db"}
