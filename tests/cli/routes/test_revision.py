"""A git revision and its files. Links to ignored ones: `test_untracked`; use: `test_diffing`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.routes.repository import Repository
from tornkit.cli.routes.revision import Revision, checked_out, find_revision, tracked
from tornkit.errors import UsageError

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of the person who runs the tests, or of a hook that does."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a repository with two commits: ``app.py`` was 1 and is 2."""
    made = Repository(tmp_path_factory.mktemp("template") / "repo")
    made.write("app.py", "1")
    made.write("web/page.html", "1")
    made.commit()
    made.write("app.py", "2")
    made.commit()
    return made.folder


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    """A repository like that one, of the test's own."""
    return Repository(shutil.copytree(template, tmp_path / "repo"))


def head(repository: Repository) -> Revision:
    return find_revision("HEAD", repository.folder)


def refusal(name: str, folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        find_revision(name, folder)
    return str(caught.value)


class TestFind:
    @pytest.mark.parametrize("name", ["HEAD", "main", "v1", "@", "HEAD~0", "heads/main"])
    def test_whatever_names_the_commit(self, repository: Repository, name: str) -> None:
        """An annotated tag is an object of its own, and its commit is meant."""
        repository.git("tag", "--annotate", "--message=one", "v1")
        commit = repository.git("rev-parse", "HEAD").strip()
        found = find_revision(name, repository.folder)
        assert found == Revision(name, commit, repository.folder.resolve())
        assert found.shown == f"{name} ({commit[:7]})"

    def test_from_a_folder_below_and_through_a_link(
        self, repository: Repository, tmp_path: Path
    ) -> None:
        (tmp_path / "link").symlink_to(repository.folder)
        found = find_revision("HEAD", tmp_path / "link" / "web")
        assert found.repository == repository.folder.resolve()

    @pytest.mark.parametrize("name", ["v9", "HEAD:app.py", "HEAD^{tree}", "HEAD~7", ""])
    def test_what_is_no_commit(self, repository: Repository, name: str) -> None:
        said = refusal(name, repository.folder)
        assert said.endswith(f"git knows no such revision in {repository.folder.resolve()}")

    @pytest.mark.parametrize("name", ["-x", "--all", "--git-dir"])
    def test_a_word_that_git_would_take_for_an_option(
        self, repository: Repository, name: str
    ) -> None:
        assert "git knows no such revision" in refusal(name, repository.folder)

    def test_a_file_of_a_revisions_name_is_no_revision(self, repository: Repository) -> None:
        repository.write("other", "")
        assert "git knows no such revision" in refusal("other", repository.folder)

    def test_what_git_says_of_a_repository_that_is_broken(self, repository: Repository) -> None:
        """Another user's repository is refused by git, too: it is one nevertheless."""
        repository.write(".git/config", "[core]\n\trepositoryformatversion = 99\n")
        said = refusal("HEAD", repository.folder)
        assert said.startswith("--diff HEAD: git says: ")
        assert "99" in said
        assert "fatal:" not in said

    def test_the_environment_of_a_hook(
        self, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Git tells its hooks where they are, for the commands that they call."""
        other = Repository(tmp_path / "other")
        other.write("x", "")
        commit = other.commit()
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"):
            monkeypatch.setenv(name, str(repository.folder / ".git"))
        monkeypatch.setenv("GIT_PREFIX", "web/")
        assert find_revision("HEAD", other.folder).commit == commit

    def test_git_speaks_english_and_asks_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its words are read; and a prompt for a password would wait for ever."""
        git = tmp_path / "git"
        words = "$LC_ALL, $GIT_TERMINAL_PROMPT, $GIT_LFS_SKIP_SMUDGE, $HOME, $GIT_PREFIX"
        git.write_text(f"#!/bin/sh\nread answer\necho 'fatal:' \"{words}\" >&2\nexit 128\n")
        git.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
        monkeypatch.setenv("HOME", "/home/me")
        monkeypatch.setenv("GIT_PREFIX", "web/")
        assert refusal("HEAD", tmp_path) == "--diff HEAD: git says: C, 0, 1, /home/me, "

    def test_outside_of_any(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        assert refusal("HEAD", tmp_path).endswith(f"and {tmp_path} is in no git repository")


class TestCheckedOut:
    def test_the_files_as_they_were(self, repository: Repository) -> None:
        repository.write("app.py", "3")
        repository.write("new.py", "")
        before = repository.state()
        with checked_out(find_revision("HEAD~1", repository.folder)) as tree:
            found = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
            assert found == {"app.py", "web/page.html"}
            assert (tree / "app.py").read_text() == "1"
            assert tree == tree.resolve()
        assert not tree.exists()
        assert not tree.parent.exists()
        assert repository.state() == before

    def test_it_goes_after_an_error_too(self, repository: Repository) -> None:
        trees: list[Path] = []

        def fail() -> None:
            with checked_out(head(repository)) as tree:
                trees.append(tree)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert not trees[0].parent.exists()

    def test_where_temporary_files_are_behind_a_link(
        self, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The tree's path has no links in it, as Python's own idea of where a module is from."""
        (tmp_path / "real").mkdir()
        (tmp_path / "tmp").symlink_to("real")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
        with checked_out(head(repository)) as tree:
            assert tree.is_relative_to((tmp_path / "real").resolve())

    def test_what_a_release_leaves_out_is_there(self, repository: Repository) -> None:
        repository.write(".gitattributes", "secret.py export-ignore\n")
        repository.write("secret.py", "")
        repository.commit()
        with checked_out(head(repository)) as tree:
            assert (tree / "secret.py").exists()

    def test_what_a_sparse_checkout_leaves_out_is_there(self, repository: Repository) -> None:
        repository.git("reset", "--quiet", "--hard")  # the files are copies: git is to look again
        repository.git("sparse-checkout", "set", "--no-cone", "app.py")
        assert not (repository.folder / "web").exists()
        with checked_out(head(repository)) as tree:
            assert (tree / "web" / "page.html").exists()

    @pytest.mark.parametrize("hook", ["post-index-change", "post-checkout"])
    def test_no_hook_is_run(self, repository: Repository, tmp_path: Path, hook: str) -> None:
        path = repository.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        path.chmod(0o755)
        revision = head(repository)
        with checked_out(revision):
            pass
        assert not (tmp_path / "ran").exists()

    def test_a_hooks_own_index_is_left_alone(
        self, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The index that is being committed: a commit must not hold another revision's files."""
        index = repository.folder / ".git" / "index.lock.commit"
        monkeypatch.setenv("GIT_INDEX_FILE", str(index))
        revision = find_revision("HEAD~1", repository.folder)
        with checked_out(revision) as tree:
            assert (tree / "app.py").read_text() == "1"
        assert not index.exists()

    def test_names_of_any_letters(self, repository: Repository) -> None:
        for name in ("-f", "a b", "*.py", ":x", "ü\n"):
            repository.write(name, name)
        repository.commit()
        with checked_out(head(repository)) as tree:
            assert all((tree / name).read_text() == name for name in ("-f", "a b", "*.py", "ü\n"))

    def test_a_repository_that_lacks_a_file(self, repository: Repository) -> None:
        """A partial clone that is offline, or a damaged one."""
        blob = repository.git("rev-parse", "HEAD:app.py").strip()
        path = repository.folder / ".git" / "objects" / blob[:2] / blob[2:]
        path.chmod(0o600)
        path.unlink()
        with pytest.raises(UsageError) as caught, checked_out(head(repository)):
            pytest.fail("it was")
        said = str(caught.value)
        assert said.startswith("--diff HEAD: git can't check it out: ")
        assert blob in said

    def test_a_commit_that_is_gone(self, repository: Repository) -> None:
        revision = Revision("old", "0" * 39 + "1", repository.folder)
        with pytest.raises(UsageError) as caught, checked_out(revision):
            pytest.fail("it was")
        assert str(caught.value).startswith("--diff old: git can't check it out: ")


class TestTracked:
    @pytest.fixture
    def ask(self, repository: Repository) -> Callable[..., list[str]]:
        revision = head(repository)

        def ask(*names: str) -> list[str]:
            top = revision.repository
            found = tracked(revision, (str(top / name) for name in names))
            return [str(Path(file).relative_to(top)) for file in found]

        return ask

    def test_those_that_git_looks_after(
        self, repository: Repository, ask: Callable[..., list[str]]
    ) -> None:
        """Names come in the order in which they were asked for."""
        repository.write("new.py", "")
        repository.write(".gitignore", "cache.py\n")
        repository.write("cache.py", "")
        assert ask("web/page.html", "new.py", "cache.py", "none.py", "app.py") == [
            "web/page.html",
            "app.py",
        ]

    def test_a_name_is_no_pattern(
        self, repository: Repository, ask: Callable[..., list[str]]
    ) -> None:
        assert ask("*.py") == []
        assert ask(":(glob)app.py") == []
        repository.write("*.py", "")
        repository.write("ü\n.py", "")
        repository.git("add", "--all")
        assert ask("*.py", "ü\n.py") == ["*.py", "ü\n.py"]

    def test_a_folder_is_not_its_files(self, ask: Callable[..., list[str]]) -> None:
        assert ask("web") == []

    def test_of_none_it_is_none(self, ask: Callable[..., list[str]]) -> None:
        assert ask() == []


def test_a_computer_without_git(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal("HEAD", repository.folder) == (
        "--diff with a revision needs git, which is not installed; give a file that --format json "
        "made"
    )
