"""A git revision, and its files in a folder of their own.

The work tree, the index and ``.git/worktrees`` stay as they are: the revision is read into an
index outside the repository and written from there. Not ``git archive``, which leaves out what
``.gitattributes`` marks as not for a release; not ``git worktree``, which notes itself in the
repository. What git ignores is lent by the work tree (`tornkit.cli.routes.untracked`), and so is a
submodule at the commit that is checked out; others are left empty, and files in Git LFS are not
fetched.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tornkit.cli.routes.untracked import link_untracked
from tornkit.errors import UsageError

# Set by git for its hooks, where they speak of the index that is being committed.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")


@dataclass(frozen=True)
class Revision:
    """A commit. ``name`` is as it was typed, ``commit`` the hash, ``repository`` the top folder."""

    name: str
    commit: str
    repository: Path

    @property
    def shown(self) -> str:
        """Name and short hash for messages, as ``main (1a2b3c4)``."""
        return f"{self.name} ({self.commit[:7]})"


def find_revision(name: str, folder: Path) -> Revision:
    """The commit that ``name`` means in the repository that ``folder`` is in.

    :raises UsageError: there is no git, no repository, or no such revision.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top.returncode:
        if "not a git repository" in top.stderr:
            raise UsageError(
                f"--diff {name}: there is no such file, and {folder} is in no git repository"
            )
        raise UsageError(f"--diff {name}: git says: {_last_line(top.stderr)}")
    repository = Path(top.stdout.removesuffix("\n")).resolve()
    found = _git(repository, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if name.startswith("-") or found.returncode:
        raise UsageError(
            f"--diff {name}: there is no such file, and git knows no such revision in {repository}"
            f"{_shallow(repository)}"
        )
    return Revision(name, found.stdout.strip(), repository)


@contextlib.contextmanager
def checked_out(revision: Revision) -> Iterator[Path]:
    """A folder with the revision's files, as long as the context lasts.

    :raises UsageError: git can't read them, or the disk not hold them.
    """
    with tempfile.TemporaryDirectory(prefix="tornkit-diff-", ignore_cleanup_errors=True) as folder:
        # The real path: Python's own idea of where a module is from has no links in it.
        tree = Path(folder).resolve() / "tree"
        tree.mkdir()
        index = str(tree.with_name("index"))
        for arguments in (
            ("read-tree", "--no-sparse-checkout", revision.commit),
            ("checkout-index", "--all", "--force", "--quiet", f"--prefix={tree}/"),
        ):
            done = _git(revision.repository, *arguments, GIT_INDEX_FILE=index)
            if done.returncode:
                raise UsageError(
                    f"--diff {revision.name}: git can't check it out: {_last_line(done.stderr)}"
                )
        link_untracked(_git, revision.repository, revision.commit, tree)
        yield tree


def tracked(revision: Revision, files: Iterable[str]) -> list[str]:
    """Files among ``files`` (absolute, in the repository's work tree) that git tracks."""
    wanted = list(files)
    if not wanted:
        return []
    done = _git(revision.repository, "ls-files", "-z", "--full-name", "--", *wanted)
    found = {str(revision.repository / name) for name in done.stdout.split("\0") if name}
    return [file for file in wanted if file in found]


def _git(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    quiet = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    # An index that is written has a hook, which may do anything.
    command = [
        "git",
        "--literal-pathspecs",
        "-C",
        str(folder),
        "-c",
        f"core.hooksPath={os.devnull}",
        *arguments,
    ]
    try:
        return subprocess.run(
            command,
            env={**kept, **quiet, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError:
        raise UsageError(
            "--diff with a revision needs git, which is not installed; give a file that "
            "--format json made"
        ) from None


def _shallow(repository: Path) -> str:
    """Advice to fetch the rest of a shallow clone, as most in CI are; empty for a whole one."""
    if _git(repository, "rev-parse", "--is-shallow-repository").stdout.strip() != "true":
        return ""
    return ", of which only a part was cloned: fetch the revision first (git fetch --unshallow)"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("fatal: ") if lines else "nothing"
