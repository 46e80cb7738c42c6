"""compose.yaml: by its schema, and what starts after what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scaffold.deploying.projects import (
    each_template,
    judge,
    text,
    tool,
    with_secret,
    with_store,
    write_each,
)
from tornkit.serve.config import ServeConfig


def services(template: str, *features: str) -> dict[str, Any]:
    document = yaml.safe_load(text("compose.yaml", template, *features or ("compose",)))
    found: dict[str, Any] = document["services"]
    return found


@pytest.mark.thorough
def test_its_schema_holds(tmp_path: Path) -> None:
    paths = write_each(tmp_path, "compose.yaml", ("compose",))
    judge(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *paths)


@each_template
def test_what_a_template_needs_is_there(template: str) -> None:
    expected = {"web"}
    if template in with_store:
        expected |= {"postgres", "migrate"}
    if template == "realtime":
        expected |= {"redis"}
    assert services(template).keys() == expected


@each_template
def test_web_waits_for_the_rest(template: str) -> None:
    found = services(template)
    waits = {name: each["condition"] for name, each in found["web"].get("depends_on", {}).items()}
    expected = {
        name: "service_completed_successfully" if name == "migrate" else "service_healthy"
        for name in found.keys() - {"web"}
    }
    assert waits == expected
    for name, condition in waits.items():
        assert condition != "service_healthy" or found[name]["healthcheck"]["test"]
        assert name == "migrate" or found[name]["volumes"], "what it holds outlives it"


@each_template
def test_secrets_come_from_the_environment(template: str) -> None:
    content = text("compose.yaml", template, "compose")
    asked = set(re.findall(r"\$\{(\w+):\?", content))
    expected = {"COOKIE_SECRET"} if template in with_secret else set()
    assert asked == expected | ({"POSTGRES_PASSWORD"} if template in with_store else set())
    assert set(re.findall(r"\$\{(\w+)", content)) - asked == {"PORT"}, "the others have defaults"


@each_template
def test_it_has_the_time_to_end(template: str) -> None:
    grace = services(template)["web"]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > ServeConfig().drain_timeout


@each_template
def test_forwarded_headers_are_believed_behind_nginx_alone(template: str) -> None:
    def believes(*features: str) -> object:
        return services(template, *features)["web"].get("environment", {}).get("TORNKIT_XHEADERS")

    assert believes("compose") is None
    assert believes("compose", "nginx") == "true"
    for features in (("compose",), ("compose", "nginx")):
        ports = services(template, *features)["web"]["ports"]
        assert ports == ["127.0.0.1:${PORT:-8888}:8888"], "no client reaches it past the proxy"


@pytest.mark.parametrize("template", with_store)
def test_migrations_run_with_what_serves(template: str) -> None:
    found = services(template)
    for key in ("image", "build", "environment", "read_only"):
        assert found["migrate"][key] == found["web"][key]
    assert found["web"]["environment"]["DATABASE_URL"].startswith("postgresql://")
