"""The sample project: what the template gives, to the byte, and lines more in a few files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scaffold import sample
from tornkit.scaffold import plan
from tornkit.scaffold.updating import UpdateOutcome


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample project, to be changed."""
    return sample.copy(tmp_path)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_it_is_what_the_template_gives() -> None:
    lacking = sample.missing(sample.PROJECT)
    assert not lacking, f"`python -m tests.scaffold.sample` brings it in: {lacking}"


def test_each_file_that_is_listed_has_lines_more() -> None:
    assert sorted(sample.EXTENDED) == sorted(
        line.partition(" is not what")[0] for line in sample.missing(sample.PROJECT, {})
    )


@pytest.mark.parametrize(
    ("path", "edit", "told"),
    [
        (
            "board/logs.py",
            lambda file: file.write_text(file.read_text() + "\n"),
            "board/logs.py is not what the template gives",
        ),
        (
            "board/tokens.py",
            lambda file: change(file, "80", "81"),
            "board/tokens.py is not what the template gives",
        ),
        ("AGENTS.md", Path.unlink, "AGENTS.md is missing"),
        (
            "board/app.py",
            lambda file: change(file, '"xsrf_cookies": True', '"xsrf_cookies": False'),
            'board/app.py lacks what the template has:         "xsrf_cookies": True,',
        ),
        (
            "board/templates/base.html",
            # The template's lines are all there, in another order.
            lambda file: file.write_text(
                "    <main>\n" + file.read_text().replace("    <main>\n", "")
            ),
            "board/templates/base.html lacks what the template has",
        ),
        (
            "board/settings.py",
            lambda file: change(
                file, "import re\n", "<<<<<<< yours\nimport re\n=======\n>>>>>>> theirs\n"
            ),
            "board/settings.py has conflicts that are not settled",
        ),
        (
            ".tornkit.toml",
            lambda file: change(file, 'version = "', 'version = "0.0'),
            "tornkit update --project sample_project",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" in value else "",
)
def test_a_difference_is_told(
    project: Path, path: str, edit: Callable[[Path], None], told: str
) -> None:
    assert sample.missing(project) == []
    edit(project / path)
    (line,) = sample.missing(project)
    assert told in line


def test_what_a_template_has_changed_is_brought_in(project: Path, tmp_path: Path) -> None:
    """As if templates had been otherwise until now, and the sample project with them."""
    earlier = tmp_path / "templates"
    shutil.copytree(str(plan.templates()), earlier)
    for path in ("logs.py", "app.py"):  # one to the byte, and one that is extended
        for file in (earlier / f"package/PACKAGE/{path}.tmpl", project / "board" / path):
            change(file, "import logging\n", "import logging as logging\n")
    assert len(sample.missing(project)) == 2
    (project / "AGENTS.md").unlink()
    update = sample.bring_in(project, earlier)
    assert sorted(update.outcomes.values()) == [
        UpdateOutcome.ADDED,
        UpdateOutcome.MERGED,
        UpdateOutcome.REPLACED,
    ]
    assert sample.missing(project) == []
    assert (project / "board/app.py").read_bytes() == (sample.PROJECT / "board/app.py").read_bytes()
