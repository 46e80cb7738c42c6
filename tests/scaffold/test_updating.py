"""Updates of a project's folder: each file's way, and random stories with their laws."""

from __future__ import annotations

import random
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

import tornkit
from tests.marks import some_of_many
from tests.scaffold.folders import answers, fill, planned, snapshot
from tornkit.errors import ConflictError, TornkitError, UsageError
from tornkit.scaffold import history, plan, updating, writing
from tornkit.scaffold.answers import FILE
from tornkit.scaffold.updating import Update, UpdateOutcome
from tornkit.scaffold.writing import Changes

Files = Mapping[str, str | bytes]


def updated(root: Path, base: Files, new: Files, kept: tuple[str, ...] = ()) -> Update:
    """The update from version 1 to 2; not written yet."""
    old = (answers("1.0"), planned(base))
    given = answers("2.0")
    later = (type(given)(**{**vars(given), "kept": kept}), planned(new))
    return updating.update(Changes(root, "demo", ()), old, later)


def carried_out(root: Path, base: Files, new: Files) -> dict[str, str]:
    """Carry out the update; the outcome of each file that has one."""
    update = updated(root, base, new)
    writing.write(update.changes)
    return {str(path): str(outcome) for path, outcome in update.outcomes.items()}


MARKED = "<<<<<<< yours\nmine\n=======\n2\n>>>>>>> tornkit 2.0\n"


class TestEachWay:
    @pytest.mark.parametrize(
        ("base", "yours", "new", "outcome", "left"),
        [
            ("1\n", "1\n", "2\n", "replaced", "2\n"),
            ("1\n", "2\n", "2\n", None, "2\n"),
            ("1\n", "mine\n", "1\n", None, "mine\n"),
            ("1\n\n3\n", "1\n\nmine\n", "2\n\n3\n", "merged", "2\n\nmine\n"),
            ("1\n", "mine\n", "2\n", "conflict", MARKED),
            ("1\n", None, "2\n", "left out", None),
            ("1\n", None, "1\n", None, None),
            ("1\n", None, None, None, None),
            ("1\n", "1\n", None, "removed", None),
            ("1\n", "mine\n", None, "kept", "mine\n"),
            (None, None, "2\n", "added", "2\n"),
            (None, "2\n", "2\n", None, "2\n"),
            (None, "mine\n", "2\n", "conflict", MARKED),
            ("1\n", "1\r\n", "2\n", "replaced", "2\r\n"),
            ("1\n", "1\r\n", None, "removed", None),
            ("1\0", "1\0", "2\0", "replaced", "2\0"),
            ("1\0", "mine\0", "2\0", "conflict", "mine\0"),
        ],
    )  # fmt: skip
    def test_way(
        self,
        tmp_path: Path,
        base: str | None,
        yours: str | None,
        new: str | None,
        outcome: str | None,
        left: str | None,
    ) -> None:
        fill(tmp_path, {"folder/file": yours} if yours is not None else {})
        told = carried_out(
            tmp_path,
            {"folder/file": base} if base is not None else {},
            {"folder/file": new} if new is not None else {},
        )
        assert told == ({"folder/file": outcome} if outcome else {})
        place = tmp_path / "folder" / "file"
        assert (place.read_bytes().decode() if place.exists() else None) == left

    def test_a_link_in_the_place_of_a_file_is_the_users(self, tmp_path: Path) -> None:
        fill(tmp_path, {"mine": "x"})
        (tmp_path / "file").symlink_to("mine")
        assert carried_out(tmp_path, {"file": "1"}, {"file": "2"}) == {"file": "kept"}
        assert snapshot(tmp_path) == {"file": "-> mine", "mine": b"x"}

    def test_a_file_that_was_there_before_the_project(self, tmp_path: Path) -> None:
        fill(tmp_path, {"README.md": "mine"})
        update = updated(tmp_path, {"README.md": "1"}, {"README.md": "2"}, ("README.md",))
        assert (update.outcomes, update.changes.files) == ({}, ())

    def test_a_list_of_lines_has_no_conflict(self, tmp_path: Path) -> None:
        fill(tmp_path, {".gitignore": "*.log\nold\n"})
        told = carried_out(tmp_path, {".gitignore": "a\nb\n"}, {".gitignore": "a\nb\nc\n"})
        assert told == {".gitignore": "merged"}
        assert (tmp_path / ".gitignore").read_text() == "*.log\nold\n\nc\n"

    def test_the_record_is_always_the_new_one(self, tmp_path: Path) -> None:
        fill(tmp_path, {FILE: "edited"})
        assert carried_out(tmp_path, {FILE: "1"}, {FILE: "2"}) == {}
        assert (tmp_path / FILE).read_text() == "2"

    def test_permissions(self, tmp_path: Path) -> None:
        fill(tmp_path, {"mine": "1", "script": "1"})
        (tmp_path / "mine").chmod(0o600)
        carried_out(tmp_path, {"mine": "1", "script": "1"}, {"mine": "2", "script": "#!/bin/sh\n"})
        assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o600
        assert (tmp_path / "script").stat().st_mode & stat.S_IXUSR


def test_unsettled_conflicts_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, {"a": "mine\n", "b": "1\n"})
    assert carried_out(tmp_path, {"a": "1\n", "b": "1\n"}, {"a": "2\n", "b": "2\n"}) == {
        "a": "conflict",
        "b": "replaced",
    }
    before = snapshot(tmp_path)
    with pytest.raises(ConflictError, match="1 file has conflicts") as caught:
        updated(tmp_path, {"a": "2\n"}, {"a": "3\n"})
    assert caught.value.paths == ("demo/a",)
    assert snapshot(tmp_path) == before


