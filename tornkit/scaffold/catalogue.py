"""Templates and additions that `tornkit new` has, and the layers of files each consists of.

A layer is a folder below ``templates/``. A project is its template's layers one over another (a
later one's file replaces an earlier one's of the same path), then one layer for each addition.
Files that differ only in part ask for ``template`` and ``features`` by statements of their own
(`tornkit.scaffold.rendering`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ProjectTemplate:
    """A kind of project: what it is, in one line, and its layers from the lowest up."""

    name: str
    summary: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Feature:
    """An addition to a project of any template (``--with``), in one line, and what it needs."""

    name: str
    summary: str
    needs: tuple[str, ...] = ()

    @property
    def layer(self) -> str:
        return f"with/{self.name}"


TEMPLATES = {
    template.name: template
    for template in (
        ProjectTemplate("minimal", "one file and a test", ("common", "minimal")),
        ProjectTemplate(
            "site",
            "pages, forms, sign-in and a database",
            ("common", "package", "store", "site"),
        ),
        ProjectTemplate(
            "api",
            "JSON that is validated, tokens, OpenAPI",
            ("common", "package", "store", "api"),
        ),
        ProjectTemplate(
            "realtime",
            "WebSockets, long polls and events, right with any number of workers",
            ("common", "package", "realtime"),
        ),
    )
}
DEFAULT = "site"

FEATURES = {
    feature.name: feature
    for feature in (
        Feature("docker", "Dockerfile: several stages, not as root, with a health check"),
        Feature("compose", "compose.yaml: the application, PostgreSQL and Redis", ("docker",)),
        Feature("systemd", "a service and its socket"),
        Feature("nginx", "nginx in front: TLS, WebSockets, static files, uploads"),
        Feature(
            "k8s", "Kubernetes: deployment, probes, autoscaler, disruption budget", ("docker",)
        ),
        Feature("kamal", "config/deploy.yml for Kamal", ("docker",)),
        Feature("github", "a workflow that tests each push, and Dependabot"),
        Feature("vscode", "settings, tasks and a debugger's configuration"),
        Feature("devcontainer", "a container to develop in"),
        Feature("pre-commit", "checks before each commit"),
    )
}


def with_needed(features: Iterable[str]) -> frozenset[str]:
    """The additions, and those that they are of no use without: compose needs an image."""
    return frozenset(each for feature in features for each in (feature, *FEATURES[feature].needs))


FILE = "catalogue.json"
"""Beside the layers of an earlier version (`tornkit.scaffold.history`): what it had of them."""


def dump() -> str:
    """This version's layers as JSON, for later versions to read."""
    document = {
        "templates": {name: list(template.layers) for name, template in TEMPLATES.items()},
        "features": {name: feature.layer for name, feature in FEATURES.items()},
    }
    return json.dumps(document, indent=1) + "\n"


def layers(
    template: str, features: frozenset[str], catalogue: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Folders below ``templates/``, from the lowest up.

    :param catalogue: of another version, as `dump` writes it.
    :raises KeyError: that version has no such template or feature.
    """
    known = json.loads(dump()) if catalogue is None else catalogue
    if missing := features - known["features"].keys():
        raise KeyError(min(missing))
    added = [layer for name, layer in known["features"].items() if name in features]
    return (*known["templates"][template], *added)
