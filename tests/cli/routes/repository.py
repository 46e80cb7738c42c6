"""A git repository with an application in it, and the command that compares its revisions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tornkit

APP = """\
from tornado.web import Application, RequestHandler

class Home(RequestHandler):
    def get(self): ...

class Post(RequestHandler):
    def get(self, number): ...
    def delete(self, number): ...

{above}
def make_app():
    return Application([
        ("/", Home, {{}}, "home"),
        {rules}
    ])
"""
POST = r'(r"/posts/(\d+)", Post, {}, "post"),'
ARTICLE = r'(r"/articles/(\d+)", Post, {}, "post"),'

_GIT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    # Nothing of the person's who runs the tests.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CEILING_DIRECTORIES": "/",
}


class Repository:
    """``folder`` is its top folder, empty so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        # As every project has it: what Python caches is no trace of ours.
        (folder / ".git" / "info" / "exclude").write_text("__pycache__/\n")

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=_environment({}),
            capture_output=True,
            check=True,
            text=True,
            timeout=30,
        ).stdout

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def app(self, rules: str = "", name: str = "app.py", above: str = "") -> Path:
        return self.write(name, APP.format(rules=rules, above=above))

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=more")
        return self.git("rev-parse", "HEAD").strip()

    def state(self) -> tuple[str, list[str]]:
        """What git says of the work tree, and the files beside the objects."""
        files = (path for path in (self.folder / ".git").rglob("*") if path.is_file())
        names = (str(path) for path in files if "objects" not in path.parts)
        return self.git("status", "--porcelain"), sorted(names)

    def routes(
        self, *arguments: str, folder: Path | str = ".", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tornkit", "routes", *arguments],
            cwd=self.folder / folder,
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=30,
        )


def _environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TORNKIT_", "GIT_"))}
    root = str(Path(tornkit.__file__).parents[1])
    path = os.pathsep.join([*filter(None, [extra.pop("PYTHONPATH", "")]), root])
    return {**kept, **_GIT, "PYTHONPATH": path, **extra}
