"""Every template with every combination of additions: all is rendered, and parses as what it is."""

from __future__ import annotations

import functools
import itertools
import json
import tomllib
from collections.abc import Iterator

import pytest
import yaml

from tornkit.scaffold import catalogue, names, plan
from tornkit.scaffold.answers import Answers

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600)]


def combinations() -> Iterator[frozenset[str]]:
    for count in range(len(catalogue.FEATURES) + 1):
        yield from map(frozenset, itertools.combinations(catalogue.FEATURES, count))


@functools.cache
def check(suffix: str, content: bytes) -> None:
    """Parse one file; most are alike in most combinations."""
    text = content.decode()
    assert "@@" not in text
    if suffix == ".py":
        compile(text, "project", "exec", dont_inherit=True)
    elif suffix == ".json":
        json.loads(text)
    elif suffix == ".toml":
        tomllib.loads(text)
    elif suffix in (".yml", ".yaml"):
        list(yaml.safe_load_all(text))


@pytest.mark.parametrize("template", catalogue.TEMPLATES)
def test_every_combination(template: str) -> None:
    given = names.parse("my-board")
    count = 0
    for features in combinations():
        answers = Answers(given, template, features, "tornkit>=0")
        for file in plan.files_of(answers, plan.templates()):
            if file.path.suffix != ".ico":
                check(file.path.suffix, file.content)
        count += 1
    assert count == 2 ** len(catalogue.FEATURES)
