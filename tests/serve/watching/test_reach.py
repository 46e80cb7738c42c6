from __future__ import annotations

from pathlib import Path

import pytest

from tornkit.serve.watching.reach import Coverage, Reach


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("project/app/views", "project/node_modules/x", "project/.git", "elsewhere/deep"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "project/venv").mkdir()
    (tmp_path / "project/venv/pyvenv.cfg").touch()
    return tmp_path


def reach_of(*deep: Path, flat: tuple[Path, ...] = ()) -> tuple[Reach, set[str]]:
    reach = Reach()
    roots = reach.take(Coverage(frozenset(map(str, deep)), frozenset(map(str, flat))))
    reach.roots.update(dict.fromkeys(roots))
    return reach, roots


def test_a_folder_below_a_deep_one_is_no_root(tree: Path) -> None:
    project = tree / "project"
    _, roots = reach_of(project, flat=(project / "app", tree / "elsewhere"))
    assert roots == {str(project), str(tree / "elsewhere")}


@pytest.mark.parametrize("name", ["node_modules/x", "venv", ".git"])
def test_one_below_what_is_passed_over_is_a_root(tree: Path, name: str) -> None:
    wanted = tree / "project" / name
    _, roots = reach_of(tree / "project", flat=(wanted,))
    assert str(wanted) in roots


def test_one_that_is_left_out_is_a_root_if_it_is_asked_for(tree: Path) -> None:
    reach = Reach()
    views = str(tree / "project/app/views")
    left_out = str(tree / "project/app")
    coverage = Coverage(
        frozenset({str(tree / "project")}),
        frozenset({views}),
        left_out=lambda folder: folder == left_out,
    )
    assert views in reach.take(coverage)


def test_what_is_gone_into(tree: Path) -> None:
    project = tree / "project"
    reach, _ = reach_of(project)
    assert reach.is_wanted(str(project / "app"), "app")
    assert not reach.is_wanted(str(project / "node_modules"), "node_modules")
    assert reach.is_wanted(str(project), "project"), "a root, whatever its name"


def test_a_link_out_is_followed_by_one_name(tree: Path) -> None:
    project = tree / "project"
    for name in ("first", "second"):
        (project / name).symlink_to(tree / "elsewhere")
    (project / "round").symlink_to(project)
    (project / "up").symlink_to(tree)
    reach, _ = reach_of(project)
    assert reach.is_wanted(str(project / "first"), "first")
    assert not reach.is_wanted(str(project / "second"), "second"), "told of by the first"
    assert not reach.is_wanted(str(project / "round"), "round")
    assert not reach.is_wanted(str(project / "up"), "up"), "above what is watched"
    reach.forget_links(str(project / "first"))
    assert reach.is_wanted(str(project / "second"), "second")


def test_an_environment_is_known_by_its_mark(tree: Path) -> None:
    assert Reach.is_unedited(str(tree / "project/venv"))
    assert not Reach.is_unedited(str(tree / "project/app"))
