"""Templates, additions and their layers."""

from __future__ import annotations

import json

import pytest

from tornkit.scaffold import catalogue, plan


def test_layers_in_their_order() -> None:
    assert catalogue.layers("minimal", frozenset()) == ("common", "minimal")
    found = catalogue.layers("minimal", frozenset({"nginx", "docker"}))
    assert found == ("common", "minimal", "with/docker", "with/nginx")


def test_layers_of_another_version() -> None:
    other = {"templates": {"minimal": ["one"]}, "features": {"docker": "box"}}
    assert catalogue.layers("minimal", frozenset({"docker"}), other) == ("one", "box")
    for template, features in (("site", frozenset[str]()), ("minimal", frozenset({"k8s"}))):
        with pytest.raises(KeyError):
            catalogue.layers(template, features, other)


def test_what_is_dumped_means_the_same() -> None:
    known = json.loads(catalogue.dump())
    for template in catalogue.TEMPLATES:
        every = frozenset(catalogue.FEATURES)
        assert catalogue.layers(template, every, known) == catalogue.layers(template, every)


def test_every_layer_has_files() -> None:
    for template in catalogue.TEMPLATES:
        for layer in catalogue.layers(template, frozenset(catalogue.FEATURES)):
            assert (plan.templates() / layer).is_dir(), layer
