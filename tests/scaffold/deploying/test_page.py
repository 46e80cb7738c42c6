"""docs/deploying.md: it names every addition, and files and times that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.scaffold.deploying.projects import text, texts
from tornkit.cli.serve import command as serve
from tornkit.scaffold.catalogue import FEATURES

PAGE = Path(__file__).parents[3] / "docs" / "deploying.md"
CONTENT = PAGE.read_text()
ROWS = re.findall(r"^\| (\[`.*?) \| (`.*?) \|", CONTENT, re.MULTILINE)


def test_it_has_each_addition() -> None:
    named = [name for cell, _ in ROWS for name in re.findall(r"\[`([\w-]+)`\]", cell)]
    assert sorted(named) == sorted(FEATURES)
    headings = {heading.lower() for heading in re.findall(r"^## (.*)$", CONTENT, re.MULTILINE)}
    for anchor in re.findall(r"\]\(#([\w-]+)\)", CONTENT):
        assert anchor in headings


@pytest.mark.parametrize(("cell", "files"), ROWS)
def test_it_names_their_files(cell: str, files: str) -> None:
    features = re.findall(r"\[`([\w-]+)`\]", cell)
    given = texts("site", *features)
    named = re.findall(r"`([^`]+)`", files)
    for name in named:
        assert any(path == name or path.startswith(name) for path in given), name
    for path in given:
        assert any(path == name or path.startswith(name) for name in named), path


def commands(section: str) -> list[list[str]]:
    """The commands of a section's shell block, word by word."""
    block = re.search(rf"^## {section}\n\n```sh\n(.*?)```", CONTENT, re.DOTALL | re.MULTILINE)
    assert block
    lines = re.split(r"\n| && ", block[1])
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_what_serves_is_what_the_image_runs() -> None:
    (command,) = commands("What all have in common")
    assert f"CMD {command}".replace("'", '"') in text("Dockerfile", "site", "docker")
    known = {option for each in serve.params for option in each.opts + each.secondary_opts}
    named = set(re.findall(r"`(--[a-z-]+)", CONTENT))
    others = {"--with", "--read-only"}
    assert named - others <= known


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ("systemd", "deploy/systemd/my_board.service"),
        ("nginx", "deploy/nginx/my_board.conf"),
        ("Kubernetes", "deploy/k8s/kustomization.yaml"),
    ],
)
def test_commands_are_those_of_the_file_itself(section: str, path: str) -> None:
    head = text(path, "site").split("\n[Unit]")[0].partition("\napiVersion")[0]
    told = " ".join(re.sub(r"\\\n|[#']", " ", head).split())
    for words in commands(section):
        line = " ".join(words)
        for name in ("my_board", "my-board"):
            if line.replace("demo", name) in told:
                break
        else:
            # Of a secret the page has the names alone.
            assert words[:4] == ["kubectl", "create", "secret", "generic"], line


def test_times_are_those_of_the_files() -> None:
    pod = yaml.safe_load(text("deploy/k8s/deployment.yaml", "site"))["spec"]["template"]["spec"]
    assert f"{pod['terminationGracePeriodSeconds']} seconds in all" in CONTENT
    drain = yaml.safe_load(text("config/deploy.yml", "site"))["drain_timeout"]
    assert f"the old one has {drain} seconds" in " ".join(CONTENT.split())
