"""What can be asked together."""

from __future__ import annotations

import pytest

from tests.cli.routes.checked import Project
from tornkit.cli.routes.options import FORMATS, Action


def refused(project: Project, words: str) -> str:
    """The line that says why."""
    done = project.run(*words.split())
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert project.loaded == 0
    return done.stderr.removeprefix("error: ").rstrip("\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--format sarif",
            "--format sarif goes with --check; the list has table, tree, json, md, csv and openapi",
        ),
        (
            "--check --format tree",
            "--format tree goes with the list; --check has table, json, github and sarif",
        ),
        (
            "--match /x --format csv",
            "--format csv goes with the list; --match has table and json",
        ),
        ("--header a:b", "--header goes with --match, not with the list"),
        ("--arg 7", "--arg goes with --reverse, not with the list"),
        ("--match /x --arg 7", "--arg goes with --reverse, not with --match"),
        ("--ignore TK5", "--ignore goes with --check, not with the list"),
        ("--fail-on error", "--fail-on goes with --check, not with the list"),
        ("--check --grep x", "--grep goes with the list, not with --check"),
        ("--reverse home --sort name", "--sort goes with the list, not with --reverse"),
        (
            "--reverse home --method GET",
            "--method goes with the list and --match, not with --reverse",
        ),
        (
            "--match /x --host a.com",
            "--host filters the list; give --match a full URL, such as http://HOST/PATH",
        ),
        ("--yes", "--yes goes with --check, not with the list"),
        ("--check --yes", "--yes goes with --fix"),
        ("--match /x --check", "--check and --match are different questions: ask one at a time"),
        ("--reverse a --diff b", "--reverse and --diff are different questions: ask one at a time"),
        (
            "--format json --columns name",
            "--format json has no columns to choose; table, tree, md and csv have",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(project: Project, words: str, said: str) -> None:
    assert refused(project, words) == said


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('ignore = ["TK5"]', ""),
        ('fail-on = "error"', ""),
        ('columns = ["name"]', "--format json"),
        ('sort = "name"', "--check"),
        ('format = "csv"', "--check"),
        ('format = "github"', ""),
    ],
)
def test_a_setting_for_something_else_is_left_alone(
    project: Project, setting: str, words: str
) -> None:
    project.settings(setting)
    done = project.run(*words.split())
    assert done.exit_code == 0, done.output
    assert done.stdout


def test_a_format_of_the_environment_gives_way(project: Project) -> None:
    plain = project.run().stdout
    assert project.run(TORNKIT_ROUTES_FORMAT="sarif").stdout == plain
    assert project.run(TORNKIT_ROUTES_FORMAT="csv").stdout != plain


def test_every_action_has_a_table() -> None:
    assert FORMATS.keys() == set(Action)
    assert all("table" in formats and "json" in formats for formats in FORMATS.values())


def test_an_unknown_format(project: Project) -> None:
    assert project.run("--format", "xml").exit_code == 2
