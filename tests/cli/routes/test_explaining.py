from __future__ import annotations

import textwrap

import pytest

from tests.cli.routes.checked import Project
from tornkit.cli.routes.explaining import page
from tornkit.routing.findings.codes import CODES
from tornkit.routing.findings.explanations import explanation
from tornkit.routing.render.findings import text


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained_without_an_application(project: Project, code: str) -> None:
    done = project.run("--explain", code)
    assert done.exit_code == 0
    heading, _, body = done.stdout.partition("\n")
    assert heading == f"{code}  {CODES[code].severity.value}  {CODES[code].title}"
    explained = explanation(code)
    for example in (explained.example, explained.mended):
        assert textwrap.indent(example, "    ") in body
    for prose in (explained.meaning, explained.cure):
        assert " ".join(prose.split()) in " ".join(body.split())
    assert project.loaded == 0


def test_in_any_case_and_with_any_application(project: Project) -> None:
    assert project.run("--explain", "tk201").stdout == project.run("--explain", "TK201").stdout
    assert project.run("nowhere.py", "--explain", "TK201").exit_code == 0


def test_an_unknown_code(project: Project) -> None:
    done = project.run("--explain", "TK9")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"error: no code 'TK9'; there are {', '.join(CODES)}\n"


def test_a_broken_pyproject_does_not_matter(project: Project) -> None:
    (project.folder / "pyproject.toml").write_text("[tool")
    assert project.run("--explain", "TK201").exit_code == 0


def test_that_a_code_is_off_is_said() -> None:
    told = [
        code for code in CODES if "Off unless" in text(page(CODES[code], explanation(code), 80))
    ]
    assert told == ["TK203"]


@pytest.mark.parametrize("width", [40, 72])
def test_paragraphs_are_wrapped_and_code_is_not(width: int) -> None:
    for code in CODES.values():
        lines = text(page(code, explanation(code.code), width)).splitlines()[1:]
        prose = [line for line in lines if not line.startswith("    ")]
        assert max(map(len, prose)) <= width


def test_on_a_narrow_terminal(project: Project) -> None:
    done = project.run("--explain", "TK201", COLUMNS="44")
    prose = [line for line in done.stdout.splitlines()[1:] if not line.startswith("    ")]
    assert 30 < max(map(len, prose)) <= 44
