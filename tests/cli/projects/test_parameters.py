"""Names of templates and additions: values, mistakes, completion."""

from __future__ import annotations

import click
import pytest

from tornkit.cli import tornkit
from tornkit.cli.projects.parameters import FeatureNames, TemplateName
from tornkit.scaffold import catalogue


def test_values() -> None:
    assert TemplateName().convert(" site ", None, None) == "site"
    assert FeatureNames().convert("docker, nginx,", None, None) == ("docker", "nginx")
    assert FeatureNames().convert(("k8s",), None, None) == ("k8s",)


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (TemplateName(), "sit", "there is no template 'sit': did you mean site?"),
        (TemplateName(), "x", "there are minimal, site, api, realtime"),
        (FeatureNames(), "docker,NGNX", "there is no addition 'NGNX': did you mean nginx?"),
        (FeatureNames(), "x", "there are docker, compose"),
    ],
)
def test_mistakes(kind: TemplateName | FeatureNames, value: str, told: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        kind.convert(value, None, None)
    assert told in caught.value.message


def offered(*words: str) -> list[click.shell_completion.CompletionItem]:
    """What a shell would offer for the last word, behind ``tornkit``."""
    *before, begun = words
    complete = click.shell_completion.ShellComplete(tornkit, {}, "tornkit", "_TORNKIT_COMPLETE")
    return complete.get_completions(before, begun)


def completed(*words: str) -> list[str]:
    return [item.value for item in offered(*words)]


def test_completion() -> None:
    assert completed("new", "demo", "--template", "") == list(catalogue.TEMPLATES)
    assert completed("new", "demo", "--template", "re") == ["realtime"]
    assert completed("new", "demo", "--with", "dock") == ["docker"]
    assert completed("new", "demo", "--with", "docker,d") == ["docker,devcontainer"]
    assert completed("add", "") == ["handler", *catalogue.FEATURES]
    assert completed("add", "docker", "d") == ["devcontainer"]
    assert completed("add", "handler", "d") == []


def test_completion_tells_what_each_is() -> None:
    items = offered("new", "demo", "--template", "api")
    assert [item.help for item in items] == [catalogue.TEMPLATES["api"].summary]
