"""Additions to a project that was made without them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

import tornkit
from tests.scaffold.folders import answers, fill, snapshot
from tornkit.errors import ConflictError, UsageError
from tornkit.scaffold import adding, history, plan, writing
from tornkit.scaffold.adding import Addition
from tornkit.scaffold.answers import read
from tornkit.scaffold.existing import FileFate, Manner
from tornkit.scaffold.updating import UpdateOutcome

ASKS = 'always\n@@ if "docker" in features\nwith docker\n@@ end\nlast\n'
LAYERS: dict[str, str | bytes] = {
    "common/README.md.tmpl": ASKS,
    "common/app.py": "app\n",
    "with/docker/Dockerfile": "FROM\n",
    "with/docker/dot-dockerignore": ".git\n.venv\n",
    "with/nginx/nginx.conf": "server\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    layers = fill(tmp_path / "layers", LAYERS)
    monkeypatch.setattr(plan, "templates", lambda: layers)
    return made(tmp_path / "demo")


def made(root: Path, *features: str) -> Path:
    given = answers(tornkit.__version__, *features)
    files = plan.files_of(given, plan.templates())
    return fill(root, {str(file.path): file.content for file in files})


def add(root: Path, *features: str, manner: Manner = Manner.REFUSE) -> Addition:
    addition = adding.added(root, "demo", frozenset(features), manner)
    addition.own.check()
    writing.write(addition.changes)
    return addition


def test_it_is_as_if_it_had_been_there_from_the_start(root: Path, tmp_path: Path) -> None:
    add(root, "docker")
    add(root, "nginx")
    assert snapshot(root) == snapshot(made(tmp_path / "other", "docker", "nginx"))


def test_edits_are_kept(root: Path) -> None:
    fill(root, {"README.md": "mine\nalways\nlast\n", "app.py": "mine\n"})
    addition = add(root, "docker")
    assert (root / "README.md").read_text() == "mine\nalways\nwith docker\nlast\n"
    assert (root / "app.py").read_text() == "mine\n"
    assert addition.rest.outcomes == {PurePosixPath("README.md"): UpdateOutcome.MERGED}


def test_conflicts_are_marked(root: Path) -> None:
    fill(root, {"README.md": "always\nmine\nlast\n"})
    addition = add(root, "docker")
    assert addition.rest.having(UpdateOutcome.CONFLICT) == (PurePosixPath("README.md"),)
    text = (root / "README.md").read_text()
    assert f">>>>>>> tornkit {tornkit.__version__} with docker\n" in text


def test_files_in_the_way(root: Path) -> None:
    fill(root, {"Dockerfile": "mine\n", ".dockerignore": "mine\n"})
    before = snapshot(root)
    with pytest.raises(ConflictError) as caught:
        add(root, "docker")
    assert caught.value.paths == ("demo/Dockerfile",)
    assert snapshot(root) == before
    add(root, "docker", manner=Manner.KEEP)
    assert (root / "Dockerfile").read_text() == "mine\n"
    assert (root / ".dockerignore").read_text() == "mine\n\n.git\n.venv\n"
    assert read(root).kept == ("Dockerfile",)


def test_force_overwrites_them(root: Path) -> None:
    fill(root, {"Dockerfile": "mine\n"})
    addition = add(root, "docker", manner=Manner.OVERWRITE)
    assert addition.own.having(FileFate.OVERWRITTEN) == (PurePosixPath("Dockerfile"),)
    assert (root / "Dockerfile").read_text() == "FROM\n"


def test_what_is_missing_of_it_comes_back_and_the_rest_stays(root: Path) -> None:
    add(root, "docker")
    (root / "Dockerfile").unlink()
    fill(root, {".dockerignore": "mine\n"})
    add(root, "docker")
    assert (root / "Dockerfile").read_text() == "FROM\n"
    assert (root / ".dockerignore").read_text() == "mine\n"
    assert adding.added(root, "demo", frozenset({"docker"})).changes.files == ()


def test_it_is_of_the_version_that_made_the_project(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = '{"templates": {"site": ["common"]}, "features": {"docker": "with/docker"}}'
    old = {**LAYERS, "catalogue.json": listed, "with/docker/Dockerfile": "FROM old\n"}
    layers = fill(tmp_path / "old", old)
    archives = fill(tmp_path / "archives", {"0.0.1.zip": history.archived(layers)})
    monkeypatch.setattr(history, "folder", lambda: archives)
    fill(root, {".tornkit.toml": answers("0.0.1").dump()})
    add(root, "docker")
    assert (root / "Dockerfile").read_text() == "FROM old\n"
    assert read(root).version == "0.0.1"
    with pytest.raises(UsageError, match=r"had no nginx: run tornkit update first"):
        add(root, "nginx")


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        add(tmp_path, "docker")