# ---- stories ----


class Story:
    """A small project of version 1, what the templates made of it, and what a person did to it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.count = 0
        paths = [f"{folder}{name}" for folder in ("", "a/", "a/b/") for name in ("x", "y", "z")]
        self.base = {path: self.text("base") for path in self.chance.sample(paths, 6)}
        self.new = {
            path: self.edited(text, "new")
            for path, text in self.base.items()
            if self.chance.random() > 0.1
        }
        self.yours = {
            path: self.edited(text, "yours")
            for path, text in self.base.items()
            if self.chance.random() > 0.15
        }
        for path in paths:
            if path not in self.base:
                for side, mark in ((self.new, "new"), (self.yours, "yours")):
                    if self.chance.random() < 0.3:
                        side[path] = self.text(mark)

    def line(self, mark: str) -> str:
        self.count += 1
        return f"{mark} {self.count}\n"

    def text(self, mark: str) -> str:
        return "".join(self.line(mark) for _ in range(self.chance.randrange(12)))

    def edited(self, text: str, mark: str) -> str:
        if self.chance.random() < 0.3:
            return text
        lines = [line for line in text.splitlines(True) if self.chance.random() > 0.15]
        for _ in range(self.chance.randrange(3)):
            lines.insert(self.chance.randint(0, len(lines)), self.line(mark))
        return "".join(lines)


@pytest.mark.parametrize("block", some_of_many(50, ordinary=4))
def test_stories(block: int, tmp_path: Path) -> None:
    for seed in range(block * 40, block * 40 + 40):
        hold_laws(seed, tmp_path / str(seed))


def hold_laws(seed: int, root: Path) -> None:
    story = Story(seed)
    root.mkdir()
    fill(root, story.yours)
    update = updated(root, story.base, story.new)
    writing.write(update.changes)
    found = {
        path: content.decode()
        for path, content in snapshot(root).items()
        if isinstance(content, bytes)
    }
    for path, text in story.yours.items():
        base, new = story.base.get(path), story.new.get(path)
        written = {line for line in text.splitlines() if line.startswith("yours")}
        assert written <= set(found.get(path, "").splitlines()), "nothing of the user's is lost"
        if text == base:
            assert found.get(path) == new, "an untouched file is the new one"
        if base == new:
            assert found[path] == text, "what the templates left alone is left alone"
        if path in found and new is not None:
            theirs = {line for line in new.splitlines() if line.startswith("new")}
            assert theirs <= set(found[path].splitlines())
    for path in story.base.keys() - story.yours.keys():
        assert path not in found, "what the user deleted stays deleted"
    for path in story.new.keys() - story.base.keys() - story.yours.keys():
        assert found[path] == story.new[path]
    marked = {path for path, text in found.items() if "<<<<<<<" in text}
    assert {str(path) for path in update.having(UpdateOutcome.CONFLICT)} == marked
    again_refused = False
    try:
        again = updated(root, story.new, story.new)
    except ConflictError:
        again_refused = True
    else:
        assert (again.outcomes, again.changes.files, again.changes.removed) == ({}, (), ())
    assert again_refused is bool(marked & (story.new.keys() | story.base.keys()))


# ---- whole projects ----


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of tornkit 0.0.1, whose templates were today's but for a few lines."""
    layers = tmp_path / "layers"
    old = {
        "style.css": (b"", b"/* old */\n"),
        "AGENTS.md.tmpl": (b"# Working on this project\n", b"# Working on it\n"),
    }
    for path, content in plan.files_in(plan.templates(), PurePosixPath()):
        now, then = old.get(path.name, (b"", b""))
        fill(layers, {str(path): content.replace(now, then, 1)})
    archives = fill(tmp_path / "archives", {"0.0.1.zip": history.archived(layers)})
    monkeypatch.setattr(history, "folder", lambda: archives)
    given = answers("0.0.1", "docker")
    files = {str(file.path): file.content for file in plan.files_of(given, layers)}
    return fill(tmp_path / "demo", files)


def test_a_project_of_an_earlier_version(earlier: Path) -> None:
    agents = earlier / "AGENTS.md"
    agents.write_text(agents.read_text() + "\nMine.\n")
    (earlier / "Dockerfile").unlink()
    update = updating.to_this_version(earlier, "demo")
    assert update.before.version == "0.0.1"
    assert update.after.version == tornkit.__version__
    assert {str(path): str(each) for path, each in update.outcomes.items()} == {
        "AGENTS.md": "merged",
        "demo/static/style.css": "replaced",
        "pyproject.toml": "replaced",  # which asks for this tornkit
    }
    writing.write(update.changes)
    assert agents.read_text().startswith("# Working on this project\n")
    assert agents.read_text().endswith("\nMine.\n")
    assert f"tornkit>={tornkit.__version__}" in (earlier / "pyproject.toml").read_text()
    assert not (earlier / "Dockerfile").exists()
    after = snapshot(earlier)
    again = updating.to_this_version(earlier, "demo")
    assert (again.outcomes, again.changes.files) == ({}, ())
    writing.write(again.changes)
    assert snapshot(earlier) == after


def test_versions_that_are_not_here(earlier: Path) -> None:
    record = earlier / FILE
    for version, reason in (("9.0", "install that or a later one"), ("0.0.0", "does not have")):
        record.write_text(answers(version).dump())
        with pytest.raises(TornkitError, match=reason):
            updating.to_this_version(earlier, "demo")


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        updating.to_this_version(tmp_path, ".")
