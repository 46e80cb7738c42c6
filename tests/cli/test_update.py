"""``tornkit update`` as a user meets it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner, Result

import tornkit as package
from tests.nasty_text import disobedient
from tests.scaffold.folders import answers, fill, snapshot
from tornkit.cli import tornkit
from tornkit.scaffold import history, plan


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a project of tornkit 0.0.1, which had other styles and another page."""
    layers = tmp_path / "layers"
    for path, content in plan.files_in(plan.templates(), PurePosixPath()):
        old = content + b"/* old */\n" if path.name == "style.css" else content
        fill(layers, {str(path): old})
    fill(layers, {"common/dropped.txt": "old\n"})
    archives = fill(tmp_path / "archives", {"0.0.1.zip": history.archived(layers)})
    monkeypatch.setattr(history, "folder", lambda: archives)
    files = plan.files_of(answers("0.0.1"), layers)
    folder = fill(tmp_path / "demo", {str(file.path): file.content for file in files})
    monkeypatch.chdir(folder)
    return folder


def update(*arguments: str) -> Result:
    return CliRunner().invoke(tornkit, ["update", *arguments], prog_name="tornkit")


def test_it_tells_what_it_did(project: Path) -> None:
    result = update()
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"Updated . from tornkit 0.0.1 to {package.__version__}",
        "  replaced  demo/static/style.css",
        "  removed   dropped.txt",
        "  replaced  pyproject.toml",
        "pyproject.toml has changed: install the project again",
    ]
    assert "old" not in (project / "demo" / "static" / "style.css").read_text()
    after = snapshot(project)
    result = update()
    assert result.exit_code == 0
    assert result.stdout == f". is up to date with tornkit {package.__version__}\n"
    assert snapshot(project) == after


def test_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "  replaced  demo/demo/static/style.css\n" in update("--project", "demo").stdout
    assert update().exit_code == 2


def test_a_dry_run_changes_nothing(project: Path) -> None:
    before = snapshot(project)
    result = update("--dry-run")
    assert result.stdout.startswith("Would update . from tornkit 0.0.1")
    assert "  removed   dropped.txt\n" in result.stdout
    assert snapshot(project) == before


def test_conflicts_are_marked_and_listed(project: Path) -> None:
    style = project / "demo" / "static" / "style.css"
    style.write_text(style.read_text().replace("/* old */", "/* mine */"))
    (project / "dropped.txt").write_text("mine\n")
    result = update("--dry-run")
    assert result.exit_code == 1
    result = update()
    assert result.exit_code == 1
    assert re.search(r"^  conflict  demo/static/style\.css  \(choose from ", result.stdout, re.M)
    assert re.search(r"^  kept      dropped\.txt  \(yours differs", result.stdout, re.M)
    assert "<<<<<<< yours\n/* mine */\n=======\n>>>>>>> tornkit" in style.read_text()
    after = snapshot(project)
    result = update()
    assert result.exit_code == 1
    assert result.stderr.endswith("\n  demo/static/style.css\n")
    assert snapshot(project) == after
    style.write_text("/* settled */\n")
    assert "up to date" in update().stdout


def test_conflicts_have_to_be_settled_first(project: Path) -> None:
    fill(project, {"demo/routes.py": "<<<<<<< HEAD\n=======\n>>>>>>> x\n"})
    before = snapshot(project)
    result = update()
    assert result.exit_code == 1
    assert result.stderr.endswith("\n  demo/routes.py\n")
    assert snapshot(project) == before


def test_what_the_user_deleted_is_told(project: Path) -> None:
    (project / "demo" / "static" / "style.css").unlink()
    assert "  left out  demo/static/style.css  (you deleted or moved it" in update().stdout
    assert not (project / "demo" / "static" / "style.css").exists()


def test_a_link_in_the_place_of_a_file_stays(project: Path) -> None:
    style = project / "demo" / "static" / "style.css"
    style.rename(style.with_name("mine.css"))
    style.symlink_to("mine.css")
    assert "  kept      demo/static/style.css  (yours is a link or a folder" in update().stdout
    assert style.is_symlink()


def test_what_is_left_of_one_that_was_killed_is_told(project: Path) -> None:
    (project / ".tornkit-new-abc").mkdir()
    for _ in range(2):
        result = update()
        assert result.exit_code == 0
        assert result.stderr.startswith(
            ".tornkit-new-abc is left of a change that was ended midway"
        )


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_uncommitted_changes_are_not_mixed_with_it(project: Path) -> None:
    # Without what newer ones do to the repository in the background.
    own = ["user.name=T", "user.email=t@example.org", "maintenance.auto=false", "gc.auto=0"]
    settings = [word for each in own for word in ("-c", each)]
    for words in (["init", "-q"], ["add", "."], [*settings, "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    style = project / "demo" / "static" / "style.css"
    style.write_text("mine\n" + style.read_text())
    before = snapshot(project)
    result = update()
    assert result.exit_code == 1
    assert result.stderr.endswith("\n  demo/static/style.css\n")
    assert snapshot(project) == before
    assert update("--force").exit_code == 0
    assert style.read_text().startswith("mine\n")


def test_a_record_that_a_terminal_would_obey(project: Path) -> None:
    record = project / ".tornkit.toml"
    record.write_text(record.read_text().replace('"0.0.1"', r'"0.0.1\u001b[31m"'))
    result = update()
    assert result.exit_code == 1
    assert disobedient(result.output) == set()


def test_options_can_be_set(project: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write("\n[tool.tornkit.update]\ndry-run = true\n")
    assert update().stdout.startswith("Would update")
