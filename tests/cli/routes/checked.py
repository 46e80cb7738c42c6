"""The command in this process, with an application that needs no loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tornado.web import Application, RequestHandler

import tornkit.appload.inspection
import tornkit.appload.load
import tornkit.cli.target
from tornkit.appload import Target
from tornkit.appload.target import Kind
from tornkit.cli import tornkit as group


class Home(RequestHandler):
    def get(self) -> None: ...


class Entry(RequestHandler):
    def get(self, slug: str) -> None: ...


class Project:
    """A folder that is the current one, and the rules of its application."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.loaded = 0
        self.rules: list[Any] = [("/", Home, {}, "home"), (r"/(\d+)", Entry)]
        monkeypatch.chdir(folder)
        monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
        for name in ("TORNKIT_APP", "TORNKIT_ROUTES_FORMAT", "TORNKIT_ROUTES_SELECT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(tornkit.cli.target, "locate", self._locate)
        monkeypatch.setattr(tornkit.appload.inspection, "load_for_inspection", self._load)

    def _locate(self, *words: Any) -> Target:
        return Target(Kind.APPLICATION, "app.py", "/", "/")

    def _load(self, target: Target) -> tornkit.appload.load.LoadedApp:
        self.loaded += 1
        print("noise from the application")
        return tornkit.appload.load.LoadedApp(target, (Application(self.rules),), target.label)

    def break_a_name(self) -> None:
        """An error: TK302 at route 2."""
        self.rules.append(("/opt/?", Home, {}, "opt"))

    def repeat_a_name(self) -> None:
        """A warning: TK101 at route 0."""
        self.rules.append(("/again", Home, {}, "home"))

    def settings(self, text: str) -> None:
        """``[tool.tornkit.routes]`` of its pyproject.toml."""
        (self.folder / "pyproject.toml").write_text(f"[tool.tornkit.routes]\n{text}\n")

    def run(self, *arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(
            group, ["routes", *arguments], env=environment, prog_name="tornkit"
        )

    def codes(self, *arguments: str, **environment: str) -> list[str]:
        """The codes that ``--check`` shows, in its order."""
        done = self.run("--check", *arguments, **environment)
        assert done.exit_code in (0, 1), done.output
        return [
            line.split()[1]
            for line in done.stdout.splitlines()
            if line.startswith(("  error ", "  warning ", "  info "))
        ]
