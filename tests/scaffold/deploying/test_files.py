"""Each file of each addition to each template: where it is, and that it is what its name says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import PurePosixPath

import pytest
import yaml

from tests.scaffold.deploying.projects import (
    FROM_INDEX,
    PACKAGE,
    REQUIREMENTS,
    each_requirement,
    each_template,
    files,
    texts,
)
from tornkit.scaffold.catalogue import FEATURES, TEMPLATES

# What each addition gives, where it gives anything more or less to some templates than to others.
GIVES: dict[str, tuple[str, ...]] = {
    "docker": (".dockerignore", "Dockerfile"),
    "compose": ("compose.yaml",),
    "systemd": (f"deploy/systemd/{PACKAGE}.service", f"deploy/systemd/{PACKAGE}.socket"),
    "nginx": (f"deploy/nginx/{PACKAGE}.conf",),
    "k8s": tuple(
        f"deploy/k8s/{name}.yaml"
        for name in (
            *("autoscaler", "config", "deployment", "disruption-budget", "kustomization"),
            "service",
        )
    ),
    "kamal": (".kamal/secrets", "config/deploy.yml"),
    "github": (".github/dependabot.yml", ".github/workflows/test.yml"),
    "vscode": tuple(
        f".vscode/{name}.json" for name in ("extensions", "launch", "settings", "tasks")
    ),
    "devcontainer": (".devcontainer/devcontainer.json",),
    "pre-commit": (".pre-commit-config.yaml",),
}
GIVES_TO: dict[tuple[str, str], tuple[str, ...]] = {
    ("docker", "site"): ("docker-entrypoint",),
    ("docker", "api"): ("docker-entrypoint",),
    ("docker", "realtime"): ("docker-entrypoint",),
    ("k8s", "site"): ("deploy/k8s/migrate.yaml", "deploy/k8s/secret.example.yaml"),
    ("k8s", "api"): ("deploy/k8s/migrate.yaml", "deploy/k8s/secret.example.yaml"),
    ("k8s", "realtime"): ("deploy/k8s/secret.example.yaml",),
    ("kamal", "site"): (".kamal/hooks/pre-deploy",),
    ("kamal", "api"): (".kamal/hooks/pre-deploy",),
}


def test_each_addition_is_known_here() -> None:
    assert GIVES.keys() == FEATURES.keys()


@each_template
@pytest.mark.parametrize("feature", FEATURES)
def test_an_addition_gives_its_files(template: str, feature: str) -> None:
    expected = {*GIVES[feature], *GIVES_TO.get((feature, template), ())}
    assert texts(template, feature).keys() == expected


@each_template
def test_none_takes_the_place_of_another(template: str) -> None:
    apart = [path for feature in FEATURES for path in texts(template, feature)]
    assert sorted(apart) == sorted(texts(template)), "of all additions at once"
    whole = {str(file.path): file.content for file in files(template)}
    for path, content in texts(template).items():
        assert whole[path].decode() == content, "nor does a file of the template itself"


@each_template
@each_requirement
def test_each_file_is_what_its_name_says(template: str, requirement: str) -> None:
    alone = [(feature,) for feature in FEATURES] if requirement == FROM_INDEX else []
    for chosen in (*alone, tuple(FEATURES)):
        for path, content in texts(template, *chosen, requirement=requirement).items():
            assert content.endswith("\n"), path
            assert not [line for line in content.splitlines() if line != line.rstrip()], path
            assert "@@" not in content.replace("$POSTGRES_PASSWORD@", ""), path
            parse(path, content)


def parse(path: str, content: str) -> None:
    match PurePosixPath(path).suffix:
        case ".json":
            assert json.loads(content), path
        case ".yaml" | ".yml":
            assert all(yaml.safe_load_all(content)), path
        case "" if content.startswith("#!/bin/sh"):
            subprocess.run(["sh", "-n"], input=content, text=True, check=True, timeout=20)
        case _:
            pass


@each_template
def test_no_line_is_too_long_to_read(template: str) -> None:
    """But for those that can't be broken: commands within JSON or YAML."""
    for path, content in texts(template).items():
        comments = [line for line in content.splitlines() if line.lstrip().startswith("#")]
        assert [line for line in comments if len(line) > 105] == [], path


def test_the_words_of_a_comment_name_what_there_is() -> None:
    """Where a file tells of another one of the project, that one is there."""
    for template in TEMPLATES:
        given = texts(template)
        for path, content in given.items():
            for name in ("secret.example.yaml", "migrate.yaml", "docker-entrypoint"):
                if name in content and not path.endswith((name, ".dockerignore")):
                    assert any(each.endswith(name) for each in given), (template, path, name)


def test_a_project_from_an_index_says_nothing_of_folders() -> None:
    for template in TEMPLATES:
        for path, content in texts(template, requirement=FROM_INDEX).items():
            assert "from=tornkit" not in content, path
            assert "a folder of your machine" not in content, path


@pytest.mark.parametrize("requirement", REQUIREMENTS[1:3], ids=("folder", "wheel"))
def test_a_project_from_a_folder_says_how_it_is_built(requirement: str) -> None:
    folder = requirement.partition("file://")[2]
    folder = folder.rpartition("/")[0] if folder.endswith(".whl") else folder
    for template in TEMPLATES:
        given = texts(template, requirement=requirement)
        assert f"--mount=type=bind,from=tornkit,target={folder},rw" in given["Dockerfile"]
        assert f"--build-context tornkit={folder} " in given["Dockerfile"]
        compose = yaml.safe_load(given["compose.yaml"])
        contexts = compose["services"]["web"]["build"]["additional_contexts"]
        assert contexts == {"tornkit": folder}
        container = json.loads(given[".devcontainer/devcontainer.json"])
        assert container["mounts"] == [f"source={folder},target={folder},type=bind"]
        for path in (".github/workflows/test.yml", "config/deploy.yml"):
            assert "a folder of your machine" in " ".join(given[path].split()), path


@pytest.mark.parametrize(
    ("feature", "path"),
    [
        ("compose", "compose.yaml"),
        ("k8s", "deploy/k8s/kustomization.yaml"),
        ("kamal", "config/deploy.yml"),
    ],
)
def test_what_needs_an_image_says_where_one_comes_from(feature: str, path: str) -> None:
    assert "`tornkit add docker`" in texts("site", feature)[path]
    assert "`tornkit add docker`" not in texts("site", feature, "docker")[path]


def test_a_long_name_is_cut_where_it_must_be() -> None:
    """A user of Linux has 32 characters at most, a name in Kubernetes 63."""
    name = "An-" + "extraordinarily." * 3 + "long_name"
    given = texts("site", name=name)
    package = "an_" + "extraordinarily_" * 3 + "long_name"
    service = given[f"deploy/systemd/{package}.service"]
    users = re.findall(r"^User=(.*)$|nologin (.*)$|sudo -u (\S+)", service, re.MULTILINE)
    assert {user for found in users for user in found if user} == {package[:31]}
    for path, content in given.items():
        if path.startswith("deploy/k8s/"):
            named = re.findall(r"name: (an-\S+)", content)
            assert all(re.fullmatch(r"[a-z][a-z-]{0,61}[a-z]", each) for each in named), path
