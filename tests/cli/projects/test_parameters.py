"""Names of templates and additions: values, mistakes, completion."""

from __future__ import annotations

import click
import pytest

from tornkit.cli.add import command as add_command
from tornkit.cli.new import command as new_command
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


def completed(command: click.Command, *words: str) -> list[str]:
    """What a shell would offer for the last word."""
    *before, begun = words
    complete = click.shell_completion.ShellComplete(command, {}, "tornkit", "_TORNKIT_COMPLETE")
    return [item.value for item in complete.get_completions(before, begun)]


def test_completion() -> None:
    assert completed(new_command, "demo", "--template", "") == list(catalogue.TEMPLATES)
    assert completed(new_command, "demo", "--template", "re") == ["realtime"]
    assert completed(new_command, "demo", "--with", "dock") == ["docker"]
    assert completed(new_command, "demo", "--with", "docker,d") == ["docker,devcontainer"]
    assert completed(add_command, "") == ["handler", *catalogue.FEATURES]
    assert completed(add_command, "docker", "d") == ["devcontainer"]
    assert completed(add_command, "handler", "d") == []


def test_completion_tells_what_each_is() -> None:
    complete = click.shell_completion.ShellComplete(new_command, {}, "t", "_T")
    items = complete.get_completions(["demo", "--template"], "api")
    assert [item.help for item in items] == [catalogue.TEMPLATES["api"].summary]
