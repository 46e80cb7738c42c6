"""Report of what changes in a project, and the option that names its folder."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import click
import pytest
from click.testing import CliRunner, Result

from tests.nasty_text import FILE_NAME, disobedient
from tests.scaffold.folders import answers
from tornkit.cli import console
from tornkit.cli.projects import changing
from tornkit.cli.rich_console import PrintableConsole
from tornkit.scaffold import repository
from tornkit.scaffold.plan import PlannedFile
from tornkit.scaffold.updating import Update, UpdateOutcome
from tornkit.scaffold.writing import Changes


def update(
    root: Path,
    outcomes: Mapping[str, UpdateOutcome],
    written: Iterable[str] = (),
    removed: Iterable[str] = (),
) -> Update:
    """An update with these outcomes, in which these files are written and removed."""
    files = tuple(PlannedFile(PurePosixPath(path), b"") for path in written)
    changes = Changes(root, "demo", files, tuple(map(PurePosixPath, removed)))
    found = {PurePosixPath(path): outcome for path, outcome in outcomes.items()}
    return Update(answers("1.0"), answers("2.0"), found, changes)


def told(update: Update, capsys: pytest.CaptureFixture[str]) -> list[str]:
    changing.tell(update)
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


class TestReport:
    def test_has_a_line_for_each_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = update(
            tmp_path,
            {
                "a.py": UpdateOutcome.ADDED,
                "b/c.py": UpdateOutcome.REPLACED,
                "d": UpdateOutcome.MERGED,
                "e": UpdateOutcome.REMOVED,
            },
            written=["a.py", "b/c.py", "d"],
        )
        assert told(found, capsys) == [
            "  added     demo/a.py",
            "  replaced  demo/b/c.py",
            "  merged    demo/d",
            "  removed   demo/e",
        ]

    def test_is_as_narrow_as_its_words(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert told(update(tmp_path, {"a": UpdateOutcome.ADDED}), capsys) == ["  added  demo/a"]
        assert told(update(tmp_path, {}), capsys) == []

    @pytest.mark.parametrize(
        ("outcome", "note"),
        [
            (UpdateOutcome.CONFLICT, "choose from what stands between <<<<<<< and >>>>>>>"),
            (UpdateOutcome.KEPT, "yours differs, and the templates have given it up"),
            (
                UpdateOutcome.LEFT_OUT,
                "you deleted or moved it, and the templates have changed it",
            ),
        ],
    )
    def test_notes_what_a_person_should_look_at(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        outcome: UpdateOutcome,
        note: str,
    ) -> None:
        found = told(update(tmp_path, {"a": outcome}, written=["a"]), capsys)
        assert found == [f"  {outcome}  demo/a  ({note})"]

    def test_of_a_conflict_without_marks(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is no text can't be marked: it is not written."""
        found = update(tmp_path, {"a": UpdateOutcome.CONFLICT}, written=["b"])
        assert told(found, capsys) == [
            "  conflict  demo/a  (not a text: yours is left as it is)",
        ]

    def test_of_a_link_or_a_folder_in_the_place_of_a_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "link").symlink_to("nowhere")
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").touch()
        kept = dict.fromkeys(["link", "folder", "file"], UpdateOutcome.KEPT)
        link, folder, file = told(update(tmp_path, kept), capsys)
        assert "yours is a link or a folder" in link
        assert "yours is a link or a folder" in folder
        assert "yours differs" in file
        gone = dict.fromkeys(["link"], UpdateOutcome.LEFT_OUT)
        assert "you deleted or moved it" in told(update(tmp_path, gone), capsys)[0]

    @pytest.mark.parametrize(
        ("written", "is_told"),
        [("pyproject.toml", True), ("docs/pyproject.toml", False), ("setup.py", False)],
    )
    def test_says_that_dependencies_may_have_changed(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        written: str,
        is_told: bool,
    ) -> None:
        lines = told(update(tmp_path, {written: UpdateOutcome.MERGED}, written=[written]), capsys)
        advice = "demo/pyproject.toml has changed: install the project again"
        assert lines[1:] == ([advice] if is_told else [])

    def test_not_of_dependencies_that_stay(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = update(tmp_path, {"pyproject.toml": UpdateOutcome.LEFT_OUT})
        assert len(told(found, capsys)) == 1

    def test_is_not_obeyed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (line,) = told(update(tmp_path, {FILE_NAME: UpdateOutcome.ADDED}), capsys)
        assert disobedient(line) == set()

    def test_has_colours(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Red is for what has to be settled, and yellow for what may have to."""
        file = io.StringIO()
        terminal = PrintableConsole(
            file=file, force_terminal=True, color_system="standard", soft_wrap=True
        )
        monkeypatch.setattr(console, "out", lambda: terminal)
        changing.tell(update(tmp_path, {each: each for each in UpdateOutcome}))
        found = re.findall(r"\x1b\[3(\d)m([a-z ]+?) *\x1b\[0m", file.getvalue())
        red, yellow, cyan = "1", "3", "6"
        assert {word: colour for colour, word in found} == {
            **dict.fromkeys(["added", "replaced", "merged", "removed"], cyan),
            "conflict": red,
            "kept": yellow,
            "left out": yellow,
        }


class TestExitCodeOfUpdate:
    @pytest.mark.parametrize("outcome", list(UpdateOutcome))
    def test_is_1_for_conflicts_alone(self, tmp_path: Path, outcome: UpdateOutcome) -> None:
        found = update(tmp_path, {"a": UpdateOutcome.ADDED, "b": outcome})
        assert changing.exit_code(found) == (outcome is UpdateOutcome.CONFLICT)

    def test_is_0_where_nothing_changes(self, tmp_path: Path) -> None:
        assert changing.exit_code(update(tmp_path, {})) == 0


class TestAbandoned:
    def test_folders_are_told_as_the_user_types_them(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name in (".tornkit-new-b", ".tornkit-new-a", "other"):
            (tmp_path / name).mkdir()
        changing.tell_abandoned(tmp_path, "demo")
        captured = capsys.readouterr()
        first, second = captured.err.splitlines()
        assert captured.out == ""
        assert first == (
            "demo/.tornkit-new-a is left of a change that was ended midway, with files of before: "
            "look whether one is missing, then remove it"
        )
        assert second.startswith("demo/.tornkit-new-b is left")

    def test_none_are_there(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        changing.tell_abandoned(tmp_path, "demo")
        assert capsys.readouterr() == ("", "")

    def test_a_name_is_not_obeyed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / f".tornkit-new-{FILE_NAME}").mkdir()
        changing.tell_abandoned(tmp_path, "[red]demo")
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("[red]demo/.tornkit-new-")
        assert disobedient(line) == set()


def test_git_is_asked_of_all_that_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[PurePosixPath] = []

    def changed_since_commit(folder: Path, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
        assert folder == tmp_path
        asked.extend(paths)
        return asked[1:]

    monkeypatch.setattr(repository, "changed_since_commit", changed_since_commit)
    changes = update(tmp_path, {}, written=["a", "b/c"], removed=["d"]).changes
    assert changing.uncommitted(changes) == ["demo/b/c", "demo/d"]
    assert asked == [PurePosixPath("a"), PurePosixPath("b/c"), PurePosixPath("d")]


@click.command("update")
@click.option("--force", is_flag=True)
@changing.project_option()
def shows_options(force: bool, project: Path) -> None:
    click.echo(f"{project!s} {force}")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(shows_options, arguments, prog_name="update")


class TestProjectOption:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The current folder; below it a project whose settings force."""
        (tmp_path / "demo").mkdir()
        settings = "[tool.tornkit.update]\nforce = true\n"
        (tmp_path / "demo" / "pyproject.toml").write_text(settings)
        (tmp_path / "pyproject.toml").write_text("[tool.tornkit]\n")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    def test_is_the_current_folder_without(self) -> None:
        assert run().output == ". False\n"

    def test_has_the_settings_of_that_folder(self) -> None:
        """Also where it stands behind the options that they set."""
        assert run("--project", "demo").output == "demo True\n"

    def test_settings_of_the_current_one_are_none_of_its(self, folder: Path) -> None:
        (folder / "demo" / "pyproject.toml").replace(folder / "pyproject.toml")
        (folder / "demo" / "pyproject.toml").write_text("[tool.tornkit]\n")
        assert run().output == ". True\n"
        assert run("--project", "demo").output == "demo False\n"

    @pytest.mark.parametrize("place", ["none", "pyproject.toml"])
    def test_takes_a_folder_alone(self, place: str) -> None:
        result = run("--project", place)
        assert result.exit_code == 2
        assert "--project" in result.output
